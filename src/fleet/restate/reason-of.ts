/** Returns why `fetch` has failed: the message of its cause, such as `connect ECONNREFUSED 127.0.0.1:8080`. */
export function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  return cause instanceof Error ? cause.message : String(cause);
}

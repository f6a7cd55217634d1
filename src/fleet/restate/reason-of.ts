import { errnoOf } from '../../host/machine/errno.ts';

/** Returns why a request could not be sent: the message of the system, such as `connect ECONNREFUSED 127.0.0.1:8080`. */
export function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  // An AggregateError, of all addresses of a name, has no message.
  return (cause instanceof Error && cause.message) || errnoOf(cause) || String(cause);
}

/** The system's name of an error (`ENOENT`, `EPERM`, ...) that Node raised, or undefined where it has none. */
export function errnoOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

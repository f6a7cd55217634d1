/** So many objects are kept in mind that nobody has asked about. */
const KEPT = 1_000;

const executedCommands = new Map<string, readonly string[]>();

/** Notes by which commands a network or a container was made or removed, for the evidence. @param inside which container's network they were for */
export function recordCommands(id: string, commands: readonly string[], inside?: string): void {
  const where = inside === undefined ? '' : `   # inside ${inside}`;
  executedCommands.set(id, [
    ...(executedCommands.get(id) ?? []),
    ...commands.map((command) => `$ ip ${command}${where}`),
  ]);
  const [oldest] = executedCommands.keys();
  if (executedCommands.size > KEPT && oldest !== undefined) executedCommands.delete(oldest);
}

/** Returns the commands recorded for it since the last call. */
export function takeRecordedCommands(id: string): readonly string[] {
  const found = executedCommands.get(id) ?? [];
  executedCommands.delete(id);
  return found;
}

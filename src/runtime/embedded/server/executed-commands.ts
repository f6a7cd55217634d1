/** Limit of objects whose commands were never requested. */
const KEPT = 1_000;

const executedCommands = new Map<string, readonly string[]>();

/** Records the commands that created or removed an object, for the evidence. @param inside the container in whose network they ran */
export function recordCommands(id: string, commands: readonly string[], inside?: string): void {
  const where = inside === undefined ? '' : `   # inside ${inside}`;
  executedCommands.set(id, [
    ...(executedCommands.get(id) ?? []),
    ...commands.map((command) => `$ ip ${command}${where}`),
  ]);
  const [oldest] = executedCommands.keys();
  if (executedCommands.size > KEPT && oldest !== undefined) executedCommands.delete(oldest);
}

/** Returns the commands recorded for an object since the last call. */
export function takeRecordedCommands(id: string): readonly string[] {
  const found = executedCommands.get(id) ?? [];
  executedCommands.delete(id);
  return found;
}

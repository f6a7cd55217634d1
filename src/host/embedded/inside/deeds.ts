/** So many objects are kept in mind that nobody has asked about. */
const KEPT = 1_000;

const deeds = new Map<string, readonly string[]>();

/** Notes by which commands a network or a container was made or removed, for the evidence. @param inside which container's network they were for */
export function noteDeeds(id: string, commands: readonly string[], inside?: string): void {
  const where = inside === undefined ? '' : `   # inside ${inside}`;
  deeds.set(id, [...(deeds.get(id) ?? []), ...commands.map((command) => `$ ip ${command}${where}`)]);
  const [oldest] = deeds.keys();
  if (deeds.size > KEPT && oldest !== undefined) deeds.delete(oldest);
}

/** What was noted of it since it was last asked for. */
export function takeDeeds(id: string): readonly string[] {
  const found = deeds.get(id) ?? [];
  deeds.delete(id);
  return found;
}

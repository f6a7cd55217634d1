import { type UntrustedPart, untrustedPart } from './trusted-path.ts';

const ONLY_ROOT: ReadonlySet<number> = new Set([0]);

/**
 * Returns the first of these files that another user than root can write, that of sudo included: a service of the system outlives his
 * sudo. Undefined if there is none.
 */
export function writableByOthers(files: readonly string[]): UntrustedPart | undefined {
  for (const file of files) {
    const found = untrustedPart(file, ONLY_ROOT);
    if (found !== undefined) return found;
  }
  return undefined;
}

import type { z } from 'zod';
import type { ownerSchema } from './identity-schemas.ts';

/** A process, told apart from a later one with the same pid, and from one before the last boot. */
export type Owner = Readonly<z.output<ReturnType<typeof ownerSchema>>>;

/** Whether both are the same process. */
export function sameOwner(a: Owner, b: Owner): boolean {
  return a.pid === b.pid && a.startTime === b.startTime && a.bootId === b.bootId;
}

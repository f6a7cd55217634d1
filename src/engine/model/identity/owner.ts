import type { z } from 'zod';
import type { ownerSchema } from './identity-schemas.ts';

/** The identity of a process, which no later process shares. */
export type Owner = Readonly<z.output<ReturnType<typeof ownerSchema>>>;

/** Whether both are the same process. */
export function sameOwner(a: Owner, b: Owner): boolean {
  return a.pid === b.pid && a.startTime === b.startTime && a.bootId === b.bootId;
}

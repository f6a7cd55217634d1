import { z } from 'zod';
import { later } from './later.ts';

/** The schema of a process, which tells it from a later one with the same pid, and from one before the last boot. */
export const ownerSchema = later(() =>
  z.strictObject({
    pid: z.number(),
    /** Clock ticks after boot, as in /proc/PID/stat. */
    startTime: z.string(),
    bootId: z.string(),
    /** The identity of the PID namespace in which it has this pid; absent if that is wf's own. */
    pidNamespace: z.string().exactOptional(),
  }),
);

export type Owner = Readonly<z.output<ReturnType<typeof ownerSchema>>>;

/** Whether both are the same process. */
export function sameOwner(a: Owner, b: Owner): boolean {
  return a.pid === b.pid && a.startTime === b.startTime && a.bootId === b.bootId;
}

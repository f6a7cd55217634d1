/** A process, told apart from a later one with the same pid, and from one before the last boot. */
export interface Owner {
  readonly pid: number;
  /** Clock ticks after boot, as /proc/PID/stat says it. */
  readonly startTime: string;
  readonly bootId: string;
  /** The identity of the PID namespace in which it has this pid; absent where that is wf's own. */
  readonly pidNamespace?: string;
}

/** Whether two name the same process. */
export function sameOwner(a: Owner, b: Owner): boolean {
  return a.pid === b.pid && a.startTime === b.startTime && a.bootId === b.bootId;
}

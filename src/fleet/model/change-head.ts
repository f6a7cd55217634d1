import { type FleetHead, hasOpen, isFailure, type Part } from './fleet-run.ts';

/** Returns the head with the counts after these changes of parts. */
export function withChanged(
  head: FleetHead,
  changes: readonly { readonly before: Part; readonly after: Part }[],
): FleetHead {
  const counts = { ...head.counts };
  let { failures } = head;
  for (const { before, after } of changes) {
    counts[before.status] -= 1;
    counts[after.status] += 1;
    failures += Number(isFailure(after)) - Number(isFailure(before));
  }
  return { ...head, counts, failures };
}

/** Ends a fleet run that has no part under way and none planned. */
export function endIfOver(head: FleetHead, at: number): FleetHead {
  const isOver = head.phase !== 'ended' && !hasOpen(head) && head.counts.planned === 0;
  return isOver ? { ...head, phase: 'ended', finishedAt: at } : head;
}

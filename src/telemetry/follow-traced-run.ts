import { sameOwner } from '../engine/model/identity/owner.ts';
import type { RunHeader } from '../engine/model/journal-event.ts';
import type { FollowedRun, RunFollower } from '../engine/run/engine.ts';
import { isCleanStop, withoutRequests } from '../review/timeline/idle-time.ts';
import { createRunSpans } from './run-spans.ts';
import type { RunSpan } from './span.ts';
import { spanIdsOf } from './span-ids.ts';
import type { SpanSender } from './span-sender.ts';

/**
 * Sends the spans of a run as they end. If the previous process was killed, it is unknown which of its spans arrived: sends all of them
 * again, with the same ids. Returns undefined if the sampler drops the trace.
 */
export function followTracedRun(
  { entries, lostBy }: FollowedRun,
  header: RunHeader,
  sender: Pick<SpanSender, 'ofRun'>,
): RunFollower | undefined {
  const ids = spanIdsOf(header);
  const send = sender.ofRun(header, ids);
  if (send === undefined) return undefined;
  const spans = createRunSpans(header, ids);
  const before = withoutRequests(entries);
  const unsent: RunSpan[] = [];
  for (const [index, entry] of before.entries()) {
    const ended = spans.follow(entry);
    const previous = before[index - 1];
    const isSent = entry.event.type === 'lease.taken' && previous !== undefined && isCleanStop(previous);
    if (isSent) unsent.length = 0;
    else unsent.push(...ended);
  }
  const last = before.findLast(({ event }) => event.type === 'lease.taken')?.event;
  // Another process may have advanced the run since this one read the owner of its lease.
  const isLost = lostBy !== null && last?.type === 'lease.taken' && sameOwner(last.owner, lostBy);
  if (isLost) send(unsent);
  return {
    committed(entry) {
      const ended = spans.follow(entry);
      // A process that released the run has sent its last spans itself.
      if (entry.event.type !== 'lease.taken' || isLost) send(ended);
    },
    released: () => send(spans.release()),
  };
}

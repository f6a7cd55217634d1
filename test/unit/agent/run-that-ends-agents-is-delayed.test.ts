import { expect, test } from 'vitest';
import { earliestTakeover } from '../../../src/agent/crash-loop.ts';
import type { JournalEvent } from '../../../src/engine/model/journal-event.ts';
import { AT, decidedToStart, INTERRUPTED, OWNER } from '../../fixtures/history/samples.ts';

const taken: JournalEvent = { type: 'lease.taken', purpose: 'resume', owner: OWNER, pauseAfter: null, by: 'agent' };
const byPerson: JournalEvent = { type: 'lease.taken', purpose: 'resume', owner: OWNER, pauseAfter: null };

/** Returns the delay after the last takeover, in seconds. */
function delayAfter(...events: readonly JournalEvent[]): number {
  const entries = events.map((event, index) => ({ seq: index + 1, at: AT + index, event }));
  return Math.max(0, earliestTakeover(entries) - (AT + events.length - 1)) / 1000;
}

test('a run is taken over at once, unless it has ended three agents in a row without any progress', () => {
  expect(delayAfter()).toBe(0);
  expect(delayAfter(decidedToStart('a'), taken, taken)).toBe(0);
  expect(delayAfter(decidedToStart('a'), taken, taken, taken)).toBe(2);
  expect(delayAfter(decidedToStart('a'), taken, taken, taken, taken, taken)).toBe(8);
  expect(delayAfter(...Array.from({ length: 40 }, () => taken))).toBe(300);
});

test('progress, a stop signal and a takeover by a person count', () => {
  expect(delayAfter(taken, taken, taken, decidedToStart('a'))).toBe(0);
  expect(delayAfter(taken, taken, taken, decidedToStart('a'), taken)).toBe(0);
  expect(delayAfter(taken, taken, INTERRUPTED, taken)).toBe(0);
  expect(delayAfter(taken, taken, byPerson)).toBe(0);
});

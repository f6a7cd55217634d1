import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CHANGE_STATUSES, type Difference } from '../../src/engine/change.ts';
import { asStepId, type RunId } from '../../src/engine/ids.ts';
import type { JournalEntry, JournalEvent } from '../../src/engine/journal-event.ts';
import { toJson } from '../../src/engine/json.ts';
import type { HistoryPort } from '../../src/engine/ports/history.ts';
import { type Projection, rebuildProjection } from '../../src/history/rebuild-projection.ts';
import { AT, DEFINITION, decidedToStart, headerOf, intended, OWNER } from '../fixtures/history/samples.ts';
import { errorOf, openForTest } from '../fixtures/history/temporary.ts';

// Few names, so that events meet.
const step = fc.constantFrom('a', 'b', 'b#2').map(asStepId);
const seq = fc.integer({ min: 1, max: 3 });
const attempt = fc.integer({ min: 1, max: 3 });
const error = fc.constant({ code: 'E_DOCKER', message: 'no answer', hint: 'try again' } as const);
const output = fc.jsonValue().map(toJson);
const reason = fc.option(fc.string());
const noDifferences = fc.constant<Difference[]>([]);
const fingerprint = fc.constant('f'.repeat(64));

const event: fc.Arbitrary<JournalEvent> = fc.oneof(
  { arbitrary: fc.array(step, { maxLength: 2 }).map((steps) => decidedToStart(...steps)), weight: 3 },
  fc.record({ type: fc.constant('step.attempted'), step, attempt }),
  fc.record({ type: fc.constant('step.succeeded'), step, attempt, output }),
  fc.record({ type: fc.constant('step.retrying'), step, attempt, error, retryAt: fc.constant(AT) }),
  fc.record({ type: fc.constant('step.failed'), step, attempt, error }),
  fc.record({ type: fc.constant('step.stopped'), step, attempt }),
  fc.record({ type: fc.constant('baseline.taken'), fingerprint }),
  { arbitrary: fc.tuple(seq, step, fc.string()).map(([n, of, target]) => intended(n, of, target)), weight: 3 },
  fc.record({
    type: fc.constant('change.applied'),
    seq,
    record: output,
    target: fc.string(),
    undo: fc.array(fc.string(), { maxLength: 2 }),
  }),
  fc.record({ type: fc.constant('change.reverting'), seq }),
  fc.record({
    type: fc.constant('change.settled'),
    seq,
    status: fc.constantFrom(...CHANGE_STATUSES.filter((status) => status !== 'intended' && status !== 'applied')),
    reason,
  }),
  fc.record({
    type: fc.constant('verified'),
    fingerprint: fc.option(fingerprint),
    verification: fc.record({ restored: fc.boolean(), residues: noDifferences, drift: noDifferences }),
  }),
  fc.constant({ type: 'waiting' }),
  fc.constant({ type: 'interrupted', signal: 'SIGTERM' }),
  fc.constant({ type: 'rolling-back' }),
);
const batch = fc.oneof(
  { arbitrary: event.map((one) => [one]), weight: 3 },
  { arbitrary: fc.array(event, { maxLength: 3 }), weight: 1 },
);
const end: fc.Arbitrary<JournalEvent> = fc.oneof(
  fc.record({ type: fc.constant('ended'), status: fc.constant('succeeded'), output }),
  fc.record({
    type: fc.constant('ended'),
    status: fc.constantFrom('failed', 'rolled-back', 'needs-attention'),
    output: fc.constant(null),
    error,
  }),
);

function stored(history: HistoryPort, id: RunId): Projection | undefined {
  const run = history.run(id);
  if (run === undefined) return undefined;
  const { status, startedAt, finishedAt, output: result, error: failure, standingChanges } = run;
  return {
    run: { status, startedAt, finishedAt, output: result, error: failure, standingChanges },
    steps: history.steps(id),
    changes: history.changes(id),
  };
}

test('the tables are what the journal replays to, and an event that does not follow is refused', () => {
  const { history } = openForTest();
  let runs = 0;
  let refusals = 0;
  fc.assert(
    fc.property(fc.array(batch, { maxLength: 40, size: 'max' }), end, (batches, last) => {
      runs += 1;
      const header = headerOf(`run${runs}`);
      const lease = history.create(header, DEFINITION, OWNER, [`network ${runs}`], AT);
      let journal: readonly JournalEntry[] = [];
      [...batches, [last]].forEach((events, turn) => {
        const at = AT + turn;
        const next = [
          ...journal,
          ...events.map((each, index) => ({ seq: journal.length + index + 1, at, event: each })),
        ];
        if (rebuildProjection(next) === undefined) {
          refusals += 1;
          expect(errorOf(() => history.append(lease, { events }, at)).code).toBe('E_INTERNAL');
          return;
        }
        expect(history.append(lease, { events }, at)).toEqual(next.slice(journal.length));
        journal = next;
        expect(stored(history, header.id)).toEqual(rebuildProjection(journal));
      });
      expect(history.journal(header.id)).toEqual(journal);
      expect(history.run(header.id)?.owner).toBeNull();
    }),
    { numRuns: 100 },
  );
  expect(refusals).toBeGreaterThan(100);
});

test('the life of a run as its row tells it', () => {
  const { history } = openForTest();
  const lease = history.create(headerOf('life'), DEFINITION, OWNER, [], AT);
  const a = asStepId('a');
  const after = (at: number, ...events: readonly JournalEvent[]) => {
    history.append(lease, { events }, AT + at);
    return history.run(lease.run);
  };
  expect(history.run(lease.run)).toMatchObject({ status: 'running', startedAt: null });
  expect(after(1, decidedToStart('a'))).toMatchObject({ status: 'running', startedAt: AT + 1 });
  expect(after(2, { type: 'waiting' })).toMatchObject({ status: 'waiting', startedAt: AT + 1 });
  expect(after(3, { type: 'step.attempted', step: a, attempt: 2 })).toMatchObject({ status: 'running' });
  expect(after(4, { type: 'waiting' }, decidedToStart())).toMatchObject({ status: 'running', startedAt: AT + 1 });
  expect(after(5, { type: 'rolling-back' })).toMatchObject({ status: 'rolling-back', finishedAt: null });
  expect(after(6, { type: 'step.stopped', step: a, attempt: 2 })).toMatchObject({ status: 'rolling-back' });
  expect(history.steps(lease.run)).toMatchObject([
    { status: 'stopped', attempts: 2, startedAt: AT + 1, finishedAt: AT + 6 },
  ]);
  const failure = { code: 'E_DOCKER', message: 'no answer', hint: 'try again' } as const;
  expect(after(7, { type: 'ended', status: 'rolled-back', output: null, error: failure })).toMatchObject({
    status: 'rolled-back',
    finishedAt: AT + 7,
    error: failure,
    owner: null,
  });
});

test('a completed step never runs again: an attempt at it is refused before anything is done', () => {
  const { history } = openForTest();
  const lease = history.create(headerOf('once'), DEFINITION, OWNER, [], AT);
  const a = asStepId('a');
  history.append(
    lease,
    { events: [decidedToStart('a'), { type: 'step.succeeded', step: a, attempt: 1, output: 1 }] },
    AT,
  );
  const again = () => history.append(lease, { events: [{ type: 'step.attempted', step: a, attempt: 2 }] }, AT);
  expect(errorOf(again)).toMatchObject({ code: 'E_INTERNAL', message: expect.stringContaining('step a') });
  expect(history.steps(lease.run)).toMatchObject([{ status: 'succeeded', attempts: 1, output: 1 }]);
});

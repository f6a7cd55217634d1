import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CHANGE_STATUSES, type Difference } from '../../../src/engine/model/change.ts';
import { asDefinitionHash, asStepId, type RunId } from '../../../src/engine/model/ids.ts';
import type { JournalEntry, JournalEvent } from '../../../src/engine/model/journal-event.ts';
import { toJson } from '../../../src/engine/model/json.ts';
import type { Demand } from '../../../src/engine/model/request.ts';
import type { HistoryPort } from '../../../src/engine/ports/history.ts';
import { type Projection, rebuildProjection } from '../../fixtures/history/rebuild-projection.ts';
import {
  AT,
  DEFINITION,
  decidedToStart,
  HASH,
  headerOf,
  INTERRUPTED,
  intended,
  leaseTaken,
  OWNER,
  PAUSED,
  ROLLING_BACK,
} from '../../fixtures/history/samples.ts';
import { errorOf, openForTest } from '../../fixtures/history/temporary.ts';

// Few names, so that events concern the same rows.
const step = fc.constantFrom('a', 'b', 'b#2').map(asStepId);
const seq = fc.integer({ min: 1, max: 3 });
const attempt = fc.integer({ min: 1, max: 3 });
const error = fc.constant({ code: 'E_DOCKER', message: 'no answer', hint: 'try again' } as const);
const output = fc.jsonValue().map(toJson);
const reason = fc.option(fc.string());
const noDifferences = fc.constant<Difference[]>([]);
const fingerprint = fc.constant('f'.repeat(64));

const requester = fc.constant({ user: 'ann', sudoUser: null, host: 'here' });
const demand = fc.constantFrom<Demand>(
  { kind: 'send', event: { type: 'GO', data: [1] } },
  { kind: 'pause' },
  { kind: 'cancel', keep: true },
);
const answer = fc.oneof(fc.constant({ type: 'handled' } as const), fc.record({ type: fc.constant('refused'), error }));

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
    verification: fc.record({
      restored: fc.boolean(),
      residues: noDifferences,
      unexplained: noDifferences,
      drift: noDifferences,
      notCompared: fc.array(fc.record({ subject: fc.string(), reason: fc.string() }), { maxLength: 1 }),
    }),
  }),
  fc.constant({ type: 'waiting', events: [] }),
  fc.record({ type: fc.constant('requested'), by: requester, demand, comment: fc.option(fc.string()) }),
  fc.record({ type: fc.constant('answered'), request: fc.integer({ min: 1, max: 12 }), outcome: answer }),
  { arbitrary: fc.constantFrom('start', 'resume', 'rollback').map((purpose) => leaseTaken(purpose)), weight: 2 },
  fc.record({
    type: fc.constant('definition.accepted'),
    definitionHash: fc.constantFrom('a', 'b').map((letter) => asDefinitionHash(letter.repeat(64))),
  }),
  fc.record({ type: fc.constant('rolling-back'), error, kept: fc.array(seq, { maxLength: 2 }) }),
);
/** Events that give up the lease. */
const stop: fc.Arbitrary<JournalEvent> = fc.constantFrom(PAUSED, INTERRUPTED);
const batch = fc.oneof(
  { arbitrary: event.map((one) => [one]), weight: 3 },
  { arbitrary: fc.array(event, { maxLength: 3 }), weight: 1 },
  {
    arbitrary: fc.tuple(fc.array(event, { maxLength: 2 }), stop).map(([events, last]) => [...events, last]),
    weight: 1,
  },
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

/** Returns the stored rows. A run that accepted its own definition again looks like one that accepted none. */
function asStored(projection: Projection | undefined): Projection | undefined {
  if (projection === undefined || projection.acceptedDefinition !== HASH) return projection;
  return { ...projection, acceptedDefinition: null };
}

function stored(history: HistoryPort, id: RunId): Projection | undefined {
  const run = history.run(id);
  if (run === undefined) return undefined;
  const { status, startedAt, finishedAt, output: result, error: failure, changesInPlace } = run;
  return {
    run: { status, startedAt, finishedAt, output: result, error: failure, changesInPlace },
    acceptedDefinition: run.definitionHash === HASH ? null : run.definitionHash,
    steps: history.steps(id),
    changes: history.changes(id),
    openRequests: history.openRequests().flatMap((open) => (open.run === id ? [open.number] : [])),
  };
}

test('the tables equal the projection of the journal, and an event that does not follow is refused', () => {
  const { history } = openForTest();
  const other = asDefinitionHash('b'.repeat(64));
  history.putDefinition(other, DEFINITION, AT);
  let runs = 0;
  let refusals = 0;
  fc.assert(
    fc.property(
      fc.array(batch, { maxLength: 40, size: 'max' }),
      fc.array(end, { minLength: 1, maxLength: 2 }),
      (batches, ends) => {
        runs += 1;
        const header = headerOf(`run${runs}`);
        let lease = history.create(header, DEFINITION, OWNER, [`network ${runs}`], AT);
        let journal: readonly JournalEntry[] = [];
        [...batches, ...ends.map((last) => [last])].forEach((events, turn) => {
          const at = AT + turn;
          // Another owner follows one that gave up the lease.
          if (!history.holds(lease)) lease = history.takeOver(header.id, OWNER, () => false);
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
          expect(stored(history, header.id)).toEqual(asStored(rebuildProjection(journal)));
        });
        expect(history.journal(header.id)).toEqual(journal);
        expect(history.run(header.id)?.owner).toBeNull();
      },
    ),
    { numRuns: 100 },
  );
  expect(refusals).toBeGreaterThan(100);
});

test('the row of a run from start to end', () => {
  const { history } = openForTest();
  const lease = history.create(headerOf('life'), DEFINITION, OWNER, [], AT);
  const a = asStepId('a');
  const after = (at: number, ...events: readonly JournalEvent[]) => {
    history.append(lease, { events }, AT + at);
    return history.run(lease.run);
  };
  expect(history.run(lease.run)).toMatchObject({ status: 'running', startedAt: null });
  expect(after(1, decidedToStart('a'))).toMatchObject({ status: 'running', startedAt: AT + 1 });
  expect(after(2, { type: 'waiting', events: [] })).toMatchObject({ status: 'waiting', startedAt: AT + 1 });
  expect(after(3, { type: 'step.attempted', step: a, attempt: 2 })).toMatchObject({ status: 'running' });
  expect(after(4, { type: 'waiting', events: [] }, decidedToStart())).toMatchObject({
    status: 'running',
    startedAt: AT + 1,
  });
  expect(after(5, ROLLING_BACK)).toMatchObject({
    status: 'rolling-back',
    finishedAt: null,
  });
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

const FAILURE = { code: 'E_DOCKER', message: 'no answer', hint: 'try again' } as const;

/** Returns a function that appends as a new owner, and returns the run. */
function appender(history: HistoryPort, id: string) {
  let lease = history.create(headerOf(id), DEFINITION, OWNER, ['network devops'], AT);
  return (at: number, ...events: readonly JournalEvent[]) => {
    if (!history.holds(lease)) lease = history.takeOver(lease.run, OWNER, () => false);
    history.append(lease, { events }, AT + at);
    return history.run(lease.run);
  };
}

test('a paused run stays paused until it is resumed; a step that was not begun begins then', () => {
  const { history } = openForTest();
  const after = appender(history, 'paused');
  expect(after(1, leaseTaken('start'), decidedToStart('a'), PAUSED)).toMatchObject({ status: 'paused', owner: null });
  expect(after(900, leaseTaken('resume'))).toMatchObject({ status: 'running', owner: OWNER, fence: 2 });
  after(901, { type: 'step.attempted', step: asStepId('a'), attempt: 1 });
  expect(history.steps(headerOf('paused').id)).toMatchObject([{ attempts: 1, startedAt: AT + 901 }]);
  after(950, { type: 'step.attempted', step: asStepId('a'), attempt: 2 });
  expect(history.steps(headerOf('paused').id)).toMatchObject([{ attempts: 2, startedAt: AT + 901 }]);
});

test('an interruption ends waiting', () => {
  const { history } = openForTest();
  const after = appender(history, 'waited');
  expect(after(1, decidedToStart(), { type: 'waiting', events: [] })).toMatchObject({ status: 'waiting' });
  expect(after(2, INTERRUPTED)).toMatchObject({ status: 'running', owner: null });
});

test('an interrupted rollback continues with the error that it began with', () => {
  const { history } = openForTest();
  const after = appender(history, 'back');
  after(1, decidedToStart('a'), intended(1, 'a'));
  const begun = { status: 'rolling-back', error: FAILURE, finishedAt: null };
  expect(after(2, { type: 'rolling-back', error: FAILURE, kept: [] })).toMatchObject(begun);
  expect(after(3, INTERRUPTED)).toMatchObject({ ...begun, owner: null });
  expect(after(9, leaseTaken('resume'))).toMatchObject({ ...begun, owner: OWNER });
  expect(after(10, ROLLING_BACK)).toMatchObject(begun);
});

test('a rollback after the end revokes it: the last end counts', () => {
  const { history } = openForTest();
  const after = appender(history, 'again');
  after(1, decidedToStart('a'), intended(1, 'a'));
  after(2, { type: 'change.settled', seq: 1, status: 'kept', reason: 'by design' });
  const output = { proofs: 3 };
  expect(after(3, { type: 'ended', status: 'succeeded', output })).toMatchObject({ finishedAt: AT + 3, output });
  expect(after(100, leaseTaken('rollback'))).toMatchObject({ status: 'succeeded', finishedAt: AT + 3 });
  expect(after(101, { type: 'rolling-back', error: FAILURE, kept: [1] })).toMatchObject({
    status: 'rolling-back',
    finishedAt: null,
    error: FAILURE,
  });
  after(102, { type: 'change.settled', seq: 1, status: 'reverted', reason: null });
  expect(after(103, { type: 'ended', status: 'rolled-back', output: null, error: FAILURE })).toMatchObject({
    status: 'rolled-back',
    finishedAt: AT + 103,
    output: null,
    owner: null,
    startedAt: AT + 1,
  });
});

test('a definition is accepted only if it is stored', () => {
  const { history } = openForTest();
  const after = appender(history, 'accepted');
  const definitionHash = asDefinitionHash('c'.repeat(64));
  const accepted: JournalEvent = { type: 'definition.accepted', definitionHash };
  expect(errorOf(() => after(1, accepted)).code).toBe('E_INTERNAL');
  history.putDefinition(definitionHash, { name: 'lab', version: '2' }, AT);
  expect(after(2, accepted)).toMatchObject({ definitionHash });
  expect(history.definition(definitionHash)).toEqual({ name: 'lab', version: '2' });
});

test('a completed step never runs again: an attempt at it is refused', () => {
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

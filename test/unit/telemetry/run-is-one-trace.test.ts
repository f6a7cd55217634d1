import { expect, test } from 'vitest';
import type { Owner } from '../../../src/engine/model/identity/owner.ts';
import type { JournalEntry, JournalEvent, RunHeader } from '../../../src/engine/model/journal-event.ts';
import { followTracedRun } from '../../../src/telemetry/follow-traced-run.ts';
import { createRunSpans } from '../../../src/telemetry/run-spans.ts';
import type { RunSpan } from '../../../src/telemetry/span.ts';
import { spanIdsOf } from '../../../src/telemetry/span-ids.ts';
import { openForTest } from '../../fixtures/history/temporary.ts';
import {
  attempted,
  BEGIN,
  decided,
  FAILURE,
  failed,
  headerOf,
  INTERRUPTED,
  intended,
  leaseTaken,
  OWNER,
  recordResumed,
  runId,
  settled,
  succeeded,
} from '../../fixtures/review/lab-run.ts';
import { RECORDED } from '../../fixtures/review/recorded-lab-run.ts';

const HEADER = headerOf('r1');

/** A journal of these events, the first of each pair in milliseconds after the beginning. */
function journalOf(...groups: readonly (readonly [number, ...JournalEvent[]])[]): readonly JournalEntry[] {
  return groups
    .flatMap(([ms, ...events]) => events.map((event) => ({ at: BEGIN + ms, event })))
    .map((entry, index) => ({ ...entry, seq: index + 1 }));
}

function spansOf(journal: readonly JournalEntry[], header: RunHeader = HEADER): readonly RunSpan[] {
  const spans = createRunSpans(header, spanIdsOf(header));
  return [...journal.flatMap((entry) => spans.follow(entry)), ...spans.release()];
}

const recorded: readonly JournalEntry[] = RECORDED.journal.map((entry, index) => ({ ...entry, seq: index + 1 }));

const ended: JournalEvent = { type: 'ended', status: 'succeeded', output: null };
const byName = (spans: readonly RunSpan[], name: string) => spans.filter((span) => span.name === name);
const byId = (spans: readonly RunSpan[]) => new Map(spans.map((span) => [span.id, span]));

test('a run of the lab is a tree with one root, which ends with it, and spans for each of its steps and attempts', () => {
  const spans = spansOf(recorded, RECORDED.header);
  const ids = new Set(spans.map(({ id }) => id));
  expect(ids.size).toBe(spans.length);
  expect(spans.filter(({ parent }) => parent === null)).toEqual([spans.at(-1)]);
  for (const { parent, links, startedAt, endedAt } of spans) {
    expect([parent ?? spans.at(-1)?.id, ...links].filter((id) => id === undefined || !ids.has(id))).toEqual([]);
    expect(endedAt).toBeGreaterThanOrEqual(startedAt);
  }
  const starts = recorded.flatMap(({ event }) =>
    event.type === 'decided' ? event.effects.filter(({ type }) => type === 'start-step') : [],
  );
  expect(starts.length).toBeGreaterThan(20);
  expect(spans.filter(({ attributes }) => 'cicd.pipeline.task.run.id' in attributes)).toHaveLength(starts.length);
  expect(byName(spans, 'attempt').length).toBeGreaterThanOrEqual(starts.length);
  const changes = recorded.filter(({ event }) => event.type === 'change.intended');
  expect(spans.at(-1)).toMatchObject({
    name: 'RUN lab-network',
    kind: 'server',
    startedAt: RECORDED.header.createdAt,
    endedAt: recorded.at(-1)?.at,
    attributes: { 'cicd.pipeline.result': 'success', 'wf.run.status': 'succeeded', 'wf.host.restored': true },
    error: null,
  });
  expect(spans.at(-1)?.events).toHaveLength(changes.length);
  // The input and output of a step stay out of traces: they may be large, and contain data of a customer.
  expect(Object.keys(Object.assign({}, ...spans.map(({ attributes }) => attributes)))).not.toContain('input');
});

test('the ids of a trace come from its run alone', () => {
  const ids = spanIdsOf(HEADER);
  expect(ids.trace).toMatch(/^[0-9a-f]{32}$/);
  expect(ids.root).toMatch(/^[0-9a-f]{16}$/);
  expect(spansOf(recorded, RECORDED.header)).toEqual(spansOf(recorded, RECORDED.header));
  const again = spanIdsOf({ ...HEADER, createdAt: HEADER.createdAt + 1 });
  expect(again.trace).not.toBe(ids.trace);
  expect(again.root).not.toBe(ids.root);
});

function resumed(): readonly JournalEntry[] {
  const { history } = openForTest();
  recordResumed(history, 'r1');
  return history.journal(runId('r1'));
}

test('each process has a turn; one that was killed ends with its last entry, and its step continues in the next', () => {
  const spans = spansOf(resumed());
  const [first, second, third] = ['turn start', 'turn resume'].flatMap((name) => byName(spans, name));
  expect([first, second, third].map((turn) => turn?.attributes['wf.run.status'])).toEqual([
    'paused',
    'interrupted',
    'succeeded',
  ]);
  expect(first).toMatchObject({ startedAt: BEGIN, endedAt: BEGIN + 100, error: null, links: [], pid: 4711 });
  expect(second).toMatchObject({
    startedAt: BEGIN + 60_100,
    endedAt: BEGIN + 60_200,
    error: { type: 'E_INTERRUPTED' },
    links: [first?.id],
    pid: 4712,
  });
  expect(third).toMatchObject({ links: [second?.id], error: null, pid: 4713 });
  const [step] = byName(spans, 'pingControl');
  expect(step).toMatchObject({
    startedAt: BEGIN + 60_200,
    endedAt: BEGIN + 242_300,
    attributes: { 'cicd.pipeline.task.run.result': 'success', 'wf.step.attempts': 2, 'error.type': undefined },
    links: [second?.id, third?.id],
  });
  const attempts = byName(spans, 'attempt').filter(({ parent }) => parent === step?.id);
  expect(attempts).toMatchObject([
    { attributes: { 'wf.attempt.outcome': 'interrupted' }, endedAt: BEGIN + 60_200, links: [second?.id], pid: 4712 },
    { attributes: { 'wf.attempt.outcome': 'succeeded' }, links: [third?.id], pid: 4713 },
  ]);
});

/** The spans that the process of the last turn sends, and at its end. @param lostBy the previous owner of the lease */
function sentByLast(journal: readonly JournalEntry[], lostBy: Owner | null): readonly RunSpan[] {
  const from = journal.findLastIndex(({ event }) => event.type === 'lease.taken');
  const sent: RunSpan[] = [];
  const ofRun = () => (spans: readonly RunSpan[]) => void sent.push(...spans);
  const follower = followTracedRun({ run: HEADER.id, entries: journal.slice(0, from), lostBy }, HEADER, { ofRun });
  for (const entry of journal.slice(from)) follower?.committed(entry);
  follower?.released();
  return sent;
}

test('a process that takes over a killed one sends all spans that may not have arrived, unchanged', () => {
  const journal = resumed();
  const all = byId(spansOf(journal));
  const sent = sentByLast(journal, { ...OWNER, pid: 4712 });
  // The first turn paused, and has sent its own spans.
  const ofFirst = spansOf(journal.slice(0, 5));
  expect(byName(ofFirst, 'turn start')).toHaveLength(1);
  expect(sent.length).toBe(all.size - ofFirst.length);
  for (const span of sent) expect(span).toEqual(all.get(span.id));
});

test('a process that takes over a released run sends nothing of the others', () => {
  const journal = resumed();
  expect(sentByLast(journal, null).every(({ pid }) => pid === 4713)).toBe(true);
  // It read that a third process owned the lease, before another one took the run over.
  expect(sentByLast(journal, { ...OWNER, pid: 4711 }).every(({ pid }) => pid === 4713)).toBe(true);
});

test('a process that is killed before it takes one step loses no span of the process before', () => {
  const killed = journalOf(
    [0, leaseTaken('start'), decided(['setup'], ['createNetwork'])],
    [10, leaseTaken('resume', { pid: 4712 })],
    [20, leaseTaken('resume', { pid: 4713 }), attempted('createNetwork', 2)],
    [30, succeeded('createNetwork', {}, 2), decided(['done']), ended],
  );
  const sent = sentByLast(killed, { ...OWNER, pid: 4712 });
  expect(byId(sent)).toEqual(byId(spansOf(killed)));
});

test('the turn of a process that leaves a waiting run ends when it is released, and the next continues', () => {
  const journal = journalOf(
    [0, leaseTaken('start'), decided(['setup'])],
    [5, { type: 'waiting', events: ['go'] }],
    [500, leaseTaken('resume', { pid: 4712 }), decided(['done'], [], 'go'), ended],
  );
  const sent: RunSpan[] = [];
  const ofRun = () => (spans: readonly RunSpan[]) => void sent.push(...spans);
  const follower = followTracedRun({ run: HEADER.id, entries: [], lostBy: null }, HEADER, { ofRun });
  for (const entry of journal.slice(0, 3)) follower?.committed(entry);
  expect(sent).toEqual([]);
  follower?.released();
  expect(sent).toMatchObject([{ name: 'turn start', endedAt: BEGIN + 5, attributes: { 'wf.run.status': 'waiting' } }]);
  expect(sentByLast(journal, null)).toMatchObject([{ name: 'turn resume', links: [sent[0]?.id] }, { parent: null }]);
});

test('requests of others are in no turn', () => {
  const asked: JournalEvent = {
    type: 'answered',
    request: 3,
    outcome: { type: 'refused', error: FAILURE },
  };
  const journal = journalOf(
    [0, leaseTaken('start'), decided(['setup']), INTERRUPTED],
    [900, asked],
    [1_000, leaseTaken('resume'), ended],
  );
  expect(spansOf(journal)).toMatchObject([
    { endedAt: BEGIN, attributes: { 'wf.run.status': 'interrupted', 'wf.turn.signal': 'SIGINT' }, error: null },
    { startedAt: BEGIN + 1_000 },
    { parent: null },
  ]);
});

test('a run that is rolled back after its end keeps its root; the undo is in the turn that undid', () => {
  const intent: JournalEvent = {
    type: 'change.intended',
    change: {
      ...{ seq: 1, step: createNetwork(), kind: 'docker.network', target: 'network devops', record: {}, undo: [] },
      ...{ status: 'intended', reason: null, bootId: OWNER.bootId },
    },
  };
  const end: JournalEvent = { type: 'ended', status: 'failed', output: null, error: FAILURE };
  const journal = journalOf(
    [0, leaseTaken('start'), decided(['setup'], ['createNetwork'])],
    [10, intent, failed('createNetwork'), decided(['failed'], [], 'xstate.error.actor.createNetwork'), end],
    [100, leaseTaken('rollback', { pid: 4712 }), { type: 'rolling-back', error: FAILURE, kept: [] }],
    [120, settled(1, 'reverted'), { ...end, status: 'rolled-back' }],
  );
  const spans = spansOf(journal);
  expect(spans.filter(({ parent }) => parent === null)).toMatchObject([
    {
      endedAt: BEGIN + 10,
      attributes: { 'cicd.pipeline.result': 'failure', 'wf.run.status': 'failed', 'error.type': 'E_PROBE_FAILED' },
      error: { type: 'E_PROBE_FAILED', message: FAILURE.message },
      events: [{ name: 'wf.change', attributes: { 'wf.change.seq': 1, 'wf.change.status': 'intended' } }],
    },
  ]);
  expect(spans.at(-1)).toMatchObject({
    name: 'turn rollback',
    attributes: { 'wf.run.status': 'rolled-back' },
    events: [
      { name: 'wf.rollback', attributes: { 'error.type': 'E_PROBE_FAILED' } },
      { name: 'wf.undo', at: BEGIN + 120, attributes: { 'wf.change.status': 'reverted' } },
    ],
  });
});

function createNetwork() {
  const [start] = decidedEffects();
  if (start === undefined) throw new Error('no step');
  return start.step;
}

function decidedEffects() {
  const event = decided(['setup'], ['createNetwork']);
  return event.type === 'decided' ? event.effects.filter((effect) => effect.type === 'start-step') : [];
}

test('a step that is retried after the end of its run has a span of its own', () => {
  const effects = decidedEffects();
  const end: JournalEvent = { type: 'ended', status: 'failed', output: null, error: FAILURE };
  const journal = journalOf(
    [0, leaseTaken('start'), decided(['setup'], ['createNetwork'])],
    [10, failed('createNetwork'), decided(['failed']), end],
    [
      50,
      leaseTaken('resume', { pid: 4712 }),
      { type: 'retried', voided: [4], effects, value: 'setup', stages: ['setup'] },
    ],
    [60, attempted('createNetwork', 2)],
    [70, succeeded('createNetwork', {}, 2), decided(['done']), ended],
  );
  const steps = byName(spansOf(journal), 'createNetwork');
  expect(steps).toMatchObject([
    { startedAt: BEGIN, attributes: { 'cicd.pipeline.task.run.result': 'failure' } },
    { startedAt: BEGIN + 60, attributes: { 'cicd.pipeline.task.run.result': 'success' }, pid: 4712 },
  ]);
  expect(new Set(steps.map(({ id }) => id)).size).toBe(2);
});

test.each([
  ['E_CANCELLED', 'cancellation', null],
  ['E_ROLLED_BACK', 'cancellation', null],
  ['E_NOT_CONFIRMED', 'timeout', 'E_NOT_CONFIRMED'],
  ['E_INTERNAL', 'error', 'E_INTERNAL'],
  ['E_HOST_COMMAND', 'failure', 'E_HOST_COMMAND'],
] as const)('a run that ends with %s has the result %s', (code, result, type) => {
  const end: JournalEvent = { type: 'ended', status: 'failed', output: null, error: { ...FAILURE, code } };
  const root = spansOf(journalOf([0, leaseTaken('start'), decided(['setup'])], [9, end])).at(-1);
  expect(root?.attributes['cicd.pipeline.result']).toBe(result);
  expect(root?.error?.type ?? null).toBe(type);
});

test('no span ends before it begins, although the clock was set back', () => {
  const journal = journalOf(
    [500, leaseTaken('start'), decided(['setup'], ['createNetwork'])],
    [100, succeeded('createNetwork', {}), decided(['done']), ended],
  );
  for (const { startedAt, endedAt } of spansOf(journal)) expect(endedAt).toBeGreaterThanOrEqual(startedAt);
});

test('a step and a change on a named host have its name', () => {
  const onAlpha = (event: JournalEvent): JournalEvent => {
    if (event.type === 'change.intended') return { ...event, change: { ...event.change, host: 'alpha' } };
    if (event.type !== 'decided') return event;
    return {
      ...event,
      effects: event.effects.map((one) => (one.type === 'start-step' ? { ...one, host: 'alpha' } : one)),
    };
  };
  const events = [decided(['setup'], ['devops']), intended(1, 'devops', 'network devops', [])].map(onAlpha);
  const spans = spansOf(journalOf([0, leaseTaken('start')], [1, ...events, succeeded('devops', null)], [9, ended]));
  expect(byName(spans, 'devops')).toMatchObject([{ attributes: { 'wf.step.host': 'alpha' } }]);
  expect(spans.at(-1)?.events).toMatchObject([{ name: 'wf.change', attributes: { 'wf.change.host': 'alpha' } }]);
});

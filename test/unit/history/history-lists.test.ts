import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asStepId } from '../../../src/engine/model/ids.ts';
import type { JournalEvent } from '../../../src/engine/model/journal-event.ts';
import type { StoredRun } from '../../../src/engine/ports/history.ts';
import {
  AT,
  DEFINITION,
  decidedToStart,
  ENDED,
  headerOf,
  INTERRUPTED,
  intended,
  OWNER,
  PAUSED,
  ROLLING_BACK,
  runId,
} from '../../fixtures/history/samples.ts';
import { errorOf, openForTest } from '../../fixtures/history/temporary.ts';

const newestFirst = (a: StoredRun, b: StoredRun) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1);

test('the pages of a list contain every run once, newest first, whatever the filter', () => {
  const { history } = openForTest();
  const all: StoredRun[] = [];
  fc.assert(
    fc.property(
      fc.record({
        age: fc.nat(3),
        workflow: fc.constantFrom('lab', 'vpn'),
        ends: fc.boolean(),
        pages: fc.integer({ min: 1, max: 7 }),
      }),
      ({ age, workflow, ends, pages }) => {
        const id = `r${((all.length * 7919) % 1009).toString(36)}x${all.length}`;
        const lease = history.create(headerOf(id, { workflow, createdAt: AT - age }), DEFINITION, OWNER, [], AT);
        if (ends) history.append(lease, { events: [ENDED] }, AT);
        const stored = history.run(runId(id));
        if (stored !== undefined) all.push(stored);
        for (const filter of [
          {},
          { workflow },
          { status: 'running' as const },
          { workflow, status: 'succeeded' as const },
        ]) {
          const listed: StoredRun[] = [];
          for (;;) {
            const last = listed.at(-1);
            const page = history.runs({ ...filter, limit: pages, ...(last && { before: last.id }) });
            listed.push(...page);
            if (page.length < pages) break;
          }
          const expected = all
            .filter((run) => filter.workflow === undefined || run.workflow === filter.workflow)
            .filter((run) => filter.status === undefined || run.status === filter.status);
          expect(listed).toEqual(expected.sort(newestFirst));
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('an unknown run to continue from and an invalid limit are refused', () => {
  const { history } = openForTest();
  expect(errorOf(() => history.runs({ limit: 5, before: runId('nowhere') })).code).toBe('E_RUN_NOT_FOUND');
  expect(errorOf(() => history.runs({ limit: -1 })).code).toBe('E_USAGE');
  expect(errorOf(() => history.runIds('', 1.5)).code).toBe('E_USAGE');
});

test('ids are found by prefix, newest first', () => {
  const { history } = openForTest();
  ['ab1', 'ab2', 'aB3', 'abz', 'b1', 'a_b', 'a-b'].forEach((id, age) => {
    history.create(headerOf(id, { createdAt: AT - age }), DEFINITION, OWNER, [], AT);
  });
  expect(history.runIds('ab', 10)).toEqual(['ab1', 'ab2', 'abz']);
  expect(history.runIds('ab', 2)).toEqual(['ab1', 'ab2']);
  expect(history.runIds('abz', 10)).toEqual(['abz']);
  expect(history.runIds('', 3)).toEqual(['ab1', 'ab2', 'aB3']);
  expect(history.runIds('a_', 10)).toEqual(['a_b']);
  for (const prefix of ['%', 'a%', '_', '*', "'", 'ab1\0', 'ab11', '\u{10FFFF}']) {
    expect(history.runIds(prefix, 10)).toEqual([]);
  }
});

test('changes in place are listed over all runs, ended or not', () => {
  const { history } = openForTest();
  for (const id of ['one', 'two', 'three']) {
    const lease = history.create(headerOf(id), DEFINITION, OWNER, [], AT);
    const events = [decidedToStart('a'), intended(1, 'a'), intended(2, 'a', 'link int_hote')];
    history.append(lease, { events }, AT);
    history.append(lease, { events: [{ type: 'change.settled', seq: 1, status: 'reverted', reason: null }] }, AT);
    if (id === 'two') {
      const settled = { type: 'change.settled', seq: 2, status: 'gone', reason: 'went with its namespace' } as const;
      history.append(lease, { events: [settled, ENDED] }, AT);
    }
  }
  expect(history.changesInPlace().map(({ run, seq, target }) => [run, seq, target])).toEqual([
    ['one', 2, 'link int_hote'],
    ['three', 2, 'link int_hote'],
  ]);
  expect(['one', 'two', 'three'].map((id) => history.run(runId(id))?.changesInPlace)).toEqual([1, 0, 1]);
});

test('evidence is listed in order, of one step or of all; the journal from a given entry on', () => {
  const { history } = openForTest();
  const lease = history.create(headerOf('seen'), DEFINITION, OWNER, [], AT);
  history.append(lease, { events: [decidedToStart('b', 'a')] }, AT);
  const seen = ['b', 'a', 'b', 'a'].map((step, index) => ({
    step: asStepId(step),
    attempt: 1,
    command: `ip link show ${index}`,
    output: 'x'.repeat(index * 3000),
    exitCode: index === 2 ? null : index,
    startedAt: AT - index,
    durationMs: index / 3,
  }));
  history.append(lease, { events: [], evidence: seen.slice(0, 3) }, AT);
  history.append(lease, { events: [{ type: 'waiting', events: [] }], evidence: seen.slice(3) }, AT);
  expect(history.evidence(lease.run)).toEqual(seen);
  expect(history.evidence(lease.run, asStepId('a'))).toEqual([seen[1], seen[3]]);
  expect(history.evidence(lease.run, asStepId('c'))).toEqual([]);
  expect(history.steps(lease.run).map(({ id }) => id)).toEqual(['b', 'a']);
  expect(history.journal(lease.run, 1).map(({ seq }) => seq)).toEqual([2]);
});

test('verification returns the last one', () => {
  const { history } = openForTest();
  const lease = history.create(headerOf('seen'), DEFINITION, OWNER, [], AT);
  expect(history.verification(lease.run)).toBeUndefined();
  for (const restored of [false, true]) {
    const verification = { restored, residues: [], unexplained: [], drift: [], notCompared: [] };
    history.append(
      lease,
      {
        events: [
          { type: 'verified', fingerprint: null, verification },
          { type: 'waiting', events: [] },
        ],
      },
      AT,
    );
  }
  expect(history.verification(lease.run)).toEqual({
    restored: true,
    residues: [],
    unexplained: [],
    drift: [],
    notCompared: [],
  });
});

test('unfinished runs are those without an end, newest first, with or without an owner', () => {
  const { history } = openForTest();
  const ends: Readonly<Record<string, readonly JournalEvent[]>> = {
    running: [],
    paused: [PAUSED],
    interrupted: [INTERRUPTED],
    waiting: [{ type: 'waiting', events: [] }],
    back: [ROLLING_BACK],
    done: [ENDED],
  };
  Object.entries(ends).forEach(([id, events], index) => {
    const lease = history.create(headerOf(id, { createdAt: AT + index }), DEFINITION, OWNER, [], AT);
    history.append(lease, { events: [decidedToStart('a'), ...events] }, AT);
  });
  const expected = ['back', 'waiting', 'interrupted', 'paused', 'running'];
  expect(history.unfinishedRuns().map((run) => run.id)).toEqual(expected);
  expect(history.unfinishedRuns()[1]).toEqual(history.run(runId('waiting')));
});

import { expect, test } from 'vitest';
import { listRuns } from '../../../src/review/query/list-runs.ts';
import { openForTest } from '../../fixtures/history/temporary.ts';
import {
  BEGIN,
  decided,
  intended,
  OWNER,
  recordRun,
  recordSuccess,
  runId,
  settled,
} from '../../fixtures/review/lab-run.ts';

const MINUTE = 60_000;
const waiting = (...events: readonly string[]) => ({ type: 'waiting', events }) as const;

test('the runs that wait for people are those that expect an event now, and the unconfirmed ones', () => {
  const { history } = openForTest();
  const at = (n: number) => ({ createdAt: BEGIN + n * MINUTE });
  recordRun(history, 'second', at(2)).at(10, decided(['setup']), waiting('approve', 'reject'));
  recordRun(history, 'first', at(1)).at(10, decided(['setup']), waiting('approve'));
  recordRun(history, 'timer', at(0)).at(10, decided(['setup']), waiting());
  recordRun(history, 'asked-before', at(3)).at(
    10,
    decided(['setup']),
    waiting('approve'),
    decided(['test']),
    waiting(),
  );
  recordRun(history, 'answered', at(4)).at(10, decided(['setup']), waiting('approve'), decided(['test']));
  const deadline = { bootId: OWNER.bootId, setAtMs: 1, dueMs: 2, at: BEGIN };
  recordRun(history, 'unconfirmed', at(5)).at(10, {
    type: 'unconfirmed',
    deadline,
    newestSession: null,
    kept: [],
    output: null,
  });
  expect(history.askingRuns(10).map(({ id }) => id)).toEqual(['unconfirmed', 'first', 'second']);
  expect(history.askingRuns(1).map(({ id }) => id)).toEqual(['unconfirmed', 'first']);
});

test('changes in place are counted over all runs, and the owners of leases are listed once', () => {
  const { history } = openForTest();
  const one = recordRun(history, 'one');
  one.at(10, decided(['setup']), intended(1, 'a', 'network a', []), intended(2, 'b', 'network b', []));
  recordRun(history, 'two').at(10, intended(1, 'a', 'image', []), settled(1, 'kept'));
  recordSuccess(history, 'three');
  expect(history.inPlaceCounts()).toEqual({ changes: 3, runs: 2 });
  const inPlace = (...given: Parameters<typeof history.runsInPlace>) =>
    history.runsInPlace(...given).map(({ id }) => id);
  expect([inPlace(9), inPlace(1), inPlace(9, runId('two')), inPlace(9, runId('one'))]).toEqual([
    ['two', 'one'],
    ['two'],
    ['one'],
    [],
  ]);
  expect(history.owners()).toEqual([OWNER]);
  for (const lease of [one.lease]) history.release(lease);
  expect(history.owners()).toEqual([OWNER]);
});

test('evidence is read in parts, by step or whole, with the positions in the run', () => {
  const { history } = openForTest();
  recordSuccess(history, 'run');
  const [createNetwork, pingControl] = history.steps(runId('run'));
  const read = (steps: Parameters<typeof history.evidenceAfter>[1], after: number, limit: number) =>
    history.evidenceAfter(runId('run'), steps, after, limit).map(({ ordinal, evidence }) => [ordinal, evidence.step]);
  expect(read(null, 0, 10)).toEqual([
    [1, 'createNetwork'],
    [2, 'pingControl'],
  ]);
  expect(read(null, 0, 1)).toEqual([[1, 'createNetwork']]);
  expect(read(null, 1, 10)).toEqual([[2, 'pingControl']]);
  expect(read(pingControl === undefined ? [] : [pingControl.id], 0, 10)).toEqual([[2, 'pingControl']]);
  expect(read(createNetwork === undefined ? [] : [createNetwork.id], 1, 10)).toEqual([]);
});

test('a list leads forwards and back, with every filter', () => {
  const { history } = openForTest();
  const ids = Array.from({ length: 9 }, (_, n) => `run-${n}`);
  // Three runs of one moment each.
  for (const [n, id] of ids.entries())
    recordSuccess(history, id, {
      createdAt: BEGIN + Math.floor(n / 3) * MINUTE,
      workflow: n % 2 === 0 ? 'even' : 'odd',
    });
  const list = (query: Partial<Parameters<typeof listRuns>[1]>) =>
    listRuns(history, { limit: 4, where: [], ...query }, () => true).runs.map(({ id }) => id);
  expect(list({})).toEqual(['run-8', 'run-7', 'run-6', 'run-5']);
  expect(list({ before: runId('run-5') })).toEqual(['run-4', 'run-3', 'run-2', 'run-1']);
  expect(list({ after: runId('run-4') })).toEqual(['run-5', 'run-6', 'run-7', 'run-8']);
  expect(list({ after: runId('run-1'), limit: 2 })).toEqual(['run-2', 'run-3']);
  expect(list({ after: runId('run-1'), workflow: 'even', status: 'succeeded' })).toEqual([
    'run-2',
    'run-4',
    'run-6',
    'run-8',
  ]);
  expect(list({ after: runId('run-1'), since: BEGIN + MINUTE })).toEqual(['run-3', 'run-4', 'run-5', 'run-6']);
  expect(list({ after: runId('run-1'), until: BEGIN + MINUTE })).toEqual(['run-2']);
  expect(list({ after: runId('run-1'), text: 'run-7' })).toEqual(['run-7']);
  expect(list({ after: runId('run-8') })).toEqual([]);
  expect(list({ after: runId('run-4'), status: 'interrupted' })).toEqual([]);
});

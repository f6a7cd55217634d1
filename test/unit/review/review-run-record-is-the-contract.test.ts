import { expect, test } from 'vitest';
import { readRunMaterial } from '../../../src/review/record/run-material.ts';
import { runRecord, runSummary } from '../../../src/review/record/run-record.ts';
import { openForTest } from '../../fixtures/history/temporary.ts';
import { CLEAN, FAILURE, recordFailure, recordRun, recordSuccess, runId } from '../../fixtures/review/lab-run.ts';

const alive = () => true;

function recordOf(id: string, prepare: (history: ReturnType<typeof openForTest>['history']) => unknown) {
  const { history } = openForTest();
  prepare(history);
  const run = history.run(runId(id));
  if (run === undefined) throw new Error('the run is not there');
  const material = readRunMaterial(history, run);
  return { run, material, record: runRecord(material, alive) };
}

test('the record of a succeeded run has exactly the fields of the contract', () => {
  const { record } = recordOf('good1', (history) => recordSuccess(history, 'good1'));
  expect(record).toStrictEqual({
    id: 'good1',
    workflow: 'lab-network',
    definitionHash: 'ab12'.repeat(16),
    status: 'succeeded',
    runtime: 'docker',
    input: { devNetwork: 'devops', pings: 3 },
    output: { received: 3 },
    createdAt: '2026-01-31T12:00:00.000Z',
    startedAt: '2026-01-31T12:00:00.010Z',
    finishedAt: '2026-01-31T12:00:06.210Z',
    durationMs: 6_200,
    stages: [
      { name: 'setup', status: 'succeeded', durationMs: 100 },
      { name: 'test', status: 'succeeded', durationMs: 2_000 },
      { name: 'teardown', status: 'succeeded', durationMs: 3_890 },
    ],
    steps: [
      {
        id: 'createNetwork',
        stage: 'setup',
        kind: 'docker.network',
        status: 'succeeded',
        attempts: 1,
        startedAt: '2026-01-31T12:00:00.010Z',
        durationMs: 100,
        output: { name: 'devops', id: 'c'.repeat(64), members: [] },
        error: null,
      },
      {
        id: 'pingControl',
        stage: 'test',
        kind: 'probe.ping',
        status: 'succeeded',
        attempts: 1,
        startedAt: '2026-01-31T12:00:00.110Z',
        durationMs: 2_000,
        output: { received: 3 },
        error: null,
      },
    ],
    changes: [
      {
        seq: 1,
        step: 'createNetwork',
        kind: 'docker.network',
        target: 'network devops',
        status: 'gone',
        reason: null,
        undo: ['docker network rm devops'],
      },
    ],
    proofs: [
      { claim: 'isolated', figures: '0 of 3 pings answered while both controls did' },
      { claim: 'joined', figures: '3 of 3 pings answered' },
    ],
    requests: [],
    waitingFor: null,
    verification: CLEAN,
    plan: null,
    error: null,
  });
});

test('a failed step carries its error, a failed run its own, and undo is a list of command lines', () => {
  const { record } = recordOf('bad1', (history) => recordFailure(history, 'bad1'));
  expect(record.error).toStrictEqual(FAILURE);
  expect(record.steps.at(-1)).toMatchObject({ status: 'failed', attempts: 2, output: null, error: FAILURE });
  expect(record.changes[1]?.undo).toEqual(['ip link set int_hote down', 'ip link delete int_hote']);
  expect(record.stages.map(({ name, status }) => `${name} ${status}`)).toEqual([
    'setup succeeded',
    'test failed',
    'teardown skipped',
  ]);
});

test('a field without a value yet is null', () => {
  const { record } = recordOf('young', (history) => recordRun(history, 'young'));
  expect(record).toMatchObject({
    startedAt: null,
    finishedAt: null,
    durationMs: null,
    verification: null,
    error: null,
  });
  expect(record.stages).toEqual(
    ['setup', 'test', 'teardown'].map((name) => ({ name, status: 'pending', durationMs: null })),
  );
});

test('the summary is the record without its lists and the verification, with the number of changes in place', () => {
  const { run, material, record } = recordOf('good2', (history) => recordSuccess(history, 'good2'));
  const { stages: _1, steps: _2, changes: _3, proofs: _4, requests: _5, verification: _6, ...rest } = record;
  expect(runSummary(run, alive, () => material)).toStrictEqual({ ...rest, changesInPlace: 0 });
});

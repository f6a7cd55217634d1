import { expect, test } from 'vitest';
import { asStepId } from '../../../src/engine/model/ids.ts';
import type { HistoryPort } from '../../../src/engine/ports/history.ts';
import { readRunMaterial } from '../../../src/review/record/run-material.ts';
import { runRecord } from '../../../src/review/record/run-record.ts';
import { stepAttempts } from '../../../src/review/record/steps/step-attempts.ts';
import { stepDetail } from '../../../src/review/record/steps/step-detail.ts';
import { stepViewLines } from '../../../src/review/text/run/step-view.ts';
import { createTranscript, transcriptLines } from '../../../src/review/text/run/transcript.ts';
import { openForTest } from '../../fixtures/history/temporary.ts';
import {
  BEGIN,
  FAILURE,
  type RunRecorder,
  recordFailure,
  recordSuccess,
  runId,
} from '../../fixtures/review/lab-run.ts';
import { PIPED } from '../../fixtures/review/style.ts';

function wholeStep(store: (history: HistoryPort, id: string) => RunRecorder, id: string) {
  const { history } = openForTest();
  store(history, 'r1');
  const run = history.run(runId('r1'));
  if (run === undefined) throw new Error('the run is not there');
  const material = readRunMaterial(history, run);
  const record = runRecord(material, () => true);
  const step = material.steps.find((one) => one.id === id);
  if (step === undefined) throw new Error('the step is not there');
  const evidence = history.evidence(run.id, step.id);
  const detail = stepDetail(material, record, step, evidence);
  return { detail, lines: stepViewLines(detail, { material, record, step, evidence, now: BEGIN }, PIPED) };
}

test('the view of a step has its input, output, attempts, changes with record and undo, and evidence', () => {
  expect(wholeStep(recordSuccess, 'createNetwork').lines).toEqual([
    'createNetwork  docker.network  succeeded',
    '  run         r1 of lab-network (succeeded)',
    '  stage       setup',
    '  started     2026-01-31 12:00:00 UTC, 0 ms into the run, took 100 ms',
    '',
    'input',
    '  {}',
    '',
    'output',
    '  {',
    '    "name": "devops",',
    `    "id": "${'c'.repeat(64)}",`,
    '    "members": []',
    '  }',
    '',
    'attempts',
    '  #     at    time  outcome    retry  error',
    '  1  +0 ms  100 ms  succeeded      -',
    '',
    'change 1: network devops (gone)',
    '      +10 ms  intended',
    '     +100 ms  applied',
    '      +6.0 s  gone',
    '  undo        docker network rm devops',
    '  record',
    '    {}',
    '',
    'evidence',
    '=== setup ===',
    '',
    '--- createNetwork (docker.network) ---',
    '$ docker network create devops',
    '3f2a9c01d4e5',
    '[exit 0, 12 ms]',
  ]);
});

test('the view of a failed step has its error, and the error of each attempt', () => {
  const { lines, detail } = wholeStep(recordFailure, 'pingSplice');
  const attempts = lines.indexOf('attempts');
  expect(lines.slice(attempts + 1, attempts + 4)).toEqual([
    '  #       at   time  outcome      retry  error',
    `  1  +100 ms  1.0 s  failed   at +1.3 s  E_PROBE_FAILED: ${FAILURE.message}`,
    `  2   +1.3 s  1.0 s  failed           -  E_PROBE_FAILED: ${FAILURE.message}`,
  ]);
  expect(lines).toContain(`error E_PROBE_FAILED: ${FAILURE.message}`);
  expect(lines).toContain(`[attempt 1: E_PROBE_FAILED: ${FAILURE.message}]`);
  expect(detail).toMatchObject({
    run: 'r1',
    workflow: 'lab-network',
    id: 'pingSplice',
    stage: 'test',
    status: 'failed',
    error: FAILURE,
    attempts: [
      { attempt: 1, outcome: 'failed', durationMs: 1_000, error: FAILURE, retryAt: '2026-01-31T12:00:01.300Z' },
      { attempt: 2, outcome: 'failed', startedAt: '2026-01-31T12:00:01.300Z', durationMs: 1_000, retryAt: null },
    ],
    changes: [],
    evidence: [],
  });
});

test('a change in JSON has its record, its reason and its history', () => {
  const { detail } = wholeStep(recordFailure, 'addLink');
  expect(detail.changes).toEqual([
    {
      seq: 2,
      step: 'addLink',
      kind: 'docker.network',
      target: 'link int_hote',
      status: 'stuck',
      undo: ['ip link set int_hote down', 'ip link delete int_hote'],
      record: { name: 'link int_hote' },
      reason: 'device is busy',
      history: [
        { at: '2026-01-31T12:00:00.050Z', status: 'intended', reason: null },
        { at: '2026-01-31T12:00:02.400Z', status: 'stuck', reason: 'device is busy' },
      ],
    },
  ]);
});

test('a streamed transcript has a heading for each new stage, step and rollback', () => {
  const transcript = createTranscript(PIPED);
  const one = { id: asStepId('one'), stage: 'setup', kind: 'exec.read' };
  const two = { id: asStepId('two'), stage: 'setup', kind: 'exec.read' };
  const seen = { output: '', exitCode: 0, startedAt: BEGIN, durationMs: 1 };
  const command = (step: typeof one, attempt: number, text: string) =>
    transcript.command(step, { ...seen, step: step.id, attempt, command: text });
  expect(command(one, 1, 'a')).toEqual(['=== setup ===', '', '--- one (exec.read) ---', '$ a', '[exit 0, 1 ms]']);
  expect(command(one, 1, 'b')).toEqual(['$ b', '[exit 0, 1 ms]']);
  expect(transcript.failure(one, FAILURE, 1)).toEqual([`[attempt 1: E_PROBE_FAILED: ${FAILURE.message}]`]);
  expect(command(one, 2, 'b')).toEqual(['(attempt 2)', '$ b', '[exit 0, 1 ms]']);
  expect(command(two, 1, 'c')).toEqual(['', '--- two (exec.read) ---', '$ c', '[exit 0, 1 ms]']);
  expect(command(one, 0, 'd')).toEqual([
    '',
    '=== rollback ===',
    '',
    '--- one (exec.read) ---',
    '$ d',
    '[exit 0, 1 ms]',
  ]);
  const unknown = transcript.command(undefined, { ...seen, step: one.id, attempt: 0, command: 'e' });
  expect(unknown).toEqual(['', '$ e', '[exit 0, 1 ms]']);
});

test('the error of an attempt follows its commands in a transcript', () => {
  const { history } = openForTest();
  recordFailure(history, 'r1');
  const steps = history.steps(runId('r1')).filter(({ id }) => id === 'pingSplice');
  const evidence = [1, 2].map((attempt) => ({
    ...{ step: asStepId('pingSplice'), command: `ping ${attempt}`, output: '', exitCode: 1 },
    ...{ attempt, startedAt: BEGIN, durationMs: 5 },
  }));
  const attempts = stepAttempts(history.journal(runId('r1')), 'failed');
  expect(transcriptLines(steps, evidence, PIPED, attempts)).toEqual([
    '=== test ===',
    '',
    '--- pingSplice (probe.ping) ---',
    '$ ping 1',
    '[exit 1, 5 ms]',
    `[attempt 1: E_PROBE_FAILED: ${FAILURE.message}]`,
    '(attempt 2)',
    '$ ping 2',
    '[exit 1, 5 ms]',
    `[E_PROBE_FAILED: ${FAILURE.message}]`,
  ]);
});

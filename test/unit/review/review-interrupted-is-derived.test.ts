import { expect, test } from 'vitest';
import { asStepId } from '../../../src/engine/model/ids.ts';
import type { JournalEvent } from '../../../src/engine/model/journal-event.ts';
import { readRunMaterial } from '../../../src/review/record/run-material.ts';
import { runRecord } from '../../../src/review/record/run-record.ts';
import { ROLLING_BACK } from '../../fixtures/history/samples.ts';
import { openForTest } from '../../fixtures/history/temporary.ts';
import {
  attempted,
  BEGIN,
  decided,
  INTERRUPTED,
  leaseTaken,
  OWNER,
  PAUSED,
  recordRun,
  runId,
  takeOver,
} from '../../fixtures/review/lab-run.ts';

const STARTED = decided(['setup'], ['createNetwork']);

/** Returns the record after these events; another process appends `later`. */
function recordAfter(
  events: readonly JournalEvent[],
  alive: boolean,
  release = false,
  later: readonly JournalEvent[] = [],
) {
  const { history } = openForTest();
  const run = recordRun(history, 'r1');
  run.at(5, ...events);
  if (release) history.release(run.lease);
  if (later.length > 0) history.append(takeOver(history, run.lease), { events: later }, BEGIN + 10);
  const stored = history.run(runId('r1'));
  if (stored === undefined) throw new Error('the run is not there');
  return runRecord(readRunMaterial(history, stored), (owner) => alive && owner.pid === OWNER.pid);
}

test('a run with a living owner is running; one with a dead owner is interrupted, with its stage and step', () => {
  const running = recordAfter([STARTED], true);
  expect(running.status).toBe('running');
  expect(running.stages[0]).toEqual({ name: 'setup', status: 'running', durationMs: null });
  expect(running.steps[0]?.status).toBe('running');

  const interrupted = recordAfter([STARTED], false);
  expect(interrupted.status).toBe('interrupted');
  expect(interrupted.stages).toEqual([
    { name: 'setup', status: 'interrupted', durationMs: null },
    { name: 'test', status: 'pending', durationMs: null },
    { name: 'teardown', status: 'pending', durationMs: null },
  ]);
  expect(interrupted.steps[0]?.status).toBe('interrupted');
});

test('a rollback with a dead owner is interrupted', () => {
  expect(recordAfter([STARTED, ROLLING_BACK], true).status).toBe('rolling-back');
  expect(recordAfter([STARTED, ROLLING_BACK], false).status).toBe('interrupted');
});

test('a run without an owner is interrupted, unless it waits', () => {
  expect(recordAfter([STARTED], true, true).status).toBe('interrupted');
  expect(recordAfter([decided(['setup']), { type: 'waiting', events: [] }], false, true).status).toBe('waiting');
  expect(recordAfter([decided(['setup']), { type: 'waiting', events: [] }], false).status).toBe('interrupted');
});

test('an ended run keeps its status, although its owner is dead', () => {
  const ended: JournalEvent = { type: 'ended', status: 'succeeded', output: null };
  expect(recordAfter([decided(['done']), ended], false).status).toBe('succeeded');
});

test('an interrupted run that is rolled back has an interrupted stage, not a failed one', () => {
  const error = { code: 'E_STEP_STOPPED', message: 'rolled back', hint: 'none' } as const;
  const undone: JournalEvent = { type: 'ended', status: 'rolled-back', output: null, error };
  const underWay = recordAfter([STARTED, ROLLING_BACK, undone], false);
  expect(underWay.stages.map(({ status }) => status)).toEqual(['interrupted', 'skipped', 'skipped']);
  expect(underWay.steps[0]?.status).toBe('interrupted');

  const done: JournalEvent = { type: 'step.succeeded', step: asStepId('createNetwork'), attempt: 1, output: null };
  const between = recordAfter([STARTED, done, INTERRUPTED], false, false, [undone]);
  expect(between.stages[0]?.status).toBe('interrupted');
});

const statuses = ({ status, stages, steps }: ReturnType<typeof recordAfter>) => ({
  status,
  stages: stages.map((stage) => stage.status),
  steps: steps.map((step) => ({ status: step.status, attempts: step.attempts })),
});

test('a step that was decided but not begun before a pause or an interruption is pending', () => {
  const done: JournalEvent = { type: 'step.succeeded', step: asStepId('createNetwork'), attempt: 1, output: null };
  const next = decided(['test'], ['pingControl']);
  const steps = [
    { status: 'succeeded', attempts: 1 },
    { status: 'pending', attempts: 0 },
  ];
  const stages = ['succeeded', 'pending', 'pending'];
  for (const alive of [true, false]) {
    expect(statuses(recordAfter([STARTED, done, next, PAUSED], alive))).toEqual({ status: 'paused', stages, steps });
    const interrupted = recordAfter([STARTED, done, next, INTERRUPTED], alive);
    expect(statuses(interrupted)).toEqual({ status: 'interrupted', stages, steps });
  }
  const begun = recordAfter([STARTED, done, next, PAUSED], false, false, [
    leaseTaken('resume', { pid: 4712 }),
    attempted('pingControl'),
  ]);
  expect(statuses(begun)).toEqual({
    status: 'interrupted',
    stages: ['succeeded', 'interrupted', 'pending'],
    steps: [steps[0], { status: 'interrupted', attempts: 1 }],
  });
});

test('a step that waits for a retry stays retrying in a pause, and is interrupted by an interruption', () => {
  const error = { code: 'E_DOCKER', message: 'busy', hint: 'none' } as const;
  const retrying: JournalEvent = {
    type: 'step.retrying',
    step: asStepId('createNetwork'),
    attempt: 1,
    error,
    retryAt: BEGIN,
  };
  expect(recordAfter([STARTED, retrying, PAUSED], false).steps[0]?.status).toBe('retrying');
  expect(recordAfter([STARTED, retrying, INTERRUPTED], false).steps[0]?.status).toBe('interrupted');
});

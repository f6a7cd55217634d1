import { expect, test } from 'vitest';
import { asStepId } from '../../src/engine/ids.ts';
import type { JournalEvent } from '../../src/engine/journal-event.ts';
import { readRunMaterial } from '../../src/review/run-material.ts';
import { runRecord } from '../../src/review/run-record.ts';
import { openForTest } from '../fixtures/history/temporary.ts';
import { decided, OWNER, runId, tell } from '../fixtures/review/lab-run.ts';

const STARTED = decided(['setup'], ['createNetwork']);

function recordAfter(events: readonly JournalEvent[], alive: boolean, release = false) {
  const { history } = openForTest();
  const run = tell(history, 'r1');
  run.at(5, ...events);
  if (release) history.release(run.lease);
  const stored = history.run(runId('r1'));
  if (stored === undefined) throw new Error('the run is not there');
  return runRecord(readRunMaterial(history, stored), (owner) => alive && owner.pid === OWNER.pid);
}

test('a run whose owner lives is running; one whose owner is dead is interrupted, with its stage and its step', () => {
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

test('a rollback whose owner is dead is interrupted', () => {
  expect(recordAfter([STARTED, { type: 'rolling-back' }], true).status).toBe('rolling-back');
  expect(recordAfter([STARTED, { type: 'rolling-back' }], false).status).toBe('interrupted');
});

test('a run that was let go of in the middle is interrupted, one that waits is waiting', () => {
  expect(recordAfter([STARTED], true, true).status).toBe('interrupted');
  expect(recordAfter([decided(['setup']), { type: 'waiting' }], false, true).status).toBe('waiting');
  expect(recordAfter([decided(['setup']), { type: 'waiting' }], false).status).toBe('interrupted');
});

test('an end is an end, whoever is dead', () => {
  const ended: JournalEvent = { type: 'ended', status: 'succeeded', output: null };
  expect(recordAfter([decided(['done']), ended], false).status).toBe('succeeded');
});

test('a run that was interrupted and then rolled back was not failed by its stage', () => {
  const error = { code: 'E_STEP_STOPPED', message: 'rolled back', hint: 'none' } as const;
  const undone: JournalEvent = { type: 'ended', status: 'rolled-back', output: null, error };
  const underWay = recordAfter([STARTED, { type: 'rolling-back' }, undone], false);
  expect(underWay.stages.map(({ status }) => status)).toEqual(['interrupted', 'skipped', 'skipped']);
  expect(underWay.steps[0]?.status).toBe('interrupted');

  const done: JournalEvent = { type: 'step.succeeded', step: asStepId('createNetwork'), attempt: 1, output: null };
  const between = recordAfter([STARTED, done, { type: 'interrupted', signal: 'SIGINT' }, undone], false);
  expect(between.stages[0]?.status).toBe('interrupted');
});

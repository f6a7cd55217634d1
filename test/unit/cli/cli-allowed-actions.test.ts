import { expect, test } from 'vitest';
import { asStepId } from '../../../src/engine/model/ids.ts';
import type { JournalEntry } from '../../../src/engine/model/journal-event.ts';
import { isEnd, type StoredRun, type StoredRunStatus } from '../../../src/engine/ports/history.ts';
import { isResumable, nextActions, refusalOf } from '../../../src/review/actions/allowed-actions.ts';
import { runStatus } from '../../../src/review/record/run-status.ts';
import { headerOf, OWNER } from '../../fixtures/review/lab-run.ts';

type Holder = 'nobody' | 'dead' | 'alive';

function runThat(status: StoredRunStatus, holder: Holder) {
  const run: StoredRun = {
    ...headerOf('mine'),
    ...{ status, owner: holder === 'nobody' ? null : OWNER, fence: 1, startedAt: 1, finishedAt: null },
    ...{ output: null, error: null, changesInPlace: 0, importedFrom: null, isRetryDue: false, retriedAs: null },
  };
  return { run, isAlive: () => holder === 'alive' };
}

function next(run: StoredRun, isAlive: () => boolean, hasChanges: boolean, journal: readonly JournalEntry[] = []) {
  const change = {
    seq: 1,
    step: asStepId('s'),
    kind: 'k',
    target: 't',
    record: null,
    undo: [],
    reason: null,
    bootId: 'b',
  };
  const changes = hasChanges ? [{ ...change, status: 'applied' as const }] : [];
  const material = {
    run,
    changes,
    stageNames: [],
    eventSchemas: null,
    innerEnds: new Set<string>(),
    journal,
    steps: [],
    verification: undefined,
  };
  return nextActions(material, runStatus(run, isAlive)).map((command) => command.split(' ')[1]);
}

test.each<[StoredRunStatus, Holder, string | undefined, string | undefined, boolean, readonly string[]]>([
  ['running', 'alive', 'E_LEASE_HELD', 'E_LEASE_HELD', false, []],
  ['rolling-back', 'alive', 'E_LEASE_HELD', 'E_LEASE_HELD', false, []],
  ['waiting', 'alive', 'E_LEASE_HELD', 'E_LEASE_HELD', false, []],
  ['running', 'dead', undefined, undefined, true, ['resume', 'changes', 'rollback']],
  ['running', 'nobody', undefined, undefined, true, ['resume', 'changes', 'rollback']],
  ['rolling-back', 'dead', undefined, undefined, true, ['rollback']],
  ['rolling-back', 'nobody', undefined, undefined, true, ['rollback']],
  ['waiting', 'dead', undefined, undefined, true, ['resume', 'changes', 'rollback']],
  ['waiting', 'nobody', undefined, undefined, true, ['rollback']],
  ['paused', 'nobody', undefined, undefined, true, ['resume', 'changes', 'rollback']],
  ['succeeded', 'nobody', 'E_RUN_ENDED', undefined, false, ['rollback']],
  ['failed', 'nobody', 'E_RUN_ENDED', undefined, false, ['rollback']],
  ['rolled-back', 'nobody', 'E_RUN_ENDED', undefined, false, ['rollback']],
  ['needs-attention', 'nobody', 'E_RUN_ENDED', undefined, false, ['rollback']],
])(
  '%s, owner %s: resume %s, rollback %s, resumable %s, next %j',
  (status, holder, resume, rollback, meant, actions) => {
    const { run, isAlive } = runThat(status, holder);
    expect(refusalOf('resume', run, isAlive)?.code).toBe(resume);
    expect(refusalOf('rollback', run, isAlive)?.code).toBe(rollback);
    expect(isResumable(run, isAlive)).toBe(meant);
    expect(next(run, isAlive, true)).toEqual(actions);
    if (isEnd(status)) expect(next(run, isAlive, false)).toEqual([]);
  },
);

test('a waiting run without an owner offers resume only while a timer is pending', () => {
  const { run, isAlive } = runThat('waiting', 'nobody');
  const timer = { type: 'set-timer', timer: 'late#1', deadline: 5, event: { type: 'late' } } as const;
  const decided = { type: 'decided', event: null, value: 'gate', stages: ['gate'], digest: '' } as const;
  const set: JournalEntry = { seq: 1, at: 0, event: { ...decided, effects: [timer] } };
  const fired: JournalEntry = {
    seq: 2,
    at: 5,
    event: { ...decided, event: timer.event, timer: 'late#1', effects: [] },
  };
  expect(next(run, isAlive, true, [set])).toEqual(['resume', 'changes', 'rollback']);
  expect(next(run, isAlive, true, [set, fired])).toEqual(['rollback']);
});

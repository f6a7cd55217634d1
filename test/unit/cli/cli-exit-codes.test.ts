import { expect, test } from 'vitest';
import { rollbackExitCode, runExitCode, worstExitCode } from '../../../src/cli/output/errors/exit-code.ts';
import type { ErrorCode } from '../../../src/engine/model/errors.ts';
import type { RunEnd } from '../../../src/engine/model/journal-event.ts';
import type { ChangeRecord } from '../../../src/review/record/run-record.ts';

const CHANGE: ChangeRecord = {
  seq: 1,
  step: 's',
  kind: 'k',
  target: 't',
  status: 'reverted',
  reason: null,
  undo: [],
};

function codeOf(status: RunEnd['status'], code: ErrorCode, changes: readonly ChangeRecord[]) {
  const error = { code, message: 'm', hint: 'h' };
  const end: RunEnd = status === 'succeeded' ? { status, output: null } : { status, output: null, error };
  return runExitCode({ type: 'ended', end }, { error: status === 'succeeded' ? null : error, changes });
}

test.each([
  ['succeeded', 'E_INTERNAL', 1, 0],
  ['failed', 'E_STEP_FAILED', 1, 1],
  ['failed', 'E_STEP_FAILED', 0, 1],
  ['rolled-back', 'E_PROBE_FAILED', 1, 1],
  ['needs-attention', 'E_RESIDUE', 1, 5],
  ['needs-attention', 'E_DOCKER_UNREACHABLE', 0, 5],
  ['failed', 'E_IMAGE_UNAVAILABLE', 0, 3],
  ['failed', 'E_NAME_IN_USE', 0, 4],
  ['failed', 'E_INPUT', 0, 1],
  ['rolled-back', 'E_NAME_IN_USE', 1, 1],
  ['failed', 'E_DOCKER_UNREACHABLE', 1, 1],
] as const)('a run that ends as %s with %s and %d changes exits with %d', (status, code, changes, exitCode) => {
  expect(codeOf(status, code, changes === 0 ? [] : [CHANGE])).toBe(exitCode);
});

test('a waiting run exits with 0, an interrupted run with 128 plus its signal', () => {
  const record = { error: null, changes: [CHANGE] };
  expect(runExitCode({ type: 'waiting' }, record)).toBe(0);
  expect(runExitCode({ type: 'interrupted', signal: 'SIGINT' }, record)).toBe(130);
  expect(runExitCode({ type: 'interrupted', signal: 'SIGTERM' }, record)).toBe(143);
});

test('a run paused on request exits with 0', () => {
  expect(runExitCode({ type: 'paused', stage: 'setup' }, { error: null, changes: [CHANGE] })).toBe(0);
});

test.each([
  ['rolled-back', 'E_PROBE_FAILED', 0],
  ['rolled-back', 'E_DOCKER_UNREACHABLE', 0],
  ['needs-attention', 'E_RESIDUE', 5],
] as const)('a rollback that ends as %s, of a run that failed with %s, exits with %d', (status, code, exitCode) => {
  const error = { code, message: 'm', hint: 'h' };
  expect(rollbackExitCode({ type: 'ended', end: { status, output: null, error } })).toBe(exitCode);
});

test('an interrupted rollback exits with 128 plus its signal', () => {
  expect(rollbackExitCode({ type: 'interrupted', signal: 'SIGINT' })).toBe(130);
  expect(rollbackExitCode({ type: 'interrupted', signal: 'SIGTERM' })).toBe(143);
});

test('the worst exit code of several runs is 5, then 1, 4, 3, 2', () => {
  expect(worstExitCode([0, 2, 3, 4, 1, 5])).toBe(5);
  expect(worstExitCode([0, 2, 3, 4, 1])).toBe(1);
  expect(worstExitCode([3, 4, 0])).toBe(4);
  expect(worstExitCode([0, 2, 3])).toBe(3);
  expect(worstExitCode([0, 2])).toBe(2);
  expect(worstExitCode([])).toBe(0);
});

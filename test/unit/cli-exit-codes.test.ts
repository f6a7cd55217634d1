import { expect, test } from 'vitest';
import { runExitCode } from '../../src/cli/exit-code.ts';
import type { ErrorCode } from '../../src/engine/errors.ts';
import type { RunEnd } from '../../src/engine/journal-event.ts';
import type { ChangeRecord } from '../../src/review/run-record.ts';

const CHANGE: ChangeRecord = { seq: 1, step: 's', kind: 'k', target: 't', status: 'reverted', undo: '' };

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
] as const)('a run that %s with %s and %d changes ends with %d', (status, code, changes, exitCode) => {
  expect(codeOf(status, code, changes === 0 ? [] : [CHANGE])).toBe(exitCode);
});

test('a run that waits is a 0; one that was stopped ends as its signal says', () => {
  const record = { error: null, changes: [CHANGE] };
  expect(runExitCode({ type: 'waiting' }, record)).toBe(0);
  expect(runExitCode({ type: 'interrupted', signal: 'SIGINT' }, record)).toBe(130);
  expect(runExitCode({ type: 'interrupted', signal: 'SIGTERM' }, record)).toBe(143);
});

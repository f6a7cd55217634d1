import { GUARD_STEP } from '../../../engine/confirm/guard-step.ts';
import { ERROR_EXIT_CODES, type ExitCode, type WfError } from '../../../engine/model/errors.ts';
import type { RunResult } from '../../../engine/run/engine.ts';
import type { RunRecord } from '../../../review/record/run-record.ts';
import type { StopSignal } from '../terminal.ts';

/** Returns 128 plus the signal's number, like shells. */
export function signalExitCode(signal: StopSignal): ExitCode {
  return signal === 'SIGINT' ? 130 : 143;
}

/**
 * Returns the exit code of a command that was refused before it began: the code for "failed and undone" becomes the one for "this
 * machine cannot do it".
 */
export function refusalExitCode({ exitCode }: WfError): ExitCode {
  return exitCode === 1 ? 3 : exitCode;
}

/** Returns the exit code of a command that advanced a run. */
export function runExitCode(result: RunResult, record: Pick<RunRecord, 'changes' | 'error'>): ExitCode {
  switch (result.type) {
    case 'waiting':
    case 'hibernating':
    case 'paused':
    case 'unconfirmed':
      return 0;
    case 'interrupted':
      return interruptedExitCode(result);
    case 'ended':
      switch (result.end.status) {
        case 'succeeded':
          return 0;
        case 'needs-attention':
          return 5;
        case 'failed':
        case 'rolled-back':
          return untouchedExitCode(record) ?? 1;
      }
  }
}

/** Returns the exit code of a command that only follows a run: the one that `wf start` would return. */
export function followedExitCode(record: Pick<RunRecord, 'status' | 'changes' | 'error'>): ExitCode {
  switch (record.status) {
    case 'needs-attention':
      return 5;
    case 'failed':
    case 'rolled-back':
      return untouchedExitCode(record) ?? 1;
    case 'interrupted':
      return 130;
    default:
      return 0;
  }
}

/** Returns the exit code of a rollback: the run's own failure does not count. */
export function rollbackExitCode(result: RunResult): ExitCode {
  if (result.type === 'interrupted') return interruptedExitCode(result);
  return result.type === 'ended' && result.end.status === 'needs-attention' ? 5 : 0;
}

/** Worst first. */
const WORST: readonly ExitCode[] = [130, 143, 5, 1, 4, 3, 2];

/** Returns the exit code of another wf process; 1 for any other end. @param exitCode null if it was killed */
export function exitCodeOf(exitCode: number | null): ExitCode {
  return exitCode === 0 ? 0 : (WORST.find((code) => code === exitCode) ?? 1);
}

/** Returns the exit code of a command that advanced several runs: that of the stop signal, otherwise the worst. */
export function worstExitCode(codes: readonly ExitCode[]): ExitCode {
  return WORST.find((code) => codes.includes(code)) ?? 0;
}

function interruptedExitCode({ signal }: Extract<RunResult, { type: 'interrupted' }>): ExitCode {
  return signal === 'SIGTERM' ? 143 : 130;
}

/**
 * Returns exit code 3 or 4, which mean that nothing was touched, if the ledger has no change that had to be undone (an intent
 * without effect is `gone`).
 */
function untouchedExitCode({ changes, error }: Pick<RunRecord, 'changes' | 'error'>): ExitCode | undefined {
  // The change of a guard is not one of the run.
  const touched = changes.filter(({ step }) => step !== GUARD_STEP);
  if (error === null || touched.some(({ status }) => status !== 'gone')) return undefined;
  const code = ERROR_EXIT_CODES[error.code];
  return code === 3 || code === 4 ? code : undefined;
}

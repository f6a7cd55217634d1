import { ERROR_EXIT_CODES, type ExitCode, type WfError } from '../../engine/model/errors.ts';
import type { RunResult } from '../../engine/run/engine.ts';
import type { RunRecord } from '../../review/record/run-record.ts';
import type { StopSignal } from './terminal.ts';

/** 128 and the signal's number, as shells report a process that died of it. */
export function signalExitCode(signal: StopSignal): ExitCode {
  return signal === 'SIGINT' ? 130 : 143;
}

/**
 * The exit code of a command that is refused before it has begun anything. What otherwise says that something was tried, and undone,
 * says here that this machine cannot do it.
 */
export function refusalExitCode({ exitCode }: WfError): ExitCode {
  return exitCode === 1 ? 3 : exitCode;
}

/** The exit code of a command that advanced a run. */
export function runExitCode(result: RunResult, record: Pick<RunRecord, 'changes' | 'error'>): ExitCode {
  switch (result.type) {
    case 'waiting':
    case 'hibernating':
    case 'paused':
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

/** The exit code with which `wf start` would have ended, for a command that only follows the run. */
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

/** The exit code of a command that rolled a run back: that the run had failed is why it was asked to. */
export function rollbackExitCode(result: RunResult): ExitCode {
  if (result.type === 'interrupted') return interruptedExitCode(result);
  return result.type === 'ended' && result.end.status === 'needs-attention' ? 5 : 0;
}

/** The worst first. */
const WORST: readonly ExitCode[] = [130, 143, 5, 1, 4, 3, 2];

/** The exit code of a command that advanced several runs: that of the signal which stopped it, else the worst. */
export function worstExitCode(codes: readonly ExitCode[]): ExitCode {
  return WORST.find((code) => codes.includes(code)) ?? 0;
}

function interruptedExitCode({ signal }: Extract<RunResult, { type: 'interrupted' }>): ExitCode {
  return signal === 'SIGTERM' ? 143 : 130;
}

/**
 * "This machine cannot do it" and "something is in the way" say that nothing was touched: true where the ledger holds
 * nothing that had to be undone (an intent that came to nothing is `gone`).
 */
function untouchedExitCode({ changes, error }: Pick<RunRecord, 'changes' | 'error'>): ExitCode | undefined {
  if (error === null || changes.some(({ status }) => status !== 'gone')) return undefined;
  const code = ERROR_EXIT_CODES[error.code];
  return code === 3 || code === 4 ? code : undefined;
}

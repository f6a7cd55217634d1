import { needsUndo } from '../../engine/model/change.ts';
import { asWfError, type ExitCode, type WfError } from '../../engine/model/errors.ts';
import type { RunId } from '../../engine/model/ids.ts';
import type { HistoryPort } from '../../engine/ports/history.ts';
import type { TextStyle } from '../../review/text/format/text-style.ts';
import { suggestions } from '../../review/text/suggestion.ts';
import type { Services } from '../services/services.ts';
import type { UncaughtEnd } from './terminal.ts';

/**
 * Returns the error and the exit code of a run whose journal became unwritable. The error's own code may mean "nothing was
 * touched", which is wrong if changes are in place or unknown.
 */
export async function exitCodeOfLostRun(
  id: RunId,
  thrown: unknown,
  services: Services,
): Promise<{ readonly error: WfError; readonly exitCode: ExitCode }> {
  const error = asWfError(thrown);
  // Another process owns the run and its changes now.
  if (error.code === 'E_LEASE_LOST') return { error, exitCode: error.exitCode };
  const inPlace = await changesInPlace(id, services);
  return { error, exitCode: inPlace === 0 ? untouchedOrFailed(error) : 5 };
}

/** Returns advice for the error of such a run; none for a finished run, whose error contains it. */
export function lostRunWords(id: RunId, { code, details }: WfError, style: TextStyle): readonly string[] {
  if (details['hasEnded'] === true) return [];
  if (code !== 'E_LEASE_LOST') return [stoppedThere(id, style)];
  return [suggestions(`another process advances run ${id} now; \`wf show ${id}\` shows its progress`, style)];
}

function stoppedThere(id: RunId, style: TextStyle): string {
  const words = `run ${id} stopped there; \`wf resume ${id}\` resumes it, \`wf rollback ${id}\` undoes it`;
  return suggestions(words, style);
}

/** Returns how a command ends after an uncaught error in its run. */
export function uncaughtEnd(id: RunId, history: Ledger, style: TextStyle): UncaughtEnd {
  return {
    exitCode: countInPlace(history, id) === 0 ? 1 : 5,
    words: stoppedThere(id, style),
  };
}

async function changesInPlace(id: RunId, services: Services): Promise<number | undefined> {
  try {
    return countInPlace(await services.history(), id);
  } catch {
    return undefined; // the same error, already reported
  }
}

type Ledger = Pick<HistoryPort, 'changes'>;

/** Returns undefined if the ledger cannot be read. */
function countInPlace(history: Ledger, id: RunId): number | undefined {
  try {
    return history.changes(id).filter(needsUndo).length;
  } catch {
    return undefined;
  }
}

/** Returns the exit code of an error that ended a started run: that of a failure, unless the error means that nothing could be done. */
function untouchedOrFailed(error: WfError): ExitCode {
  return error.exitCode === 3 || error.exitCode === 4 ? error.exitCode : 1;
}

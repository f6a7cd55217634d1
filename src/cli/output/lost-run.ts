import { needsUndo } from '../../engine/model/change.ts';
import { asWfError, type ExitCode, type WfError } from '../../engine/model/errors.ts';
import type { RunId } from '../../engine/model/ids.ts';
import type { HistoryPort } from '../../engine/ports/history.ts';
import type { TextStyle } from '../../review/text/format/text-style.ts';
import { suggestions } from '../../review/text/suggestion.ts';
import type { Wire } from '../services/wire-types.ts';
import type { UncaughtEnd } from './terminal.ts';

/**
 * The error and the exit code of a run whose journal could not be written any more. The error's own code may say
 * "nothing was touched", which is a lie where changes stand, or where that cannot be read.
 */
export async function exitCodeOfLostRun(
  id: RunId,
  thrown: unknown,
  wire: Wire,
): Promise<{ readonly error: WfError; readonly exitCode: ExitCode }> {
  const error = asWfError(thrown);
  // Another process has taken the run over, and sees to its changes.
  if (error.code === 'E_LEASE_LOST') return { error, exitCode: error.exitCode };
  const standing = await standingChanges(id, wire);
  return { error, exitCode: standing === 0 ? untouchedOrFailed(error) : 5 };
}

/** What is said of such a run after its error. Nothing of one that came to its end: its error says what is left to do. */
export function lostRunWords(id: RunId, { code, details }: WfError, style: TextStyle): readonly string[] {
  if (details['hasEnded'] === true) return [];
  if (code !== 'E_LEASE_LOST') return [stoppedThere(id, style)];
  return [suggestions(`another process advances run ${id} now; \`wf show ${id}\` shows how far it is`, style)];
}

function stoppedThere(id: RunId, style: TextStyle): string {
  const words = `run ${id} stopped there; \`wf resume ${id}\` goes on with it, \`wf rollback ${id}\` undoes what it did`;
  return suggestions(words, style);
}

/** How a command ends whose run was ended in the middle by an error that no code has caught. */
export function uncaughtEnd(id: RunId, history: Standing, style: TextStyle): UncaughtEnd {
  return {
    exitCode: standingIn(history, id) === 0 ? 1 : 5,
    words: stoppedThere(id, style),
  };
}

async function standingChanges(id: RunId, wire: Wire): Promise<number | undefined> {
  try {
    return standingIn(await wire.history(), id);
  } catch {
    return undefined; // the same trouble as before, which is told already
  }
}

type Standing = Pick<HistoryPort, 'changes'>;

/** Undefined where it cannot be read. */
function standingIn(history: Standing, id: RunId): number | undefined {
  try {
    return history.changes(id).filter(needsUndo).length;
  } catch {
    return undefined;
  }
}

/** An error that ended a run which had begun is a failed run, unless it is of the kinds that say why nothing could be. */
function untouchedOrFailed(error: WfError): ExitCode {
  return error.exitCode === 3 || error.exitCode === 4 ? error.exitCode : 1;
}

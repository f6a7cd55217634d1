import type { RunId } from '../../engine/model/ids.ts';
import { canonicalJson, toJson } from '../../engine/model/json.ts';
import type { Demand } from '../../engine/model/request.ts';
import type { StoredRun } from '../../engine/ports/history.ts';
import type { HistoryReader } from '../../history/reader.ts';
import { requestRecord } from '../../review/record/request-record.ts';
import { readRunMaterial } from '../../review/record/run-material.ts';
import { runRecord } from '../../review/record/run-record.ts';
import type { IsAlive } from '../../review/record/run-status.ts';
import type { CommandProgress } from './commands.ts';

/** A request that a command makes. A confirmation has only its kind here: the command adds the rest. */
export interface AskedOfRun {
  readonly run: RunId;
  /** The last entry of the run's journal before the command was started. */
  readonly after: number;
  readonly demand: Exclude<Demand, { readonly kind: 'confirm' }> | { readonly kind: 'confirm' };
  readonly comment: string | null;
}

/** Returns whether a command has taken over a run. */
export function takeoverBy(history: HistoryReader, id: RunId, pid: number): CommandProgress {
  return isOwnedBy(history.run(id), pid) ? 'advancing' : 'starting';
}

/**
 * Returns the answer of a run to the request of a command that now advances the run, perhaps for hours. Any other process that advances
 * the run answers at once, and then the command ends.
 */
export function answerTo(history: HistoryReader, asked: AskedOfRun, isAlive: IsAlive, pid: number): CommandProgress {
  const run = history.run(asked.run);
  const anew = run === undefined || run.retriedAs === null ? undefined : history.run(run.retriedAs);
  const advanced = [anew, run].find((each) => isOwnedBy(each, pid));
  if (advanced === undefined) return 'starting';
  const journal = history.journal(asked.run, asked.after);
  const own = journal.flatMap(({ seq, event }) =>
    event.type === 'requested' && event.comment === asked.comment && isSame(event.demand, asked.demand) ? [seq] : [],
  );
  const [number] = own;
  // Only the command itself can distinguish its request from equal ones.
  if (number === undefined || own.length > 1) return 'advancing';
  const request = requestRecord(journal, number);
  if (request === null || request.outcome === null) return 'advancing';
  if (request.outcome.type === 'refused') return { type: 'refused', error: request.outcome.error };
  const record = runRecord(readRunMaterial(history, advanced), isAlive);
  return { type: 'done', document: toJson({ request, run: record }) };
}

/** This server is the parent of the process, so its pid is not reused yet. */
function isOwnedBy(run: StoredRun | undefined, pid: number): boolean {
  return run?.owner?.pid === pid;
}

function isSame(given: Demand, asked: AskedOfRun['demand']): boolean {
  if (given.kind === 'confirm' || asked.kind === 'confirm') return given.kind === asked.kind;
  return canonicalJson(toJson(given)) === canonicalJson(toJson(asked));
}

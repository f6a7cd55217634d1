import type { ErrorRecord } from '../../../engine/model/errors.ts';
import type { StoredRun } from '../../../engine/ports/history.ts';
import type { RunRecord } from '../../record/run-record.ts';
import { type IsAlive, runStatus } from '../../record/run-status.ts';
import { durationText, relativeTimeText } from '../format/duration.ts';
import { oneLine } from '../format/plain-text.ts';
import { type Cell, type Column, tableLines } from '../format/table.ts';
import { statusPaint, type TextStyle } from '../format/text-style.ts';
import { suggestedCommand } from '../suggestion.ts';

/** Number of runs that are printed. */
const SHOWN = 20;

const COLUMNS: readonly Column[] = [
  { title: 'id', shrinksTo: 10 },
  { title: 'workflow', shrinksTo: 12 },
  { title: 'status' },
  { title: 'since' },
  { title: 'on host', align: 'right' },
  { title: 'type' },
];

/**
 * Returns the runs to choose from, newest first, each with the command to type.
 * @param since returns the time of the last event of a run, in milliseconds since the epoch
 */
export function resumableLines(
  runs: readonly StoredRun[],
  since: (run: StoredRun) => number,
  isAlive: IsAlive,
  now: number,
  style: TextStyle,
): readonly string[] {
  const rows = runs.slice(0, SHOWN).map((run): readonly Cell[] => {
    const status = runStatus(run, isAlive);
    return [
      run.id,
      run.workflow,
      { text: status, paint: statusPaint(style, status) },
      relativeTimeText(since(run), now),
      String(run.changesInPlace),
      suggestedCommand(`wf resume ${run.id}`, style),
    ];
  });
  const more = runs.length - SHOWN;
  return [...tableLines(COLUMNS, rows, style), ...(more > 0 ? [`and ${more} older`] : [])];
}

interface Named {
  readonly id: string;
  readonly workflow: string;
}

/** Returns the result of one of several resumed runs: its status, and its error if it has one. */
export function resumedLines(
  { id, workflow, status, durationMs, error }: RunRecord,
  style: TextStyle,
): readonly string[] {
  const took = durationMs === null ? '' : ` in ${durationText(durationMs)}`;
  return linesOf({ id, workflow }, `${statusPaint(style, status)(status)}${took}`, error, style);
}

/** Returns why one of several runs was not resumed, or not to its end. @param what `passed over` or `not resumed` */
export function notResumedLines(run: Named, what: string, error: ErrorRecord, style: TextStyle): readonly string[] {
  return linesOf(run, style.colors.yellow(what), error, style);
}

function linesOf(
  { id, workflow }: Named,
  what: string,
  error: ErrorRecord | null,
  { colors }: TextStyle,
): readonly string[] {
  const line = `${colors.bold(id)}  ${workflow}  ${what}`;
  if (error === null) return [line];
  return [`${line}: ${error.code}: ${oneLine(error.message)}`, `  ${colors.bold('next')}: ${oneLine(error.hint)}`];
}

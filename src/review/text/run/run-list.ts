import type { StoredRun } from '../../../engine/ports/history.ts';
import { durationOf } from '../../record/run-record.ts';
import { type IsAlive, runStatus } from '../../record/run-status.ts';
import { durationText, relativeTimeText } from '../format/duration.ts';
import { type Cell, type Column, tableLines } from '../format/table.ts';
import { statusPaint, type TextStyle } from '../format/text-style.ts';

const COLUMNS: readonly Column[] = [
  { title: 'id', shrinksTo: 10 },
  { title: 'workflow', shrinksTo: 12, goes: 2 },
  { title: 'status' },
  { title: 'started', goes: 4 },
  { title: 'time', align: 'right', goes: 3 },
  { title: 'on host', align: 'right' },
  { title: 'remarks', shrinksTo: 7, goes: 1 },
];

/**
 * Returns the output of `wf runs`: one line for each run. `on host` counts its changes in place on this host; the remarks have its error,
 * and the machine of an imported run.
 */
export function runListLines(
  runs: readonly StoredRun[],
  isAlive: IsAlive,
  now: number,
  style: TextStyle,
): readonly string[] {
  const rows = runs.map((run): readonly Cell[] => {
    const status = runStatus(run, isAlive);
    const durationMs = durationOf(run);
    return [
      run.id,
      run.workflow,
      { text: status, paint: statusPaint(style, status) },
      run.startedAt === null ? '-' : relativeTimeText(run.startedAt, now),
      durationText(durationMs),
      onHostCell(run, style),
      remarksOf(run, style),
    ];
  });
  // A list without any remark has room for wider columns.
  const columns = rows.every((row) => row.at(-1) === '') ? COLUMNS.slice(0, -1) : COLUMNS;
  return tableLines(columns, rows, style);
}

function onHostCell({ changesInPlace, importedFrom }: StoredRun, { colors }: TextStyle): Cell {
  if (importedFrom !== null) return '-';
  return changesInPlace === 0 ? '0' : { text: String(changesInPlace), paint: colors.yellow };
}

/** Returns the error and the origin of a run; only the code of the error if nothing is cut, as in a pipe. */
function remarksOf({ error, importedFrom }: StoredRun, { width, colors }: TextStyle): Cell {
  const imported = importedFrom === null ? [] : [`imported from ${importedFrom}`];
  const failed = error === null ? [] : [width === null ? error.code : `${error.code}: ${error.message}`];
  const text = [...imported, ...failed].join('; ');
  return error === null ? text : { text, paint: colors.red };
}

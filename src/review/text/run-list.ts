import type { StoredRun } from '../../engine/ports/history.ts';
import { runSummary } from '../run-record.ts';
import type { IsAlive } from '../run-status.ts';
import { durationText, relativeTimeText } from './duration.ts';
import { type Cell, type Column, tableLines } from './table.ts';
import { statusPaint, type TextStyle } from './text-style.ts';

const COLUMNS: readonly Column[] = [
  { title: 'id', shrinksTo: 10 },
  { title: 'workflow', shrinksTo: 12 },
  { title: 'status' },
  { title: 'started' },
  { title: 'time', align: 'right' },
  { title: 'on host', align: 'right' },
];

/** What `wf runs` prints: one line for each run. `on host` counts its changes that may still stand. */
export function runListLines(
  runs: readonly StoredRun[],
  isAlive: IsAlive,
  now: number,
  style: TextStyle,
): readonly string[] {
  const rows = runs.map((run): readonly Cell[] => {
    const { status, durationMs } = runSummary(run, isAlive);
    const standing = String(run.standingChanges);
    return [
      run.id,
      run.workflow,
      { text: status, paint: statusPaint(style, status) },
      run.startedAt === null ? '-' : relativeTimeText(run.startedAt, now),
      durationText(durationMs),
      run.standingChanges === 0 ? standing : { text: standing, paint: style.colors.yellow },
    ];
  });
  return tableLines(COLUMNS, rows, style);
}

import { type Change, type ChangeStatus, standingNewestFirst } from '../../engine/change.ts';
import { counted, oneLine } from './plain-text.ts';
import { type Column, tableLines } from './table.ts';
import { statusPaint, type TextStyle } from './text-style.ts';

const ORDER: readonly ChangeStatus[] = ['reverted', 'gone', 'kept', 'intended', 'applied', 'stuck'];

/** The ledger in one line: `12 changes, all undone: 4 reverted, 8 gone`. */
export function ledgerWords(changes: readonly Change[]): string {
  if (changes.length === 0) return 'no changes';
  const counts = ORDER.map((status) => ({ status, count: changes.filter((change) => change.status === status).length }))
    .filter(({ count }) => count > 0)
    .map(({ status, count }) => `${count} ${status}${status === 'kept' ? ' by design' : ''}`);
  const undone = changes.every(({ status }) => status === 'reverted' || status === 'gone');
  return `${counted(changes.length, 'change')}${undone ? ', all undone' : ''}: ${counts.join(', ')}`;
}

const COLUMNS: readonly Column[] = [
  { title: '#', align: 'right' },
  { title: 'target', shrinksTo: 20 },
  { title: 'step', shrinksTo: 12 },
  { title: 'status' },
  { title: 'why', shrinksTo: 12 },
];

/** The ledger as a table, in its order. */
export function ledgerLines(changes: readonly Change[], style: TextStyle, indent = ''): readonly string[] {
  const rows = changes.map(({ seq, target, step, status, reason }) => [
    String(seq),
    target,
    step,
    { text: status, paint: statusPaint(style, status) },
    { text: reason ?? '', paint: style.colors.dim },
  ]);
  return tableLines(COLUMNS, rows, style, indent);
}

/**
 * What a run left on the host and the commands that undo it, in the order in which they are to be typed: newest first.
 * Command lines are never cut. Empty where nothing stands.
 */
export function remainingLines(changes: readonly Change[], style: TextStyle): readonly string[] {
  const standing = standingNewestFirst(changes);
  if (standing.length === 0) return [];
  const { colors } = style;
  const lines = standing.flatMap((change) => [
    `  ${oneLine(change.target)} ${colors.dim('(')}${standingWords(change, style)}${colors.dim(')')}`,
    ...change.undo.map((command) => `    ${oneLine(command)}`),
  ]);
  const title = `may still be on this host: ${counted(standing.length, 'change')}; undo with wf rollback, or by hand in this order:`;
  return [colors.yellow(title), ...lines];
}

function standingWords({ status, reason }: Change, style: TextStyle): string {
  const word = statusPaint(style, status)(status);
  return reason === null ? word : `${word}: ${oneLine(reason)}`;
}

import { KEPT_UNTIL_CONFIRMED } from '../../../engine/confirm/unconfirmed-run.ts';
import { type Change, type ChangeStatus, undoOrder } from '../../../engine/model/change.ts';
import type { StoredRun } from '../../../engine/ports/history.ts';
import { changeName } from '../../changes/change-name.ts';
import { counted, oneLine, setText } from '../format/plain-text.ts';
import { type Column, tableLines } from '../format/table.ts';
import { statusPaint, type TextStyle } from '../format/text-style.ts';
import { suggestions } from '../suggestion.ts';

const ORDER: readonly ChangeStatus[] = ['reverted', 'gone', 'kept', 'intended', 'applied', 'stuck'];

/** Returns the ledger in one line: `12 changes, all undone: 4 reverted, 8 gone`. */
export function ledgerWords(changes: readonly Change[]): string {
  if (changes.length === 0) return 'no changes';
  const counts = ORDER.map((status) => ({ status, count: changes.filter((change) => change.status === status).length }))
    .filter(({ count }) => count > 0)
    .map(({ status, count }) => `${count} ${status}${status === 'kept' ? keptWords(changes) : ''}`);
  const undone = changes.every(({ status }) => status === 'reverted' || status === 'gone');
  return `${counted(changes.length, 'change')}${undone ? ', all undone' : ''}: ${counts.join(', ')}`;
}

function keptWords(changes: readonly Change[]): string {
  return changes.some(({ reason }) => reason === KEPT_UNTIL_CONFIRMED) ? ' until the deadline' : ' by design';
}

/** Width from which there is room for reasons; `remainingLines` has those of changes in place anyway. */
const ROOM_FOR_REASONS = 100;

function columnsFor({ width }: TextStyle): readonly Column[] {
  const isRoomy = width === null || width >= ROOM_FOR_REASONS;
  return [
    { title: '#', align: 'right' },
    { title: 'target', shrinksTo: isRoomy ? 40 : 20 },
    { title: 'step', shrinksTo: 12, goes: 1 },
    { title: 'status' },
    ...(isRoomy ? [{ title: 'why', shrinksTo: 12 }] : []),
  ];
}

/** Returns the ledger as a table. */
export function ledgerLines(changes: readonly Change[], style: TextStyle, indent = ''): readonly string[] {
  const rows = changes.map((change) => [
    String(change.seq),
    changeName(change),
    change.step,
    { text: change.status, paint: statusPaint(style, change.status) },
    { text: reasonOf(change) ?? '', paint: style.colors.dim },
  ]);
  return tableLines(columnsFor(style), rows, style, indent);
}

/**
 * Returns the changes that need undoing, with the commands for that, in the order in which to type them: newest first. Command lines are
 * never cut.
 */
export function remainingLines({ run, changes }: Ledger, style: TextStyle): readonly string[] {
  const remaining = undoOrder(changes);
  if (remaining.length === 0) return [];
  const count = counted(remaining.length, 'change');
  const title =
    run.importedFrom === null
      ? `may still be on this host: ${count}; undo with \`wf rollback ${run.id}\`, or by hand in this order:`
      : `in place on ${oneLine(run.importedFrom)} when the run was exported: ${count}; undo by hand there in this order:`;
  return [
    ...setText(suggestions(title, style), style.width, 2).map(style.colors.yellow),
    ...undoLines(remaining, style),
  ];
}

/** Returns the same for the changes that a run leaves on the host by design. */
export function keptLines({ run, changes }: Ledger, style: TextStyle): readonly string[] {
  const kept = changes.filter(({ status }) => status === 'kept').toReversed();
  if (kept.length === 0) return [];
  const undo = `undo with \`wf rollback ${run.id}\` (images: with --remove-images), or by hand in this order:`;
  const title = `kept by design: ${counted(kept.length, 'change')}; ${undo}`;
  return [...setText(suggestions(title, style), style.width, 2), ...undoLines(kept, style)];
}

function undoLines(changes: readonly Change[], style: TextStyle): readonly string[] {
  const { colors } = style;
  return changes.flatMap((change) => [
    `  ${oneLine(changeName(change))} ${colors.dim('(')}${statusWords(change, style)}${colors.dim(')')}`,
    ...change.undo.map((command) => `    ${oneLine(command)}`),
  ]);
}

interface Ledger {
  readonly run: Pick<StoredRun, 'id' | 'importedFrom'>;
  readonly changes: readonly Change[];
}

/** Returns why a change has its status. Also a step that has failed may have made its change, or a part of it. */
function reasonOf({ status, reason }: Change): string | null {
  return reason ?? (status === 'intended' ? 'its step has not completed: it may be there, or a part of it' : null);
}

function statusWords(change: Change, style: TextStyle): string {
  const word = statusPaint(style, change.status)(change.status);
  const reason = reasonOf(change);
  return reason === null ? word : `${word}: ${oneLine(reason)}`;
}

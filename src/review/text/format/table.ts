import { cut, oneLine, pad, widthOf } from './plain-text.ts';
import type { Paint, TextStyle } from './text-style.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Its minimum width if it may be cut; a column without it is never cut. */
  readonly shrinksTo?: number;
  /** Order in which columns are dropped, lowest first, if the terminal is too narrow even so; a column without it is never dropped. */
  readonly goes?: number;
}

/**
 * The text of one cell, painted after it is measured and cut. A text whose spaces are kept is sanitized already.
 */
export type Cell = string | { readonly text: string; readonly paint: Paint; readonly spaces?: 'kept' };

const GAP = '  ';

/**
 * Returns a table with a line of titles, fitted to the terminal: columns are dropped if shrinking is not enough, then the widest ones
 * shrink until it fits. The terminal wraps what still does not fit.
 */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  style: TextStyle,
  indent = '',
): readonly string[] {
  const texts = rows.map((row) => columns.map((_, index) => cellText(row[index])));
  const natural = columns.map((column, index) =>
    Math.max(widthOf(column.title), ...texts.map((row) => widthOf(row[index] ?? ''))),
  );
  const available = style.width === null ? null : style.width - widthOf(indent) - GAP.length * (columns.length - 1);
  const going = available === null ? undefined : goesFirst(columns, natural, available);
  if (going !== undefined) {
    const others = <Item>(list: readonly Item[]) => list.filter((_, index) => index !== going);
    return tableLines(others(columns), rows.map(others), style, indent);
  }
  const widths = available === null ? natural : fitted(columns, natural, available);
  const line = (cells: readonly string[], paints: readonly (Paint | undefined)[]) => {
    const last = cells.findLastIndex((text) => text !== '');
    const painted = cells.slice(0, last + 1).map((text, index) => {
      const shown = cut(text, style.width === null ? null : (widths[index] ?? 0));
      const paint = paints[index] ?? ((plain: string) => plain);
      const fill = pad('', (widths[index] ?? 0) - widthOf(shown));
      if (columns[index]?.align === 'right') return fill + paint(shown);
      return index === last ? paint(shown) : paint(shown) + fill;
    });
    return indent + painted.join(GAP);
  };
  const titles = line(
    columns.map((column) => column.title),
    columns.map(() => style.colors.dim),
  );
  return [titles, ...rows.map((row, index) => line(texts[index] ?? [], row.map(cellPaint)))];
}

/** Returns the column to drop next; undefined if all fit, or none may be dropped. */
function goesFirst(columns: readonly Column[], natural: readonly number[], available: number): number | undefined {
  const least = columns.map(({ shrinksTo }, index) =>
    Math.min(natural[index] ?? 0, shrinksTo ?? Number.POSITIVE_INFINITY),
  );
  if (least.reduce((sum, width) => sum + width, 0) <= available) return undefined;
  const [first] = columns
    .flatMap(({ goes }, index) => (goes === undefined ? [] : [{ goes, index }]))
    .toSorted((a, b) => a.goes - b.goes);
  return first?.index;
}

function fitted(columns: readonly Column[], natural: readonly number[], available: number): readonly number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, width) => sum + width, 0) - available;
  while (excess > 0) {
    const widest = widestShrinkable(columns, widths);
    if (widest === undefined) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
  return widths;
}

function widestShrinkable(columns: readonly Column[], widths: readonly number[]): number | undefined {
  let found: number | undefined;
  columns.forEach(({ shrinksTo }, index) => {
    const width = widths[index] ?? 0;
    if (shrinksTo === undefined || width <= shrinksTo) return;
    if (found === undefined || width > (widths[found] ?? 0)) found = index;
  });
  return found;
}

function cellText(cell: Cell | undefined): string {
  if (cell === undefined) return '';
  if (typeof cell === 'string') return oneLine(cell);
  return cell.spaces === 'kept' ? cell.text : oneLine(cell.text);
}

function cellPaint(cell: Cell): Paint | undefined {
  return typeof cell === 'string' ? undefined : cell.paint;
}

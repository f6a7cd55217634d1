import { cut, oneLine, pad, widthOf } from './plain-text.ts';
import type { Paint, TextStyle } from './text-style.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Columns below which it is never cut; a column without one is never cut at all. */
  readonly shrinksTo?: number;
  /** Where a terminal is too narrow even so, columns go: the lowest of these numbers first, never one without. */
  readonly goes?: number;
}

/**
 * Text of one cell; its colour is put on after it was measured and cut. Where its spaces are kept, it is known to hold nothing
 * that would steer a terminal.
 */
export type Cell = string | { readonly text: string; readonly paint: Paint; readonly spaces?: 'kept' };

const GAP = '  ';

/**
 * A table with a line of titles, fitted to the terminal: the widest columns that may shrink do so until it fits, and those that may
 * go do where that is not enough. What still does not fit is left to the terminal.
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

/** The column that goes next; undefined where all fit, or none may go. */
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

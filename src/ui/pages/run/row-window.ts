/** Height of a row of the timeline in pixels, as in run.css. */
export const ROW_HEIGHT = 30;
/** A run with fewer rows shows them all: the browser finds and prints them. */
export const ALL_UNTIL = 200;
/** Rows above and below the visible ones. */
const BEYOND = 12;

/** The rendered part of a long table: rows, and the room of those that are left out. */
export type Segment =
  | { readonly type: 'rows'; readonly from: number; readonly to: number }
  | { readonly type: 'room'; readonly from: number; readonly rows: number };

/** The part of a table that is seen, in pixels. */
export interface Viewport {
  readonly top: number;
  readonly height: number;
}

/** Returns the segments of a table of `count` rows. @param kept a row that is rendered wherever it is: it has the focus */
export function segmentsOf(count: number, { top, height }: Viewport, kept: number | null): readonly Segment[] {
  if (count <= ALL_UNTIL) return [{ type: 'rows', from: 0, to: count }];
  const first = Math.max(0, Math.min(Math.floor(top / ROW_HEIGHT) - BEYOND, count - BEYOND));
  const end = Math.min(count, Math.ceil((top + height) / ROW_HEIGHT) + BEYOND);
  const parts = [[first, Math.max(first, end)] as const];
  if (kept !== null && kept >= 0 && kept < first) parts.unshift([kept, kept + 1]);
  if (kept !== null && kept >= end && kept < count) parts.push([kept, kept + 1]);
  const segments: Segment[] = [];
  let at = 0;
  for (const [from, to] of parts) {
    if (from > at) segments.push({ type: 'room', from: at, rows: from - at });
    segments.push({ type: 'rows', from, to });
    at = to;
  }
  if (at < count) segments.push({ type: 'room', from: at, rows: count - at });
  return segments;
}

/** Returns where to scroll so that a row is seen; undefined if it is. */
export function scrollTopFor(row: number, { top, height }: Viewport): number | undefined {
  const from = row * ROW_HEIGHT;
  if (from >= top && from + 2 * ROW_HEIGHT <= top + height) return undefined;
  return Math.max(0, from - Math.floor(height / 3));
}

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { durationText } from '../../../review/text/format/duration.ts';
import { ROW_HEIGHT, scrollTopFor, segmentsOf, type Viewport } from './row-window.ts';
import type { TimelineRow } from './timeline-content.ts';
import { Row, type RowListener, type TimelineNow } from './timeline-row.tsx';

/** The part of the scrolling element that the table uses. */
interface Scroller {
  scrollTop: number;
  readonly clientHeight: number;
}

interface TimelineTableProps {
  readonly rows: readonly TimelineRow[];
  readonly now: TimelineNow;
}

/** Before the browser has measured it. */
const FIRST_VIEWPORT: Viewport = { top: 0, height: 30 * ROW_HEIGHT };
const PAGE_ROWS = 15;
/** Pixels after which other rows are rendered. */
const SCROLL_STEP = 4 * ROW_HEIGHT;

/** The rows of the timeline in a table, of which only those in view exist. */
export function TimelineTable({ rows, now }: TimelineTableProps) {
  const scroller = useRef<Scroller | null>(null);
  const links = useRef(new Map<string, { focus(): void }>());
  const toFocus = useRef<string | null>(null);
  const lastSelected = useRef(now.selected);
  const [viewport, setViewport] = useState(FIRST_VIEWPORT);
  const [focused, setFocused] = useState<string | null>(null);
  const indexOf = (key: string | null) => (key === null ? -1 : rows.findIndex((row) => row.key === key));
  const focusedIndex = indexOf(focused);

  const measure = () => {
    const element = scroller.current;
    if (element === null) return;
    const [top, height] = [Math.floor(element.scrollTop / SCROLL_STEP) * SCROLL_STEP, element.clientHeight];
    setViewport((before) => (before.top === top && before.height === height ? before : { top, height }));
  };
  useEffect(measure, [rows.length]);
  useLayoutEffect(() => {
    // The focus returns to the link that opened the step.
    if (now.selected === null && lastSelected.current !== null) {
      toFocus.current = lastSelected.current;
      setFocused(lastSelected.current);
    }
    lastSelected.current = now.selected;
    const [element, row] = [scroller.current, indexOf(now.selected)];
    if (element === null || row < 0) return;
    const top = scrollTopFor(row, { top: element.scrollTop, height: element.clientHeight });
    if (top === undefined) return;
    element.scrollTop = top;
    measure();
  }, [now.selected]);
  useLayoutEffect(() => {
    const link = toFocus.current === null ? undefined : links.current.get(toFocus.current);
    if (link === undefined) return;
    toFocus.current = null;
    link.focus();
  });

  const listener: RowListener = {
    focus: setFocused,
    link: (key, element) => void (element === null ? links.current.delete(key) : links.current.set(key, element)),
  };

  /** Moves the focus to the step that is so many rows below. */
  const move = (by: number) => {
    const steps = rows.flatMap((row, index) => (row.type === 'step' ? [{ key: row.key, index }] : []));
    const here = steps.findIndex(({ index }) => index === focusedIndex);
    const target = steps[Math.max(0, Math.min(steps.length - 1, here + by))];
    if (target === undefined || here < 0) return;
    toFocus.current = target.key;
    setFocused(target.key);
  };
  const moves: Readonly<Record<string, number>> = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: PAGE_ROWS,
    PageUp: -PAGE_ROWS,
    Home: Number.NEGATIVE_INFINITY,
    End: Number.POSITIVE_INFINITY,
  };

  return (
    <section
      class="timeline-rows"
      aria-label="Rows of the timeline"
      ref={(element: Scroller | null) => {
        scroller.current = element;
      }}
      onScroll={measure}
      onKeyDown={(event) => {
        const by = moves[event.key];
        if (by === undefined || focusedIndex < 0) return;
        event.preventDefault();
        move(by);
      }}
    >
      <table aria-rowcount={rows.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">Stage and step</th>
            <th scope="col" class="kind">
              Kind
            </th>
            <th scope="col" class="state">
              Status
            </th>
            <th scope="col" class="took">
              Time
            </th>
            <th scope="col" class="time">
              <span>0</span> <span>{durationText(now.totalMs)}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {segmentsOf(rows.length, viewport, focusedIndex < 0 ? null : focusedIndex).flatMap((segment) =>
            segment.type === 'room'
              ? [<Room key={`room ${segment.from}`} rows={segment.rows} />]
              : rows
                  .slice(segment.from, segment.to)
                  .map((row, index) => (
                    <Row key={row.key} row={row} index={segment.from + index + 2} now={now} listener={listener} />
                  )),
          )}
        </tbody>
      </table>
    </section>
  );
}

/** The room of rows that do not exist. It spans the columns that are there on every screen. */
function Room({ rows }: { readonly rows: number }) {
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: an empty row takes no focus
    <tr class="room" aria-hidden="true">
      <td colSpan={4}>
        <svg width="1" height={rows * ROW_HEIGHT} />
      </td>
    </tr>
  );
}

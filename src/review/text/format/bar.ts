import type { Span, Timeline } from '../../timeline/timeline.ts';

const SIGNS: Readonly<Record<Span['type'], string>> = { work: '█', lost: '▒', between: '░' };
const GAP = '┊';

/** Returns the legend of the signs in the bars of a timeline, as far as they occur. */
export function barLegend(spans: readonly Span[], { gapsMs }: Pick<Timeline, 'gapsMs'>): readonly string[] {
  const has = (type: Span['type']) => spans.some((span) => span.type === type);
  return [
    ...(has('lost') ? [`${SIGNS.lost} an attempt that failed or was interrupted`] : []),
    ...(has('between') ? [`${SIGNS.between} until the next attempt`] : []),
    ...(gapsMs.length > 0 ? [`${GAP} idle time, left out`] : []),
  ];
}

/** Returns a bar of at most `width` columns for spans of time in a whole run. */
export function bar(spans: readonly Span[], { totalMs, gapsMs }: Pick<Timeline, 'totalMs' | 'gapsMs'>, width: number) {
  const columns = Array.from({ length: width }, () => ' ');
  const columnAt = (ms: number) => (totalMs === 0 ? 0 : Math.round((ms / totalMs) * width));
  const draw = (fromMs: number, toMs: number, sign: string) => {
    const first = Math.min(columnAt(fromMs), width - 1);
    // A short span has at least one column.
    columns.fill(sign, first, Math.max(first + 1, columnAt(toMs)));
  };
  for (const ms of gapsMs) draw(ms, ms, GAP);
  for (const { fromMs, toMs, type } of spans) draw(fromMs, toMs, SIGNS[type]);
  return columns.join('').trimEnd();
}

/** Returns the scale above bars: 0 and, at the other end, the duration of the run. */
export function barScale(total: string, width: number): string {
  return `0${total.padStart(Math.max(0, width - 1))}`;
}

import type { Span, Timeline } from '../../timeline/timeline.ts';

const SIGNS: Readonly<Record<Span['type'], string>> = { work: '█', lost: '▒', between: '░' };
const GAP = '┊';

/** What the signs in the bars of a timeline mean: of those only that need to be told. */
export function barLegend(spans: readonly Span[], { gapsMs }: Pick<Timeline, 'gapsMs'>): readonly string[] {
  const has = (type: Span['type']) => spans.some((span) => span.type === type);
  return [
    ...(has('lost') ? [`${SIGNS.lost} an attempt that failed or was interrupted`] : []),
    ...(has('between') ? [`${SIGNS.between} until the next attempt`] : []),
    ...(gapsMs.length > 0 ? [`${GAP} nobody advanced the run: that time is left out`] : []),
  ];
}

/** A bar of at most `width` columns over the time of a whole run: what took place, where it began, how long it was. */
export function bar(spans: readonly Span[], { totalMs, gapsMs }: Pick<Timeline, 'totalMs' | 'gapsMs'>, width: number) {
  const columns = Array.from({ length: width }, () => ' ');
  const columnAt = (ms: number) => (totalMs === 0 ? 0 : Math.round((ms / totalMs) * width));
  const draw = (fromMs: number, toMs: number, sign: string) => {
    const first = Math.min(columnAt(fromMs), width - 1);
    // However short, it is seen.
    columns.fill(sign, first, Math.max(first + 1, columnAt(toMs)));
  };
  for (const ms of gapsMs) draw(ms, ms, GAP);
  for (const { fromMs, toMs, type } of spans) draw(fromMs, toMs, SIGNS[type]);
  return columns.join('').trimEnd();
}

/** What stands above bars of so many columns: where the run began and, at the other end, how long it was. */
export function barScale(total: string, width: number): string {
  return `0${total.padStart(Math.max(0, width - 1))}`;
}

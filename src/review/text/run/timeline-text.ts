import { asStepId } from '../../../engine/model/ids.ts';
import { onHostName } from '../../../engine/model/on-host-name.ts';
import type { RunMaterial } from '../../record/run-material.ts';
import type { RunRecord, StepRecord } from '../../record/run-record.ts';
import { type StepAttempt, stepAttempts } from '../../record/steps/step-attempts.ts';
import { type Timeline, timelineOf } from '../../timeline/timeline.ts';
import { bar, barLegend, barScale } from '../format/bar.ts';
import { durationText } from '../format/duration.ts';
import { outputWords } from '../format/output-words.ts';
import { counted, oneLine, wrapWords } from '../format/plain-text.ts';
import { type Cell, type Column, tableLines } from '../format/table.ts';
import { statusPaint, type TextStyle } from '../format/text-style.ts';

/** Width from which there is room for the kinds of the steps. */
const WIDE = 120;
/** Width from which there is room for a useful part of the outputs. */
const ROOM_FOR_OUTPUTS = 100;
const PIPED_BAR = 40;

/**
 * Returns stages and steps in one table, in the order in which they began, each with its part of the run's time as a bar; then the
 * rollback. Empty for a run without stages and steps.
 */
export function timelineLines(
  material: RunMaterial,
  record: RunRecord,
  now: number,
  style: TextStyle,
): readonly string[] {
  if (record.stages.length === 0 && record.steps.length === 0) return [];
  const timeline = timelineOf(material.journal, record.status, now);
  const attempts = stepAttempts(material.journal, record.status);
  const barWidth = barWidthFor(style);
  const withKind = style.width === null || style.width >= WIDE;
  const scale = barScale(durationText(timeline.totalMs), barWidth);
  const columns: readonly Column[] = [
    // The ids are needed for other commands: they shrink last.
    { title: 'stage and step', shrinksTo: between(14, (style.width ?? 80) - 50, 30) },
    ...(withKind ? [{ title: 'kind', shrinksTo: 10 }] : []),
    { title: 'status' },
    { title: 'time', align: 'right' },
    { title: scale, goes: 2 },
    { title: 'result', shrinksTo: 8, goes: 1 },
  ];
  const barCell = (spans: Parameters<typeof bar>[0]): Cell => ({
    text: bar(spans, timeline, barWidth),
    paint: style.colors.cyan,
    spaces: 'kept',
  });
  const stepRow = (step: StepRecord): readonly Cell[] => {
    const id = asStepId(step.id);
    return [
      { text: `  ${oneLine(step.id)}`, paint: String, spaces: 'kept' },
      ...(withKind ? [onHostName(step.host, step.kind)] : []),
      { text: step.status, paint: statusPaint(style, step.status) },
      durationText(step.durationMs),
      barCell(timeline.steps.get(id) ?? []),
      resultCell(step, attempts.get(id) ?? [], style),
    ];
  };
  const rows = record.stages.flatMap(({ name, status, durationMs }): readonly (readonly Cell[])[] => {
    const own = record.steps.filter((step) => step.stage === name);
    const stage: readonly Cell[] = [
      { text: name, paint: style.colors.bold },
      ...(withKind ? [''] : []),
      { text: status, paint: statusPaint(style, status) },
      durationText(durationMs),
      // A stage without a begun step has no part of the time yet.
      barCell(status === 'pending' ? [] : (timeline.stages.get(name) ?? [])),
      own.length === 0 ? '' : counted(own.length, 'step'),
    ];
    return [stage, ...own.map(stepRow)];
  });
  const lines = tableLines(columns, [...rows, ...rollbackRows(timeline, withKind, barCell, style)], style, '  ');
  const spans = [...timeline.steps.values(), timeline.rollback].flat();
  const isDrawn = lines[0]?.includes(scale) === true;
  const legend = isDrawn
    ? wrapWords(barLegend(spans, timeline), style.width === null ? null : style.width - 2, '  ')
    : [];
  return [...lines, ...legend.map((line) => `  ${style.colors.dim(line)}`)];
}

function barWidthFor({ width }: TextStyle): number {
  return width === null ? PIPED_BAR : between(8, 16 + Math.floor((width - 80) / 3), 60);
}

function between(least: number, value: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

function rollbackRows(
  { rollback }: Timeline,
  withKind: boolean,
  barCell: (spans: Timeline['rollback']) => Cell,
  { colors }: TextStyle,
): readonly (readonly Cell[])[] {
  if (rollback.length === 0) return [];
  const tookMs = rollback.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  const title = { text: 'rollback', paint: colors.bold };
  return [[title, ...(withKind ? [''] : []), '', durationText(tookMs), barCell(rollback), '']];
}

function resultCell({ error, output }: StepRecord, attempts: readonly StepAttempt[], style: TextStyle): Cell {
  const { colors, width } = style;
  const interrupted = attempts.filter(({ outcome }) => outcome === 'interrupted').map(({ attempt }) => attempt);
  const tries = attempts.length > 1 ? [`${attempts.length} attempts`] : [];
  const cutOff = interrupted.length === 0 ? [] : [`attempt ${interrupted.join(', ')} interrupted`];
  if (error !== null)
    return { text: [...tries, ...cutOff, `${error.code}: ${error.message}`].join('; '), paint: colors.red };
  const answer = width === null || width >= ROOM_FOR_OUTPUTS ? outputWords(output) : '';
  return [...tries, ...cutOff, ...(answer === '' ? [] : [answer])].join('; ');
}

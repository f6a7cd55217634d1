import type { Span } from '../../../review/timeline/timeline.ts';
import type { RunView, StageRow, StepRow } from '../../views/runs/run-view.ts';

/** A row of the timeline. */
export type TimelineRow =
  | { readonly type: 'stage'; readonly key: string; readonly stage: StageRow; readonly steps: number }
  | { readonly type: 'step'; readonly key: string; readonly step: StepRow }
  | { readonly type: 'rollback'; readonly key: string; readonly spans: readonly Span[] };

export interface RowFilter {
  readonly text: string;
  /** Whether only steps with a failed or interrupted attempt are listed. */
  readonly failedOnly: boolean;
}

type Content = Pick<RunView, 'stages' | 'steps' | 'timeline'>;

/** Returns the stages in order, each with its steps in the order in which they began, then the rollback. */
export function timelineRows({ stages, steps, timeline }: Content): readonly TimelineRow[] {
  const byStage = new Map<string, StepRow[]>(stages.map(({ name }) => [name, []]));
  for (const step of steps) {
    const own = byStage.get(step.stage);
    if (own === undefined) byStage.set(step.stage, [step]);
    else own.push(step);
  }
  const listed = new Map(stages.map((stage) => [stage.name, stage]));
  const rows = [...byStage].flatMap(([name, own]): readonly TimelineRow[] => {
    const stage = listed.get(name);
    const title: readonly TimelineRow[] =
      stage === undefined ? [] : [{ type: 'stage', key: `stage ${name}`, stage, steps: own.length }];
    return [...title, ...own.map((step): TimelineRow => ({ type: 'step', key: step.id, step }))];
  });
  if (timeline.rollback.length === 0) return rows;
  return [...rows, { type: 'rollback', key: 'rollback', spans: timeline.rollback }];
}

/** Returns the rows that match, and the stages of the steps that do. */
export function filteredRows(rows: readonly TimelineRow[], filter: RowFilter): readonly TimelineRow[] {
  const text = filter.text.trim().toLowerCase();
  if (text === '' && !filter.failedOnly) return rows;
  const kept: TimelineRow[] = [];
  let title: TimelineRow | undefined;
  for (const row of rows) {
    if (row.type === 'stage') {
      title = row;
      if (!filter.failedOnly && text !== '' && includes([row.stage.name, row.stage.status], text)) {
        kept.push(row);
        title = undefined;
      }
    } else if (row.type === 'step' && matches(row.step, text, filter.failedOnly)) {
      if (title !== undefined) kept.push(title);
      title = undefined;
      kept.push(row);
    } else if (row.type === 'rollback' && !filter.failedOnly && 'rollback'.includes(text)) {
      kept.push(row);
    }
  }
  return kept;
}

function matches(step: StepRow, text: string, failedOnly: boolean): boolean {
  if (failedOnly && !hasFailed(step)) return false;
  const { id, stage, kind, status, error } = step;
  return text === '' || includes([id, stage, kind, status, error?.code ?? '', error?.message ?? ''], text);
}

function includes(texts: readonly string[], text: string): boolean {
  return texts.some((one) => one.toLowerCase().includes(text));
}

function hasFailed({ status, error, spans }: StepRow): boolean {
  return (
    error !== null ||
    status === 'failed' ||
    status === 'interrupted' ||
    status === 'stopped' ||
    spans.some(({ type }) => type === 'lost')
  );
}

/** Whether the last span of a row has not ended, and grows with the clock. */
export function isOpen(row: TimelineRow, runStatus: string): boolean {
  switch (row.type) {
    case 'stage':
      return row.stage.status === 'running' && runStatus !== 'rolling-back';
    case 'step':
      return row.step.status === 'running';
    case 'rollback':
      return runStatus === 'rolling-back';
  }
}

/** Returns the spans of a row at a later moment of a run that advances. @param totalMs of the run at that moment */
export function grownSpans(spans: readonly Span[], isLastOpen: boolean, totalMs: number): readonly Span[] {
  const last = spans.at(-1);
  if (!isLastOpen || last === undefined) return spans;
  return [...spans.slice(0, -1), { ...last, toMs: Math.max(last.toMs, totalMs) }];
}

import { onHostName } from '../../../engine/model/on-host-name.ts';
import { durationText } from '../../../review/text/format/duration.ts';
import type { Span } from '../../../review/timeline/timeline.ts';
import { displayedText } from '../../views/displayed.ts';
import { Status } from '../parts/status.tsx';
import { openHere, type StepAddresses } from './step-link.tsx';
import { grownSpans, isOpen, type TimelineRow } from './timeline-content.ts';

/** The run at this moment, as all rows need it. */
export interface TimelineNow {
  readonly runStatus: string;
  readonly totalMs: number;
  readonly gapsMs: readonly number[];
  /** Whether spans without an end grow with the clock. */
  readonly isAdvancing: boolean;
  /** The step whose details are open; null if none. */
  readonly selected: string | null;
  readonly steps: StepAddresses;
}

/** The callbacks of a row. */
export interface RowListener {
  focus(key: string): void;
  /** Called with the element to focus, and with null when it is gone. */
  link(key: string, element: { focus(): void } | null): void;
}

interface RowProps {
  readonly row: TimelineRow;
  /** From 1, with the heading. */
  readonly index: number;
  readonly now: TimelineNow;
  readonly listener: RowListener;
}

/** A stage, a step or the rollback, with its part of the time of the run. */
export function Row({ row, index, now, listener }: RowProps) {
  const isLastOpen = now.isAdvancing && isOpen(row, now.runStatus);
  const spans = grownSpans(spansOf(row), isLastOpen, now.totalMs);
  const took = tookMs(row, spans, isLastOpen);
  return (
    <tr class={row.type} aria-rowindex={index}>
      <th scope="row">
        <RowName row={row} now={now} listener={listener} />
      </th>
      <td class="kind">{row.type === 'step' ? onHostName(row.step.host, row.step.kind) : ''}</td>
      <td class="state">{row.type === 'rollback' ? null : <Status status={statusOf(row)} />}</td>
      <td class="took">{durationText(took)}</td>
      <td class="time">
        <Bar spans={spans} totalMs={now.totalMs} gapsMs={now.gapsMs} />
      </td>
    </tr>
  );
}

function RowName({ row, now, listener }: Omit<RowProps, 'index'>) {
  if (row.type === 'rollback') return <>rollback</>;
  if (row.type === 'stage') {
    const { steps } = row;
    return (
      <>
        {row.stage.name} <span class="quiet">{steps === 0 ? '' : `${steps} step${steps === 1 ? '' : 's'}`}</span>
      </>
    );
  }
  const { id, attempts } = row.step;
  return (
    <a
      href={now.steps.addressOf(id)}
      title={displayedText(id)}
      aria-current={now.selected === id ? 'true' : undefined}
      ref={(element) => listener.link(id, element)}
      onFocus={() => listener.focus(id)}
      onClick={openHere(id, now.steps)}
    >
      {displayedText(id)}
      {attempts > 1 ? <span class="quiet">{` ${attempts} attempts`}</span> : null}
    </a>
  );
}

function spansOf(row: TimelineRow): readonly Span[] {
  switch (row.type) {
    case 'stage':
      // A stage without a begun step has no part of the time yet.
      return row.stage.status === 'pending' ? [] : row.stage.spans;
    case 'step':
      return row.step.spans;
    case 'rollback':
      return row.spans;
  }
}

function statusOf(row: Exclude<TimelineRow, { type: 'rollback' }>): string {
  return row.type === 'stage' ? row.stage.status : row.step.status;
}

function tookMs(row: TimelineRow, spans: readonly Span[], isGrowing: boolean): number | null {
  const known = row.type === 'stage' ? row.stage.durationMs : row.type === 'step' ? row.step.durationMs : null;
  if (known !== null) return known;
  if (row.type !== 'rollback' && !isGrowing) return null;
  return spans.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
}

/** Units of the width of a bar. */
const WIDTH = 1_000;

interface BarProps {
  readonly spans: readonly Span[];
  readonly totalMs: number;
  readonly gapsMs: readonly number[];
}

/** Spans of time in the whole run. */
function Bar({ spans, totalMs, gapsMs }: BarProps) {
  const at = (ms: number) => (totalMs <= 0 ? 0 : Math.min(WIDTH, Math.max(0, (ms / totalMs) * WIDTH)));
  return (
    <svg class="bar" viewBox={`0 0 ${WIDTH} 16`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
      {spans.map(({ fromMs, toMs, type }, index) => {
        const x = at(fromMs);
        return <rect key={index} class={type} x={rounded(x)} y="3" width={rounded(at(toMs) - x)} height="10" />;
      })}
      {gapsMs.map((ms) => (
        <line key={ms} class="gap" x1={rounded(at(ms))} x2={rounded(at(ms))} y1="0" y2="16" />
      ))}
    </svg>
  );
}

function rounded(units: number): string {
  return String(Math.round(units * 10) / 10);
}

import { useMemo, useState } from 'preact/hooks';
import type { RunView } from '../../views/runs/run-view.ts';
import { useElapsed } from '../live/use-run.ts';
import { ALL_UNTIL } from './row-window.ts';
import { filteredRows, timelineRows } from './timeline-content.ts';
import type { TimelineNow } from './timeline-row.tsx';
import { TimelineTable } from './timeline-table.tsx';

interface TimelineProps extends Pick<TimelineNow, 'selected' | 'steps'> {
  readonly view: RunView;
  /** When the page learned of the last event; null before the browser has taken over. */
  readonly knownAt: number | null;
}

/** Stages and steps with their part of the time of the run. */
export function Timeline({ view, knownAt, selected, steps: addresses }: TimelineProps) {
  const [text, setText] = useState('');
  const [failedOnly, setFailedOnly] = useState(false);
  const { stages, steps, timeline } = view;
  const all = useMemo(() => timelineRows({ stages, steps, timeline }), [stages, steps, timeline]);
  const rows = useMemo(() => filteredRows(all, { text, failedOnly }), [all, text, failedOnly]);
  const elapsedMs = useElapsed(timeline.isAdvancing ? knownAt : null);
  const now: TimelineNow = {
    runStatus: view.run.status,
    totalMs: timeline.totalMs + elapsedMs,
    gapsMs: timeline.gapsMs,
    isAdvancing: timeline.isAdvancing,
    selected,
    steps: addresses,
  };
  const count = rows.filter(({ type }) => type === 'step').length;
  return (
    <section class="timeline" aria-labelledby="timeline">
      <h2 id="timeline">Timeline</h2>
      <search class="filter">
        <label>
          Find a step{' '}
          <input
            type="search"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
            autocomplete="off"
          />
        </label>
        <label>
          <input
            type="checkbox"
            checked={failedOnly}
            onChange={(event) => setFailedOnly(event.currentTarget.checked)}
          />{' '}
          Failed only
        </label>
        <span class="quiet" role="status">
          {`${count === steps.length ? '' : `${count} of `}${steps.length} step${steps.length === 1 ? '' : 's'}`}
        </span>
        {all.length > ALL_UNTIL ? (
          <span class="quiet">The search of the browser finds only the rows in view.</span>
        ) : null}
      </search>
      <TimelineTable rows={rows} now={now} />
      <Legend view={view} />
    </section>
  );
}

/** The meanings of the parts of the bars, as far as they occur. */
function Legend({ view: { steps, timeline } }: { readonly view: RunView }) {
  const has = (type: 'lost' | 'between') => steps.some(({ spans }) => spans.some((span) => span.type === type));
  const entries = [
    ...(has('lost') ? [['lost', 'an attempt that failed or was interrupted'] as const] : []),
    ...(has('between') ? [['between', 'until the next attempt'] as const] : []),
    ...(timeline.gapsMs.length > 0 ? [['gap', 'idle time, left out'] as const] : []),
  ];
  if (entries.length === 0) return null;
  return (
    <ul class="legend quiet" aria-label="Signs in the bars">
      {entries.map(([type, words]) => (
        <li key={type}>
          <svg class="bar" width="24" height="16" viewBox="0 0 24 16" aria-hidden="true" focusable="false">
            {type === 'gap' ? (
              <line class="gap" x1="12" x2="12" y1="0" y2="16" />
            ) : (
              <rect class={type} x="0" y="3" width="24" height="10" />
            )}
          </svg>{' '}
          {words}
        </li>
      ))}
    </ul>
  );
}

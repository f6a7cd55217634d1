import { useEffect, useState } from 'preact/hooks';
import type { GraphView } from '../../views/runs/run-page-view.ts';
import type { RunView, StageRow } from '../../views/runs/run-view.ts';
import { browser } from '../live/browser.ts';
import { Picture } from '../parts/picture.tsx';
import { ScrollBox } from '../parts/scroll-box.tsx';

interface MachineProps {
  readonly view: RunView;
  readonly graph: GraphView;
  /** Address of the run in the API. */
  readonly address: string;
}

/** The state machine with the path taken, as a picture and in words. */
export function Machine({ view, graph, address }: MachineProps) {
  const seq = useSeldom(view.seq, PICTURE_MS);
  const [fits, setFits] = useState(false);
  const words = stagesInWords(view.stages);
  return (
    <section class={fits ? 'machine fits' : 'machine'} aria-labelledby="machine">
      <h2 id="machine">Machine</h2>
      <p>{words}</p>
      {graph.type === 'missing' ? (
        <p class="quiet">The machine cannot be drawn: {graph.reason}</p>
      ) : (
        <>
          <ScrollBox label="Picture of the machine">
            <Picture
              address={`${address}/graph.svg?seq=${seq}`}
              alternative={`State machine of ${view.run.workflow}. ${words}`}
              width={graph.width}
              height={graph.height}
            />
          </ScrollBox>
          <p>
            <button type="button" aria-pressed={fits} onClick={() => setFits(!fits)}>
              Fit
            </button>{' '}
            <a href={`${address}/graph.svg`}>Picture alone</a>
          </p>
        </>
      )}
    </section>
  );
}

/** A picture of a long run takes time to draw. */
const PICTURE_MS = 1_000;

/** Returns the value, updated at most once in `restMs` milliseconds. */
function useSeldom(value: number, restMs: number): number {
  const [shown, setShown] = useState({ value, at: 0 });
  useEffect(() => {
    if (value === shown.value) return;
    const wait = Math.max(0, shown.at + restMs - browser().now());
    return browser().after(wait, () => setShown({ value, at: browser().now() }));
  }, [value, shown]);
  return shown.value;
}

/** Returns the stages of the picture in words, by status. */
function stagesInWords(stages: readonly StageRow[]): string {
  const named = (words: string, statuses: readonly StageRow['status'][]) => {
    const names = stages.filter(({ status }) => statuses.includes(status)).map(({ name }) => name);
    return names.length === 0 ? [] : [`${words}: ${names.join(', ')}.`];
  };
  return [
    ...named('Passed', ['succeeded']),
    ...named('Current', ['running']),
    ...named('Failed', ['failed']),
    ...named('Interrupted', ['interrupted']),
    ...named('Did not run', ['skipped']),
    ...named('Not run yet', ['pending']),
  ].join(' ');
}

import { useEffect, useState } from 'preact/hooks';
import type { RunView } from '../../views/runs/run-view.ts';
import { browser } from './browser.ts';
import { type Connection, followRun } from './event-source.ts';
import { mergeUpdate } from './merge-update.ts';
import { useTicks } from './use-ticks.ts';

/** A run as a page knows it. */
export interface LiveRun {
  readonly view: RunView;
  /** When the page received the view, in milliseconds since the epoch; null before the browser has taken over. */
  readonly knownAt: number | null;
  /** `gone`: the run is not in the history any more. */
  readonly connection: Connection | 'gone';
}

/** Follows a run, from the view that the server has rendered. */
export function useRun(basePath: string, first: RunView): LiveRun {
  const [live, setLive] = useState<LiveRun>({ view: first, knownAt: null, connection: 'connected' });
  const { id } = first.run;
  useEffect(() => {
    const change = (news: Partial<LiveRun>) => setLive((before) => ({ ...before, ...news }));
    change({ knownAt: browser().now() });
    return followRun(basePath, id, first.seq, {
      update: (update) =>
        setLive(({ view }) => ({
          view: mergeUpdate(view, update),
          knownAt: browser().now(),
          connection: 'connected',
        })),
      gone: () => change({ connection: 'gone' }),
      connection: (connection) => change({ connection }),
    });
  }, [basePath, id, first.seq]);
  return live;
}

/** Returns the milliseconds since a moment, in seconds, while the page is on the screen; 0 if the moment is null. */
export function useElapsed(since: number | null): number {
  useTicks(since !== null);
  return since === null ? 0 : Math.max(0, browser().now() - since);
}

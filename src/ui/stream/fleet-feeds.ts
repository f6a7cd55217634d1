import { type Clock, pause } from '../../engine/ports/clock.ts';
import type { FleetId } from '../../fleet/model/ids.ts';
import type { PageFleet } from '../server/ui-context.ts';

/** Notifies open pages of changes of fleet runs. Asks nothing while no page is open. */
export interface FleetFeeds {
  /** Calls `changed` when a fleet run has changed, or has become readable or unreadable. */
  follow(id: FleetId, changed: () => void): () => void;
  /** Does the same for the list of fleet runs. */
  followAll(changed: () => void): () => void;
  close(): void;
}

/** Time between two notifications: a large fleet run changes many times a second. */
const REST_MS = 200;
/** The list has no long poll. */
const LIST_MS = 2_000;
const RETRY_MS = 3_000;

/** The state of something that cannot be read. */
const UNREADABLE = 'unreadable';
type State = number | string;

interface Watch {
  readonly listeners: Set<() => void>;
  readonly over: AbortController;
}

export function createFleetFeeds(clock: Clock, fleet: PageFleet | null): FleetFeeds {
  const watches = new Map<string, Watch>();

  async function run(
    { listeners, over: { signal } }: Watch,
    restMs: number,
    read: (before: State | undefined, signal: AbortSignal) => Promise<State>,
  ): Promise<void> {
    let state: State | undefined;
    while (!signal.aborted) {
      const next = await read(state, signal).catch(() => UNREADABLE);
      if (signal.aborted) return;
      if (next !== state) for (const changed of listeners) changed();
      state = next;
      await pause(clock, next === UNREADABLE ? RETRY_MS : restMs, signal);
    }
  }

  function join(key: string, changed: () => void, begin: (watch: Watch) => void): () => void {
    const watch = watches.get(key) ?? { listeners: new Set(), over: new AbortController() };
    watch.listeners.add(changed);
    if (!watches.has(key)) {
      watches.set(key, watch);
      begin(watch);
    }
    return () => {
      watch.listeners.delete(changed);
      if (watch.listeners.size > 0) return;
      watch.over.abort();
      if (watches.get(key) === watch) watches.delete(key);
    };
  }

  return {
    follow: (id, changed) =>
      join(id, changed, (watch) => {
        if (fleet === null) return;
        void run(watch, REST_MS, async (before, signal) => {
          const after = typeof before === 'number' ? before : 0;
          return (await fleet.control.follow(id, after, signal)).version;
        });
      }),
    followAll: (changed) =>
      // No fleet has this id.
      join('', changed, (watch) => {
        if (fleet === null) return;
        void run(watch, LIST_MS, async () => JSON.stringify(await fleet.control.fleets()));
      }),
    close() {
      for (const { over } of watches.values()) over.abort();
      watches.clear();
    },
  };
}

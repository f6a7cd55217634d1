import type { Owner } from '../../engine/model/identity/owner.ts';
import type { RunId } from '../../engine/model/ids.ts';
import type { HistoryReader } from '../../history/reader.ts';
import type { UiContext } from '../server/ui-context.ts';
import { createRunFeed, type RunFeed, type RunListener } from './run-feed.ts';

/** Notifies open pages of changes in the history. Reads nothing while no page is open. */
export interface Feeds {
  followRun(run: RunId, after: number, listener: RunListener): () => void;
  /** Calls `changed` when any run has changed. */
  followRuns(changed: () => void): () => void;
  close(): void;
}

/** The longest time until a commit of another process is noticed. */
const CHECK_MS = 100;
/** The longest time until a dead owner is noticed, as it commits nothing. */
const ALIVE_MS = 1_000;
/** Lists are read again at most this often. */
const LIST_MS = 500;

export function createFeeds(context: Pick<UiContext, 'clock' | 'history' | 'isAlive' | 'pidNamespace'>): Feeds {
  const { clock, isAlive } = context;
  const feeds = new Map<RunId, RunFeed>();
  const lists = new Set<() => void>();
  let reader: HistoryReader | undefined;
  let version: number | undefined;
  let checkedAllAt = 0;
  let listedAt = 0;
  let isListDue = false;
  /** The owners of leases, as of this version; undefined until they are needed. */
  let owners: readonly Owner[] | undefined;
  /** Those of them that are dead, as JSON. */
  let dead = '[]';
  let cancel: (() => void) | undefined;

  async function check(): Promise<void> {
    const history = await context.history();
    // Versions of two connections are not comparable.
    if (history !== reader) version = undefined;
    reader = history;
    if (history === undefined) return;
    const now = clock.now();
    const before = version;
    version = history.dataVersion();
    const isChanged = version !== before;
    if (isChanged) owners = undefined;
    const isAllDue = now - checkedAllAt >= ALIVE_MS;
    if (isAllDue) {
      checkedAllAt = now;
      if (lists.size > 0) {
        owners ??= history.owners();
        const seen = dead;
        dead = JSON.stringify(owners.filter((owner) => !isAlive(owner)));
        isListDue ||= seen !== dead;
      }
    }
    isListDue ||= isChanged;
    if (isListDue && now - listedAt >= LIST_MS) {
      isListDue = false;
      listedAt = now;
      for (const changed of lists) changed();
    }
    for (const feed of feeds.values()) {
      try {
        feed.refresh(history);
      } catch {
        // The rows of one run are damaged, or the database is locked: the next check tries again, and other feeds are not affected.
      }
    }
  }

  function checkLater(): void {
    cancel = clock.after(
      CHECK_MS,
      () => {
        check()
          // A locked or replaced database: the next check tries again.
          .catch(() => {
            version = undefined;
          })
          .finally(() => {
            if (feeds.size + lists.size > 0) checkLater();
            else cancel = undefined;
          });
      },
      true,
    );
  }

  const begin = () => {
    if (cancel === undefined) checkLater();
  };

  return {
    followRun(run, after, listener) {
      const feed = feeds.get(run) ?? createRunFeed(run, context);
      feeds.set(run, feed);
      const remove = feed.add(after, listener);
      begin();
      return () => {
        remove();
        // Another feed may have replaced it after the run was gone.
        if (feed.isEmpty && feeds.get(run) === feed) feeds.delete(run);
      };
    },
    followRuns(changed) {
      lists.add(changed);
      begin();
      return () => {
        lists.delete(changed);
      };
    },
    close() {
      feeds.clear();
      lists.clear();
      cancel?.();
      cancel = undefined;
    },
  };
}

import type { RunId } from '../model/ids.ts';
import type { OpenRequest } from '../model/request.ts';
import type { Clock } from '../ports/clock.ts';
import type { HistoryPort } from '../ports/history.ts';
import { readRequest } from './open-requests.ts';

/** A run acts on a request within a quarter of a second; one check takes microseconds. */
const CHECK_MS = 100;

/** Passes the requests of all processes to the runs that this process advances. */
export interface RequestInbox {
  /**
   * Passes on each unanswered request to the run: earlier ones at once, later ones within 100 ms. Returns a function that ends this.
   */
  watch(run: RunId, onRequest: (request: OpenRequest) => void): () => void;
  /** Checks for requests now: this process has just stored one. */
  check(): void;
}

type InboxHistory = Pick<HistoryPort, 'openRequests' | 'journal' | 'dataVersion'>;

interface Watcher {
  readonly seen: Set<number>;
  onRequest(request: OpenRequest): void;
}

interface InboxDependencies {
  /** Opened at its first use. */
  readonly history: InboxHistory;
  readonly clock: Clock;
}

export function createRequestInbox(dependencies: InboxDependencies): RequestInbox {
  const watchers = new Map<RunId, Watcher>();
  let version: number | undefined;
  let cancel: (() => void) | undefined;

  function check(): void {
    const { history } = dependencies;
    try {
      for (const { run, number } of history.openRequests()) {
        const watcher = watchers.get(run);
        if (watcher === undefined || watcher.seen.has(number)) continue;
        watcher.seen.add(number);
        for (const request of readRequest(history, run, number)) watcher.onRequest(request);
      }
    } catch {
      // The runs report an error of the history by their own writes; the next check tries again.
      version = undefined;
    }
  }

  function checkIfChanged(): void {
    const before = version;
    version = versionOf(dependencies.history);
    if (version === undefined || version !== before) check();
  }

  function checkLater(): void {
    cancel = dependencies.clock.after(
      CHECK_MS,
      () => {
        checkIfChanged();
        if (watchers.size > 0) checkLater();
        else cancel = undefined;
      },
      true,
    );
  }

  return {
    watch(run, onRequest) {
      const watcher = { seen: new Set<number>(), onRequest };
      watchers.set(run, watcher);
      if (cancel === undefined) checkLater();
      check();
      return () => {
        if (watchers.get(run) === watcher) watchers.delete(run);
        if (watchers.size > 0) return;
        cancel?.();
        cancel = undefined;
      };
    },
    check,
  };
}

/** Returns undefined if the history cannot be read. */
function versionOf(history: InboxHistory): number | undefined {
  try {
    return history.dataVersion();
  } catch {
    return undefined;
  }
}

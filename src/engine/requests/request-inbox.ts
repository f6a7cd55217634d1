import { asWfError, type WfError } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import type { OpenRequest } from '../model/request.ts';
import type { Clock } from '../ports/clock.ts';
import type { HistoryPort } from '../ports/history.ts';
import { readRequest } from './open-requests.ts';

/** A request is acted on within a quarter of a second; one look takes microseconds. */
const LOOK_MS = 100;

/** Hands the requests of all processes to the runs that this process advances. */
export interface RequestInbox {
  /**
   * Hands over each request to the run that has no answer yet: those of before at once, later ones within 100 ms. Returns a function
   * that ends this.
   */
  watch(run: RunId, onRequest: (request: OpenRequest) => void): () => void;
  /** Looks for requests now: this process has just stored one. */
  look(): void;
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

/** @param warn receives an error of the history; the next look tries again */
export function createRequestInbox(dependencies: InboxDependencies, warn: (error: WfError) => void): RequestInbox {
  const watchers = new Map<RunId, Watcher>();
  let version: number | undefined;
  let cancel: (() => void) | undefined;

  function look(): void {
    const { history } = dependencies;
    try {
      for (const { run, number } of history.openRequests()) {
        const watcher = watchers.get(run);
        if (watcher === undefined || watcher.seen.has(number)) continue;
        watcher.seen.add(number);
        for (const request of readRequest(history, run, number)) watcher.onRequest(request);
      }
    } catch (thrown) {
      version = undefined;
      warn(asWfError(thrown));
    }
  }

  function lookIfChanged(): void {
    try {
      const now = dependencies.history.dataVersion();
      if (now === version) return;
      version = now;
    } catch (thrown) {
      warn(asWfError(thrown));
      return;
    }
    look();
  }

  function lookLater(): void {
    cancel = dependencies.clock.after(
      LOOK_MS,
      () => {
        lookIfChanged();
        if (watchers.size > 0) lookLater();
        else cancel = undefined;
      },
      true,
    );
  }

  return {
    watch(run, onRequest) {
      const watcher = { seen: new Set<number>(), onRequest };
      watchers.set(run, watcher);
      if (cancel === undefined) lookLater();
      look();
      return () => {
        if (watchers.get(run) === watcher) watchers.delete(run);
        if (watchers.size > 0) return;
        cancel?.();
        cancel = undefined;
      };
    },
    look,
  };
}

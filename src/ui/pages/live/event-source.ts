import type { RunUpdate } from '../../views/run-view.ts';
import { browser } from './browser.ts';

/** What a page uses of the browser's EventSource. */
interface Source {
  readonly readyState: number;
  addEventListener(type: string, listener: (event: { readonly data: string }) => void): void;
  close(): void;
}

/** Opens the one event stream of a page; set by the browser's entry point, so that the server needs no browser types. */
let open: (address: string) => Source = () => ({ readyState: CLOSED, addEventListener: () => {}, close: () => {} });

/** The browser does not try again by itself: the server refused the stream. */
const CLOSED = 2;
const RETRY_MS = 3_000;

export function useEventSource(opener: typeof open): void {
  open = opener;
}

/** What a page does about a run. */
export interface RunFollower {
  update(update: RunUpdate): void;
  /** The run is not in the history any more. */
  gone(): void;
  /** Called when the connection is lost, and when it is back. */
  connected(isConnected: boolean): void;
}

/**
 * Follows a run after a seq, until the returned function is called. The browser continues by itself after a lost connection. A page that
 * is not on the screen gives its connection up, and continues later: a browser opens few to one server.
 */
export function followRun(basePath: string, run: string, after: number, follower: RunFollower): () => void {
  let seq = after;
  let source: Source | undefined;
  let cancel = () => {};

  function stop(): void {
    cancel();
    source?.close();
    source = undefined;
  }

  function begin(): void {
    stop();
    const own = open(`${basePath}/api/events?run=${run}&after=${seq}`);
    source = own;
    own.addEventListener('open', () => follower.connected(true));
    own.addEventListener('run', ({ data }) => {
      const update: RunUpdate = JSON.parse(data);
      seq = update.seq;
      follower.update(update);
    });
    own.addEventListener('gone', () => {
      end();
      follower.gone();
    });
    own.addEventListener('error', () => {
      if (source !== own) return;
      follower.connected(false);
      if (own.readyState === CLOSED) cancel = browser().after(RETRY_MS, begin);
    });
  }

  const forget = browser().onVisibility(() => (browser().isVisible() ? begin() : stop()));
  const end = () => {
    forget();
    stop();
  };
  if (browser().isVisible()) begin();
  return end;
}

/** Calls `onChange` when any run has changed, and whenever the connection is there (again): something may have changed meanwhile. */
export function followRuns(basePath: string, onChange: () => void): () => void {
  const source = open(`${basePath}/api/events?runs=1`);
  source.addEventListener('open', onChange);
  source.addEventListener('runs', onChange);
  return () => source.close();
}

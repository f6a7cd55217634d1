import type { SessionRecord } from '../../server/sign-in.ts';
import type { RunUpdate } from '../../views/runs/run-view.ts';
import { browser, type Stream } from './browser.ts';

/** The server refused the stream: the browser does not reconnect by itself. */
const CLOSED = 2;
const RETRY_MS = 3_000;

/** The callbacks of a page that follows a run. */
export interface RunFollower {
  update(update: RunUpdate): void;
  /** The run is not in the history any more. */
  gone(): void;
  /** Called when the connection is lost, and when it is restored. */
  connection(connection: Connection): void;
}

/** `signed-out`: the session of the browser has ended. */
export type Connection = 'connected' | 'lost' | 'signed-out';

/** Follows a run after a seq, until the returned function is called. */
export function followRun(basePath: string, run: string, after: number, follower: RunFollower): () => void {
  let seq = after;
  const end = keepStream(
    basePath,
    () => `run=${run}&after=${seq}`,
    (stream) => {
      stream.addEventListener('run', ({ data }) => {
        const update: RunUpdate = JSON.parse(data);
        seq = update.seq;
        follower.update(update);
      });
      stream.addEventListener('gone', () => {
        end();
        follower.gone();
      });
    },
    follower.connection,
  );
  return end;
}

/**
 * Calls `onChange` when something that a query names has changed, and whenever the connection opens: something may have changed
 * meanwhile. @param query such as `runs=1`
 */
export function followChanges(
  basePath: string,
  query: string,
  onChange: () => void,
  report: (connection: Connection) => void,
): () => void {
  const listen = (stream: Stream) => {
    stream.addEventListener('open', onChange);
    stream.addEventListener('runs', onChange);
    stream.addEventListener('fleets', onChange);
  };
  return keepStream(basePath, () => query, listen, report);
}

/**
 * Keeps a stream open until the returned function is called. The browser reconnects by itself after a lost connection. A page that is not
 * visible closes its connection, and continues later: a browser opens only a few to one server.
 */
function keepStream(
  basePath: string,
  query: () => string,
  listen: (stream: Stream) => void,
  report: (connection: Connection) => void,
): () => void {
  let stream: Stream | undefined;
  let cancel = () => {};

  function stop(): void {
    cancel();
    stream?.close();
    stream = undefined;
  }

  function begin(): void {
    stop();
    const own = browser().openStream(`${basePath}/api/events?${query()}`);
    stream = own;
    listen(own);
    own.addEventListener('open', () => report('connected'));
    own.addEventListener('error', () => {
      if (stream !== own) return;
      if (own.readyState !== CLOSED) return report('lost');
      cancel = browser().after(RETRY_MS, begin);
      void isSignedOut(basePath).then((isEnded) => {
        if (stream === own) report(isEnded ? 'signed-out' : 'lost');
      });
    });
  }

  const forget = browser().onVisibility(() => (browser().isVisible() ? begin() : stop()));
  if (browser().isVisible()) begin();
  return () => {
    forget();
    stop();
  };
}

/** Whether the server answers that the session of this browser has ended. */
async function isSignedOut(basePath: string): Promise<boolean> {
  try {
    const session: SessionRecord = JSON.parse(await browser().readText(`${basePath}/session`));
    return !session.signedIn;
  } catch {
    return false;
  }
}

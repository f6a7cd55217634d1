import type { RunUpdate } from '../../views/run-view.ts';

/** What a page uses of the browser's EventSource. */
interface Source {
  addEventListener(type: string, listener: (event: { readonly data: string }) => void): void;
  close(): void;
}

/** Opens the one event stream of a page; set by the browser's entry point, so that the server needs no browser types. */
let open: (address: string) => Source = () => ({ addEventListener: () => {}, close: () => {} });

export function useEventSource(opener: typeof open): void {
  open = opener;
}

/** Calls `onUpdate` with what becomes of a run after a seq. The browser continues by itself after a lost connection. */
export function followRun(
  basePath: string,
  run: string,
  after: number,
  onUpdate: (update: RunUpdate) => void,
): () => void {
  const source = open(`${basePath}/api/events?run=${run}&after=${after}`);
  source.addEventListener('run', ({ data }) => onUpdate(JSON.parse(data)));
  return () => source.close();
}

/** Calls `onChange` when any run has changed, and whenever the connection is there (again): something may have changed meanwhile. */
export function followRuns(basePath: string, onChange: () => void): () => void {
  const source = open(`${basePath}/api/events?runs=1`);
  source.addEventListener('open', onChange);
  source.addEventListener('runs', onChange);
  return () => source.close();
}

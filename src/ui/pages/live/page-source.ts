import type { PageModel } from '../page-model.ts';

/** The content of the page in this window, as the server has it now. */
export type PageAnswer =
  | { readonly type: 'page'; readonly model: PageModel; readonly tookMs: number }
  /** The server is gone, or refuses: why. */
  | { readonly type: 'failed'; readonly reason: string };

/** What a page uses of the browser to read its content again. */
export interface PageSource {
  read(): Promise<PageAnswer>;
  /** Resolves after a time. */
  pause(ms: number): Promise<void>;
}

/** Reads the page again; set by the browser's entry point, so that the server needs no browser types. */
let source: PageSource = {
  read: async () => ({ type: 'failed', reason: 'not in a browser' }),
  pause: async () => {},
};

export function usePageSource(given: PageSource): void {
  source = given;
}

/** Time between two reads; a page that takes long to read is read less often. */
const REST_MS = 500;
const REST_PER_READ = 4;

/** Returns a function that reads the page again soon, however often it is called, and calls `show` with its content. */
export function pageReader(show: (answer: PageAnswer) => void): { readAgain(): void; stop(): void } {
  let isReading = false;
  let isDue = false;
  let isStopped = false;

  async function read(): Promise<void> {
    isReading = true;
    while (isDue && !isStopped) {
      isDue = false;
      const answer = await source.read();
      if (!isStopped) show(answer);
      await source.pause(Math.max(REST_MS, answer.type === 'page' ? REST_PER_READ * answer.tookMs : 0));
    }
    isReading = false;
  }

  return {
    readAgain() {
      isDue = true;
      if (!isReading) void read();
    },
    stop() {
      isStopped = true;
    },
  };
}

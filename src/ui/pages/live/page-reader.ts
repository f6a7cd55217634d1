import type { PageModel } from '../page-model.ts';
import { browser } from './browser.ts';

/** The content of the page in this window, as the server has it now. */
type PageAnswer =
  | { readonly type: 'page'; readonly model: PageModel; readonly tookMs: number }
  /** The server does not answer, or refuses. */
  | { readonly type: 'failed'; readonly reason: string };

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
      const answer = await readPage();
      if (!isStopped) show(answer);
      const restMs = Math.max(REST_MS, answer.type === 'page' ? REST_PER_READ * answer.tookMs : 0);
      await new Promise<void>((resolve) => browser().after(restMs, resolve));
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

async function readPage(): Promise<PageAnswer> {
  const begun = browser().now();
  try {
    const { status, text } = await browser().readPage();
    if (status >= 300) return { type: 'failed', reason: 'The server cannot read the history. Load the page again.' };
    return { type: 'page', model: JSON.parse(text), tookMs: browser().now() - begun };
  } catch {
    return { type: 'failed', reason: 'The server does not answer.' };
  }
}

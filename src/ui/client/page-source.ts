import type { PageSource } from '../pages/live/page-source.ts';

/** Reads the page of this window again, as data. */
export const browserPageSource: PageSource = {
  async read() {
    const begun = performance.now();
    try {
      const answer = await fetch(location.href, { headers: { accept: 'application/json' } });
      if (answer.status === 401) return { type: 'failed', reason: 'Nobody is signed in. Load the page again.' };
      if (!answer.ok) return { type: 'failed', reason: 'The server cannot read the history. Load the page again.' };
      return { type: 'page', model: await answer.json(), tookMs: performance.now() - begun };
    } catch {
      return { type: 'failed', reason: 'The server does not answer.' };
    }
  },
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

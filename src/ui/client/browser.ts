import type { Browser } from '../pages/live/browser.ts';

let keeping: ReturnType<typeof setTimeout> | undefined;

/** The browser in which the page is open. */
export const openBrowser: Browser = {
  openStream: (address) => new EventSource(address),
  async readPage() {
    const answer = await fetch(location.href, { headers: { accept: 'application/json' } });
    return { status: answer.status, text: await answer.text() };
  },
  async readText(address) {
    const answer = await fetch(address);
    const text = await answer.text();
    if (!answer.ok) throw new Error(refusal(text));
    return text;
  },
  async request({ method, address, csrf, body }) {
    const answer = await fetch(address, {
      method,
      headers: { 'content-type': 'application/json', 'x-wf-csrf': csrf },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, text: await answer.text() };
  },
  draft: () => history.state,
  keepDraft(draft) {
    clearTimeout(keeping);
    // Browsers slow down a page that changes its history at each key.
    keeping = setTimeout(() => history.replaceState(draft, ''), 300);
  },
  copy: (text) => navigator.clipboard.writeText(text),
  now: () => Date.now(),
  after(delayMs, work) {
    const timer = setTimeout(work, delayMs);
    return () => clearTimeout(timer);
  },
  path: () => location.pathname,
  showPath: (path) => history.pushState(null, '', path),
  onPath(listener) {
    window.addEventListener('popstate', listener);
    return () => window.removeEventListener('popstate', listener);
  },
  go: (path) => location.assign(path),
  isVisible: () => document.visibilityState === 'visible',
  onVisibility(listener) {
    document.addEventListener('visibilitychange', listener);
    return () => document.removeEventListener('visibilitychange', listener);
  },
};

/** Returns the error with which the server refused a request. */
function refusal(text: string): string {
  try {
    const { error } = JSON.parse(text);
    return `${error.code}: ${error.message}`;
  } catch {
    return 'The server does not answer as expected. Load the page again.';
  }
}

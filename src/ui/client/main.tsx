import { hydrate } from 'preact';
import { setBrowser } from '../pages/live/browser.ts';
import { Page, type PageProps } from '../pages/page.tsx';
import { openBrowser } from './browser.ts';
import { signIn } from './sign-in.ts';

setBrowser(openBrowser);

const data = document.getElementById('model');
const page = document.getElementById('page');
const notice = document.getElementById('sign-in');
if (notice !== null) {
  void signIn(notice);
  // A link that is opened in this tab differs only in its hash: the browser does not load the page again.
  addEventListener('hashchange', () => void signIn(notice));
} else if (data !== null && page !== null) {
  const { frame, model }: PageProps = JSON.parse(data.textContent ?? '');
  hydrate(<Page frame={frame} model={model} />, page);
}

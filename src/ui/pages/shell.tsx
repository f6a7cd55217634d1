import type { ComponentChildren } from 'preact';
import { renderToString } from 'preact-render-to-string';
import type { ErrorRecord } from '../../engine/model/errors.ts';
import { Page } from './page.tsx';
import { type PageFrame, type PageModel, titleOf } from './page-model.ts';
import { Suggested } from './parts/suggested.tsx';

/** The document around a page. */
export interface Shell extends PageFrame {
  /** Addresses of the files of the page. */
  readonly script: string;
  readonly style: string;
  readonly icon: string;
  readonly version: string;
  readonly database: string;
}

/** Returns the HTML of a page, with the data from which the browser continues. */
export function renderPage(shell: Shell, model: PageModel): string {
  const { basePath, csrf, allowActions, namedDatabase, now } = shell;
  const frame: PageFrame = { basePath, csrf, allowActions, namedDatabase, now };
  return documentOf(
    shell,
    titleOf(model),
    <>
      <Header shell={shell} page={model.page} />
      <main id="page" tabIndex={-1}>
        <Page frame={frame} model={model} />
      </main>
      <Footer shell={shell} />
      <script id="model" type="application/json" dangerouslySetInnerHTML={{ __html: dataText({ frame, model }) }} />
    </>,
  );
}

/** Returns the page that leads to a session: its script reads the token of the link. */
export function renderSignIn(shell: Shell): string {
  return documentOf(
    shell,
    'Sign in',
    <main id="page" tabIndex={-1}>
      <h1>wf</h1>
      <p id="sign-in" role="status" data-base-path={shell.basePath}>
        Open the link that <code>wf ui</code> prints. It signs this browser in, once, within ten minutes.
      </p>
    </main>,
  );
}

export function renderErrorPage(shell: Shell, error: ErrorRecord): string {
  return documentOf(
    shell,
    error.code,
    <>
      <Header shell={shell} />
      <main id="page" tabIndex={-1}>
        <h1>{error.code}</h1>
        <p role="alert">{error.message}</p>
        <p>
          <Suggested frame={shell} text={error.hint} />
        </p>
        <p>
          <a href={`${shell.basePath}/`}>List of runs</a>
        </p>
      </main>
    </>,
  );
}

/** The links on every page, each with the pages of its section. */
const SECTIONS: readonly Section[] = [
  { title: 'Runs', path: '/', pages: ['runs'] },
  { title: 'Fleets', path: '/fleets', pages: ['fleets', 'fleet'] },
  { title: 'Workflows', path: '/workflows', pages: ['workflows'] },
  { title: 'Plans', path: '/plans', pages: ['plans'] },
  { title: 'Changes', path: '/changes', pages: ['changes'] },
  { title: 'Doctor', path: '/doctor', pages: ['doctor'] },
];

interface Section {
  readonly title: string;
  readonly path: string;
  readonly pages: readonly PageModel['page'][];
}

function Header({ shell, page }: { readonly shell: Shell; readonly page?: PageModel['page'] }) {
  const { basePath } = shell;
  return (
    <header class="top">
      <a class="skip" href="#page">
        Skip to the content
      </a>
      <nav aria-label="wf">
        <a class="brand" href={`${basePath}/`}>
          wf
        </a>
        {SECTIONS.map(({ title, path, pages }) => (
          <a
            key={path}
            href={`${basePath}${path}`}
            aria-current={page !== undefined && pages.includes(page) ? 'page' : undefined}
          >
            {title}
          </a>
        ))}
      </nav>
    </header>
  );
}

/** The version of wf, and the history that the page shows. */
function Footer({ shell: { version, database } }: { readonly shell: Shell }) {
  return (
    <footer class="bottom quiet">
      wf {version}, history in <code>{database}</code>
    </footer>
  );
}

function documentOf(shell: Shell, title: string, content: ComponentChildren): string {
  const html = renderToString(
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${title} - wf`}</title>
        <link rel="icon" href={shell.icon} type="image/svg+xml" />
        <link rel="stylesheet" href={shell.style} />
        <script type="module" src={shell.script} />
      </head>
      <body>{content}</body>
    </html>,
  );
  return `<!doctype html>${html}`;
}

/** Returns data as JSON that cannot end its script element. */
function dataText(data: unknown): string {
  return JSON.stringify(data).replaceAll('<', '\\u003c');
}

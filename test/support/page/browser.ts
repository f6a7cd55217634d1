import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { z } from 'zod';
import { atEndOfFile } from '../host/file-folder.ts';
import { chosen } from '../rotation.ts';
import { openCookie } from './page-client.ts';
import type { ServedPage } from './served-page.ts';

/** Takes half the time of the Chromium with windows. */
const WITHOUT_WINDOWS = '/usr/bin/chromium-headless-shell';
/** Debian's Chromium, which contacts no other host. */
const CHROMIUM = existsSync(WITHOUT_WINDOWS) ? WITHOUT_WINDOWS : '/usr/bin/chromium';
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // The tabs of a person share a process, and none is started in reserve.
  '--renderer-process-limit=1',
];
const VIEWPORT = { width: 1200, height: 900 };
/** Test machines are slow and shared. */
const WAIT_MS = 20_000;

/** Serves all test files of this process, and ends with it: its pipe closes. */
let browser: Promise<Browser> | undefined;

type ContextOptions = NonNullable<Parameters<Browser['newContext']>[0]>;

/** A person's browser, with its own cookies. */
export interface Person {
  readonly context: BrowserContext;
  readonly page: Page;
  /** The complaints of the page: uncaught errors, and violations of its policy. */
  readonly complaints: readonly string[];
  /** Opens another tab. */
  tab(): Promise<Page>;
}

type OnTestFinished = (work: () => Promise<void>) => void;

/** Opens a person's browser, which is closed at the end of the test. */
export async function openBrowser(onTestFinished: OnTestFinished, options: ContextOptions = {}): Promise<Person> {
  const context = await openContext(options);
  onTestFinished(() => context.close());
  return personIn(context);
}

async function openContext(options: ContextOptions = {}): Promise<BrowserContext> {
  browser ??= chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
  const context = await (await browser).newContext({ viewport: VIEWPORT, ...options });
  context.setDefaultTimeout(WAIT_MS);
  return context;
}

/** Opens a tab of a browser. */
async function personIn(context: BrowserContext, onTestFinished?: OnTestFinished): Promise<Person> {
  const complaints: string[] = [];
  const tab = async () => {
    const page = await context.newPage();
    onTestFinished?.(() => page.close());
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (/Content Security Policy|Hydration|hydrat/i.test(message.text())) complaints.push(message.text());
    });
    return page;
  };
  return { context, page: await tab(), complaints, tab };
}

/** Opens a link, which signs the browser in, and waits for the list of runs. The error contains the text of the page. */
export async function signIn(page: Page, link: string): Promise<void> {
  const requests: string[] = [];
  page.on('response', (answer) => requests.push(`${answer.status()} ${answer.request().method()} ${answer.url()}`));
  page.on('requestfailed', (request) => requests.push(`${request.failure()?.errorText ?? ''} ${request.url()}`));
  await open(page, link);
  try {
    await page.getByRole('heading', { name: 'Runs', exact: true }).waitFor();
  } catch (cause) {
    const shown = await page.locator('body').textContent();
    throw new Error(`${page.url()} shows:\n${shown}\nafter:\n${requests.join('\n')}`, { cause });
  }
}

/** Opens a link, again if Chromium aborts the request because a link of the machine has changed: tests create and remove some. */
async function open(page: Page, link: string): Promise<void> {
  try {
    await page.goto(link);
  } catch (thrown) {
    if (!String(thrown).includes('ERR_NETWORK_CHANGED')) throw thrown;
    await open(page, link);
  }
}

/** The browsers of the people who are signed in, one for each server: each has a process, which parses all scripts. */
const signedIn = new Map<ServedPage, Promise<BrowserContext>>();
atEndOfFile(async () => {
  const contexts = [...signedIn.values()];
  signedIn.clear();
  for (const context of contexts) await (await context).close();
});

/**
 * Opens a tab of a person who is signed in, without the page of a link: see {@link signIn}. All tests of a file share the browser; the tabs
 * of a test are closed at its end.
 */
export async function openSignedIn(served: ServedPage, onTestFinished: OnTestFinished): Promise<Person> {
  const context = signedIn.get(served) ?? openSignedInContext(served);
  signedIn.set(served, context);
  return personIn(await context, onTestFinished);
}

async function openSignedInContext(served: ServedPage): Promise<BrowserContext> {
  const context = await openContext();
  const [name = '', value = ''] = (await openCookie(served)).split('=');
  await context.addCookies([{ name, value, url: served.url, httpOnly: true, sameSite: 'Strict' }]);
  // Without a tab, the process of the tabs would end after each test.
  await context.newPage();
  return context;
}

/** Returns the number of pixels by which a page scrolls sideways. */
export const sidewaysScroll = (page: Page) =>
  page.evaluate<number>('document.body.scrollWidth - document.body.clientWidth');

const axeResult = z.object({
  violations: z.array(
    z.object({
      id: z.string(),
      impact: z.string().nullable(),
      nodes: z.array(z.object({ html: z.string(), failureSummary: z.string().optional() })),
    }),
  ),
});

/** Returns the serious and critical findings of axe-core on a page. */
export async function accessibilityProblems(page: Page): Promise<readonly string[]> {
  // Evaluated by the debugger, which the policy of the page does not bind.
  if (await page.evaluate('typeof axe === "undefined"')) await page.evaluate(axe.source);
  const { violations } = axeResult.parse(
    await page.evaluate('axe.run(document, { resultTypes: ["violations"], selectors: false })'),
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary ?? ''}`));
}

/** The colours in which pages are checked: light and dark take turns. */
export const COLOURS = chosen(['light', 'dark'] as const);

/** Returns the same in the colours of this run: see {@link COLOURS}. */
export async function problemsInColours(page: Page): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const colorScheme of COLOURS) {
    await page.emulateMedia({ colorScheme });
    problems.push(...(await accessibilityProblems(page)).map((problem) => `${colorScheme}: ${problem}`));
  }
  return problems;
}

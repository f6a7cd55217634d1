import axe from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { z } from 'zod';

/** Debian's Chromium without a window, which asks nothing of the outside, and takes half the time of the one with windows. */
const CHROMIUM = '/usr/bin/chromium-headless-shell';
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
/** Test machines are slow, and do other work beside. */
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

/** Opens a person's browser, which is closed at the end of the test. */
export async function openBrowser(
  onTestFinished: (work: () => Promise<void>) => void,
  options: ContextOptions = {},
): Promise<Person> {
  browser ??= chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
  const context = await (await browser).newContext({ viewport: { width: 1200, height: 900 }, ...options });
  onTestFinished(() => context.close());
  context.setDefaultTimeout(WAIT_MS);
  const complaints: string[] = [];
  const tab = async () => {
    const page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (/Content Security Policy|Hydration|hydrat/i.test(message.text())) complaints.push(message.text());
    });
    return page;
  };
  return { context, page: await tab(), complaints, tab };
}

/** Opens a link, which signs the browser in, and waits for the list of runs. */
export async function signIn(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await page.getByRole('heading', { name: 'Runs', exact: true }).waitFor();
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
  await page.evaluate(axe.source);
  const { violations } = axeResult.parse(await page.evaluate('axe.run(document)'));
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary ?? ''}`));
}

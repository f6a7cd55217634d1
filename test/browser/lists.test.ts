import { truncateSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { openHistory } from '../../src/history/open.ts';
import {
  BEGIN,
  decided,
  FAILURE,
  intended,
  recordFailure,
  recordRun,
  recordSuccess,
} from '../fixtures/review/lab-run.ts';
import {
  accessibilityProblems,
  COLOURS,
  openBrowser,
  openSignedIn,
  type Person,
  sidewaysScroll,
} from '../support/page/browser.ts';
import { type ServedPage, servePage } from '../support/page/served-page.ts';
import { inTurn } from '../support/rotation.ts';
import { foldersRun, openFoldersProject } from '../support/workflows/folders.ts';
import { STEERS } from '../support/workflows/hostile-workflow.ts';

/** Names and texts as an attacker writes them. */
const HOSTILE = `<script>window.hacked=1</script>"><img src=x onerror="window.hacked=1">\u202e\u0007${'W'.repeat(400)}`;
const MINUTE = 60_000;
const OLD_RUNS = 70;

const project = openFoldersProject();
let served: ServedPage;
let plan = '';

beforeAll(async () => {
  const history = openHistory(project.database);
  for (let n = 0; n < OLD_RUNS; n++) {
    const id = `old-${String(n).padStart(2, '0')}`;
    const createdAt = BEGIN - n * MINUTE;
    if (n % 2 === 0) recordSuccess(history, id, { createdAt, input: { devNetwork: n === 4 ? 'other' : 'devops' } });
    else
      recordRun(history, id, { createdAt }).at(10, decided(['setup'], ['createNetwork']), {
        type: 'ended',
        status: 'failed',
        output: null,
        error: FAILURE,
      });
  }
  recordFailure(history, 'stuck');
  const hostile = recordRun(history, 'hostile', {
    workflow: HOSTILE,
    input: { [HOSTILE]: HOSTILE },
    createdAt: BEGIN + MINUTE,
  });
  hostile.at(10, decided([HOSTILE], [HOSTILE]), intended(1, HOSTILE, HOSTILE, [`rm -rf \u202e${HOSTILE}`]), {
    type: 'waiting',
    events: [HOSTILE],
    ask: { title: HOSTILE, text: HOSTILE, events: { [HOSTILE]: { label: HOSTILE } } },
  });
  history.release(hostile.lease);
  const other = recordRun(history, 'hostile-2', {
    workflow: HOSTILE,
    input: { [HOSTILE]: 'other' },
    createdAt: BEGIN + MINUTE,
  });
  other.at(10, decided([HOSTILE]), {
    type: 'ended',
    status: 'needs-attention',
    output: null,
    error: { ...FAILURE, message: HOSTILE },
  });
  history.close();
  const planned = await project.sharedWf(['start', 'folders', '--plan', '--json', `--input=root=${project.folder}`]);
  plan = z.object({ id: z.string() }).parse(planned.json()).id;
  served = await servePage(project);
});

async function person(): Promise<Person> {
  const opened = await openSignedIn(served, onTestFinished);
  await opened.page.goto(`${served.url}/`);
  return opened;
}

/** The texts of a page, and those of the attributes that people read or hear. */
const shownTexts = (page: Page) =>
  page.evaluate<string>(
    `[document.title, document.body.innerText, ...[...document.querySelectorAll('[title],[alt],[aria-label]')].map((one) => one.title + one.getAttribute('alt') + one.ariaLabel)].join(' ')`,
  );

const idsIn = (page: Page) => page.locator('table.runs tbody th a').allTextContents();
const statusesIn = async (page: Page) => [...new Set(await page.locator('table.runs .status').allTextContents())];

describe('the list of runs', () => {
  test('has its filters and pages in the address, and needs no script', async () => {
    const { context } = await person();
    const { context: other, page } = await openBrowser(onTestFinished, { javaScriptEnabled: false });
    await other.addCookies(await context.cookies());
    await page.goto(`${served.url}/`);
    const first = await idsIn(page);
    expect(first).toHaveLength(50);
    expect(first.slice(0, 3)).toEqual(['hostile-2', 'hostile', 'stuck']);
    await page.getByRole('link', { name: 'Older' }).click();
    const second = await idsIn(page);
    expect(second).toHaveLength(OLD_RUNS + 3 - 50);
    expect(new Set([...first, ...second]).size).toBe(OLD_RUNS + 3);
    await page.getByRole('link', { name: 'Newer' }).click();
    expect(await idsIn(page)).toEqual(first);

    await page.getByLabel('Status').selectOption('failed');
    await page.getByRole('button', { name: 'Filter' }).click();
    expect(new URL(page.url()).searchParams.get('status')).toBe('failed');
    expect(await statusesIn(page)).toEqual(['failed']);
    expect(await idsIn(page)).toHaveLength(OLD_RUNS / 2);
    await page.goto(`${page.url()}&limit=10`);
    await page.getByRole('link', { name: 'Older' }).click();
    expect(await statusesIn(page)).toEqual(['failed']);
    expect(await idsIn(page)).toHaveLength(10);
    await page.getByRole('link', { name: 'Newest' }).click();
    expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({ status: 'failed', limit: '10' });

    await page.getByRole('link', { name: 'Show all' }).click();
    await page.getByLabel('Text').fill('OTHER');
    await page.getByRole('button', { name: 'Filter' }).click();
    expect(await idsIn(page)).toEqual(['hostile-2', 'old-04']);
    await page.goto(`${served.url}/?where=devNetwork=other&until=2026-02-01`);
    expect(await idsIn(page)).toEqual(['old-04']);
    expect(await page.getByLabel('Input').inputValue()).toBe('devNetwork=other');
    await page.goto(`${served.url}/?last=1h`);
    await page.getByText('No runs match.').waitFor();
    await page.getByRole('link', { name: 'Show all runs' }).click();
    expect(await idsIn(page)).toEqual(first);
    await page.goto(`${served.url}/?since=2026-02-01T00:00&until=2026-01-01T00:00`);
    await page.getByRole('alert').getByText('before it begins').waitFor();
    expect(await page.getByLabel('Until (UTC)').getAttribute('aria-invalid')).toBe('true');
    expect(await page.getByLabel('From (UTC)').inputValue()).toBe('2026-02-01T00:00');
    await page.goto(`${served.url}/?status=done`);
    await page.getByText('E_USAGE').waitFor();
  });

  test('shows runs as they begin and end, in two tabs, without disturbing what people do', async () => {
    const { page, tab, complaints } = await person();
    await page.setViewportSize({ width: 1200, height: 500 });
    const second = await tab();
    await second.goto(`${served.url}/?workflow=folders`);
    await second.getByText('No runs match.').waitFor();
    // Marks the rows, to see whether they stay the same elements.
    await page.evaluate('for (const row of document.querySelectorAll("tbody tr")) row.dataset.seen = "1"');
    await page.getByLabel('Text').fill('half typ');
    await page.getByLabel('Text').focus();

    const run = foldersRun(project);
    const started = run.start();
    const row = page.locator('table.runs tr', { hasText: run.id });
    await row.getByText('running').waitFor();
    await second.locator('table.runs tr', { hasText: run.id }).getByText('running').waitFor();
    run.go();
    await started.end;
    await row.getByText('succeeded').waitFor();
    await second.locator('table.runs tr', { hasText: run.id }).getByText('succeeded').waitFor();

    // The new run is on the page, and the oldest one is not.
    expect(await page.locator('tr[data-seen]').count()).toBe(49);
    expect(await page.getByLabel('Text').inputValue()).toBe('half typ');
    expect(await page.evaluate('document.activeElement.name')).toBe('text');
    expect((await idsIn(page)).slice(0, 2)).toEqual([run.id, 'hostile-2']);
    // A tab that is connected late misses nothing.
    const late = await tab();
    let connect = () => {};
    const isConnected = new Promise<void>((resolve) => {
      connect = resolve;
    });
    await late.route('**/api/events*', async (route) => {
      await isConnected;
      await route.continue();
    });
    await late.goto(`${served.url}/?workflow=folders`);
    // A page of old runs stays where it is.
    await page.goto(`${served.url}/?before=old-30&limit=5`);
    const before = await idsIn(page);
    const again = foldersRun(project);
    again.go();
    await again.carryOut();
    await second.locator('table.runs tr', { hasText: again.id }).getByText('succeeded').waitFor();
    expect(await idsIn(page)).toEqual(before);
    expect(await idsIn(late)).toEqual([run.id]);
    connect();
    await late.locator('table.runs tr', { hasText: again.id }).getByText('succeeded').waitFor();
    expect(complaints).toEqual([]);
  });

  test('is used by keyboard alone', async () => {
    const { page } = await person();
    const focused = () => page.evaluate('document.activeElement.textContent || document.activeElement.name');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    const seen: unknown[] = [];
    for (let presses = 0; presses < 30 && seen.at(-1) !== 'stuck'; presses++) {
      await page.keyboard.press('Tab');
      seen.push(await focused());
    }
    expect(seen).toEqual(expect.arrayContaining(['text', 'More', 'Filter', 'hostile-2', 'hostile', 'stuck']));
    await page.keyboard.press('Enter');
    await page.waitForURL(`${served.url}/runs/stuck`);
    await page.goBack();
    await page.getByLabel('Text').fill('old-07');
    await page.keyboard.press('Enter');
    await page.waitForURL(/text=old-07/);
    expect(await idsIn(page)).toEqual(['old-07']);
  });
});

describe('the other pages', () => {
  test('show the changes in place with their undo commands, by run, and lead from run to run', async () => {
    const { page, complaints } = await person();
    await page.getByRole('link', { name: /changes? of 2 runs/ }).click();
    const stuck = page.getByRole('region', { name: 'stuck' });
    await stuck.getByText('link int_hote', { exact: true }).waitFor();
    await stuck.getByText('ip link delete int_hote').waitFor();
    await stuck.getByText(`wf rollback stuck --db ${project.database}`).waitFor();
    await page.getByText('rm -rf [U+202E]').waitFor();

    await page.goto(`${served.url}/runs/old-02/changes`);
    await page
      .getByRole('row', { name: /network devops/ })
      .getByText('gone')
      .waitFor();
    await page.getByText('The host is as it was before the run.').waitFor();
    await page.getByRole('link', { name: 'Compare it with another run' }).click();
    await page.getByRole('link', { name: 'old-04' }).click();
    await page.waitForURL(`${served.url}/runs/old-02/compare/old-04`);
    await page.getByRole('row', { name: 'devNetwork devops other' }).waitFor();
    await page.getByText('The same: definition, path, steps, outcomes').waitFor();

    await page.goto(`${served.url}/plans`);
    await page.getByRole('link', { name: plan }).click();
    await page.getByRole('heading', { name: `Plan ${plan}` }).waitFor();
    await page.getByText(`wf apply ${plan} --db ${project.database}`).waitFor();
    await page.getByText('mkdir').first().waitFor();
    expect(complaints).toEqual([]);
  });

  test('check the machine once, and again on request', async () => {
    const { page, tab } = await person();
    await page.getByRole('link', { name: 'Doctor' }).click();
    const time = () => page.locator('main time').first().getAttribute('datetime');
    const first = await time();
    await page.reload();
    expect(await time()).toBe(first);
    await page.getByRole('link', { name: 'Check again' }).click();
    await page.waitForURL(/after=/);
    const second = await time();
    expect(second).not.toBe(first);
    await page.reload();
    expect(await time()).toBe(second);
    const other = await tab();
    await other.goto(`${served.url}/doctor`);
    expect(await other.locator('main time').first().getAttribute('datetime')).toBe(second);
  });

  test('are accessible and fit the window in light and dark colours, also with hostile texts', async () => {
    const { page, complaints } = await person();
    const addresses = [
      '/',
      '/?status=failed&last=52w&where=a=b&since=7d',
      '/changes',
      '/plans',
      `/plans/${plan}`,
      '/doctor',
      '/runs/hostile/changes',
      '/runs/old-02/changes',
      '/runs/old-02/compare',
      '/runs/old-02/compare/old-01',
      '/runs/hostile/compare/hostile-2',
      '/runs/hostile',
      '/runs/nobody',
      '/nowhere',
    ];
    for (const address of inTurn(addresses, 2)) {
      await page.goto(served.url + address);
      for (const [colorScheme, widths] of [
        ['light', [1200, 800]],
        ['dark', [360]],
      ] as const) {
        await page.emulateMedia({ colorScheme });
        for (const width of widths) {
          await page.setViewportSize({ width, height: 800 });
          expect([address, width, await sidewaysScroll(page)]).toEqual([address, width, 0]);
        }
        if (!COLOURS.includes(colorScheme)) continue;
        expect(await accessibilityProblems(page), `${address} ${colorScheme}`).toEqual([]);
      }
      expect(STEERS.exec(await shownTexts(page))?.[0], address).toBeUndefined();
    }
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(complaints).toEqual([]);
  });

  test('report the error: an unknown run, an unknown page, a damaged database', async () => {
    const { page } = await person();
    for (const [address, status, code, hint] of [
      ['/runs/nobody', 404, 'E_RUN_NOT_FOUND', /wf runs/],
      ['/runs/nobody/compare/old-01', 404, 'E_RUN_NOT_FOUND', /wf runs/],
      ['/runs/old-01/compare/hostile', 400, 'E_USAGE', /Choose two runs of one workflow/],
      ['/plans/nothing', 404, 'E_PLAN_NOT_FOUND', /wf plans/],
      ['/nowhere', 404, 'E_USAGE', /list of runs/],
      ['/?before=nobody', 404, 'E_RUN_NOT_FOUND', /wf runs/],
    ] as const) {
      expect((await page.goto(served.url + address))?.status(), address).toBe(status);
      await page.getByRole('heading', { name: code }).waitFor();
      await page.getByText(hint).waitFor();
    }
    const own = openFoldersProject();
    const run = foldersRun(own);
    run.go();
    await run.carryOut();
    truncateSync(own.database, 8192);
    const damaged = await servePage(own);
    const { page: other } = await openBrowser(onTestFinished);
    await other.goto(damaged.link);
    await other.getByRole('heading', { name: 'E_DATABASE_DAMAGED' }).waitFor();
    expect(await other.locator('main').textContent()).not.toMatch(/\bat .*\.(?:c?js|ts):\d/);
  });
});

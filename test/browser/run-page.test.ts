import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { accessibilityProblems, openBrowser, openSignedIn, sidewaysScroll, signIn } from '../support/page/browser.ts';
import { type ServedPage, servePage } from '../support/page/served-page.ts';
import { testsInTurn } from '../support/tests-in-turn.ts';
import { openAskingProject } from '../support/workflows/asking-workflow.ts';
import { FOLDERS_WORKFLOW, foldersRun } from '../support/workflows/folders.ts';
import { HOSTILE_WORKFLOW, STEERS } from '../support/workflows/hostile-workflow.ts';
import { openLongRun } from '../support/workflows/long-run.ts';

const ROOT = path.join(import.meta.dirname, '../..');

/** Expects something within the time that a busy machine takes. */
const soon = <Value>(read: () => Value) => expect.poll(read, { timeout: 15_000, interval: 200 });

const rows = (page: Page) => page.locator('.timeline-rows tbody tr:not(.room)');
const stepLink = (page: Page, id: string) => page.locator('.timeline-rows').locator(`a[title="${id}"]`);
const status = (page: Page) => page.locator('h1 .status');

const FAILING = readFileSync(path.join(ROOT, 'test/fixtures/workflows/failing-lab.ts'), 'utf8');
const project = openAskingProject({
  'workflows/failing-lab.ts': FAILING.replace('../../..', ROOT),
  'workflows/hostile.ts': HOSTILE_WORKFLOW,
});
let served: ServedPage;
beforeAll(async () => {
  served = await servePage(project);
});

const everySecond = testsInTurn(2);

describe('the page of a lab on private hosts', () => {
  const lab = ['--runtime', 'embedded'];

  test('shows its steps, machine and topology while it runs', async () => {
    const id = `page-lab-${process.pid}`;
    await project.sharedWf(['start', 'lab-network', ...lab, '--id', id, '--pause-after', 'setup']);
    const { page, complaints } = await openSignedIn(served, onTestFinished);
    await page.goto(`${served.url}/runs/${id}`);
    await stepLink(page, 'createAppDev').waitFor();
    expect(await status(page).textContent()).toBe('paused');
    expect(await stepLink(page, 'createVethPair').count()).toBe(0);
    expect(await page.getByText(`wf shell ${id}`).textContent()).toBe(`wf shell ${id} --db ${project.database}`);
    const machine = page.getByRole('img', { name: /^State machine of lab-network/ });
    const picture = await machine.getAttribute('src');
    expect(await machine.getAttribute('alt')).toContain('Not run yet:');

    const resumed = project.start(['resume', id]);
    await stepLink(page, 'createVethPair').waitFor();
    await status(page).getByText('succeeded').waitFor();
    await soon(() => machine.getAttribute('src')).not.toBe(picture);
    expect(await machine.getAttribute('alt')).not.toContain('Not run yet');
    await soon(() => machine.evaluate((image) => 'complete' in image && image.complete)).toBe(true);
    expect((await resumed.end).exitCode).toBe(0);

    const topology = page.locator('section', { has: page.getByRole('heading', { name: 'Topology' }) });
    await topology.getByRole('heading', { name: 'After the splice' }).waitFor();
    await soon(() =>
      topology
        .locator('img:not([hidden])')
        .evaluateAll((all) => all.map((one) => 'naturalWidth' in one && one.naturalWidth)),
    ).toEqual([expect.any(Number), expect.any(Number)]);
    // Both networks are created at the same time: either may have the first subnet.
    for (const words of [/✓ open/, /✗ blocked/, /172\.1[89]\.0\.100\/16/]) {
      await soon(() => topology.textContent()).toMatch(words);
    }
    await topology.getByRole('button', { name: 'Français' }).click();
    await topology.getByText('✗ bloqué').first().waitFor();

    expect(await page.getByText('The host is as it was before the run.').count()).toBe(1);
    expect(await page.getByRole('region', { name: 'Changes' }).locator('tbody tr').count()).toBe(13);
    await page.getByRole('region', { name: 'Changes' }).getByText('1 command').first().click();
    expect(
      await page
        .getByRole('button', { name: /^Copy kill -KILL/ })
        .first()
        .isVisible(),
    ).toBe(true);
    expect(complaints).toEqual([]);
  });

  test('shows what failed and how it was rolled back, and its report in two languages', async () => {
    const id = `page-failed-${process.pid}`;
    await project.sharedWf(['start', 'failing-lab', ...lab, '--id', id]);
    const { page, context, complaints } = await openSignedIn(served, onTestFinished);
    await page.goto(`${served.url}/runs/${id}`);
    expect(await status(page).textContent()).toBe('rolled-back');
    expect(await page.locator('.run-heading').textContent()).toContain('the link may not have the name eth1');
    await page.locator('.run-heading').getByRole('link', { name: 'renameContainerLink' }).click();
    await page.getByRole('heading', { name: 'renameContainerLink' }).waitFor();
    await page.getByText('This step has recorded no commands.').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.getByLabel('Failed only').check();
    // The other side of the splice is stopped, unless it has ended by then.
    await soon(() => rows(page).locator('a').allInnerTexts()).not.toContain('createVethPair');
    await stepLink(page, 'renameContainerLink').waitFor();
    await page.getByLabel('Find a step').fill('refused-rename');
    await soon(() => rows(page).locator('a').allInnerTexts()).toEqual(['renameContainerLink']);
    await page.getByText(/^1 of \d+ steps$/).waitFor();
    await page.getByLabel('Find a step').fill('');
    await page.getByLabel('Failed only').uncheck();
    await rows(page).getByText('rollback', { exact: true }).waitFor();
    const alternative = await page.getByRole('img', { name: /^State machine/ }).getAttribute('alt');
    expect(alternative).toContain('Failed: vethSplice. Did not run: connectivityTest, teardown, verification.');
    await page.getByText('Before the splice').waitFor();

    const read = async (name: string) => {
      const answer = await context.request.get(`${served.url}/api/runs/${id}/${name}`);
      return [answer.status(), answer.headers()['content-security-policy'], await answer.text()] as const;
    };
    expect(await read('report.html?lang=fr')).toEqual([
      200,
      expect.stringContaining('sandbox'),
      expect.stringContaining('<html lang="fr">'),
    ]);
    expect(await read('report.md?lang=en')).toEqual([200, expect.any(String), expect.stringMatching(/^# /)]);
    expect((await read('drawings/9.svg'))[0]).toBe(404);
    expect((await read('drawings/../x'))[0]).toBe(404);

    expect(complaints).toEqual([]);
  });
});

describe('the page of a run that asks', () => {
  test('follows the commands of a step, by keyboard alone, with the way back', async () => {
    const id = `page-asks-${process.pid}`;
    const run = project.run(id);
    await run.line(/^run /);
    const { page, complaints } = await openSignedIn(served, onTestFinished);
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.goto(`${served.url}/runs/${id}`);
    await stepLink(page, 'first').focus();
    await page.keyboard.press('Enter');
    expect(page.url()).toBe(`${served.url}/runs/${id}/steps/first`);
    const heading = page.getByRole('heading', { name: 'first' });
    await soon(() => heading.evaluate((element) => element.matches(':focus'))).toBe(true);
    await page.getByText('This step has recorded no commands.').waitFor();

    project.go('first');
    const transcript = page.locator('.transcript');
    await transcript.getByText('$ sh -c').waitFor();
    await transcript.getByText(/^exit 0, /).waitFor();
    await page.getByRole('region', { name: 'Changes' }).getByText('applied').waitFor();
    await page.getByRole('heading', { name: 'Continue?' }).waitFor();
    // This server is read-only, without buttons.
    await page.getByText(`wf send ${id} approve --data`).waitFor();
    await page.getByText(`wf send ${id} reject`).waitFor();
    const names = await page.locator('.actions').getByRole('button').allTextContents();
    expect(new Set(names)).toEqual(new Set(['Copy']));

    const send = await project.sharedWf([
      'send',
      id,
      'approve',
      '--data',
      '{"by":"ann"}',
      '--comment',
      'seen with Bob',
    ]);
    expect(send.exitCode).toBe(0);
    const requests = page.getByRole('region', { name: 'Requests, oldest first' });
    await requests.getByText('seen with Bob').waitFor();
    await soon(() => requests.textContent()).toMatch(/send approveseen with Bobhandled/);

    await stepLink(page, 'first').focus();
    await page.keyboard.press('ArrowDown');
    await soon(() => stepLink(page, 'second').evaluate((element) => element.matches(':focus'))).toBe(true);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'second' }).waitFor();
    expect(await stepLink(page, 'second').getAttribute('aria-current')).toBe('true');
    await page.goBack();
    await heading.waitFor();
    await page.goBack();
    await soon(() => page.locator('section.step').count()).toBe(0);
    await soon(() => stepLink(page, 'first').evaluate((element) => element.matches(':focus'))).toBe(true);
    expect(page.url()).toBe(`${served.url}/runs/${id}`);

    // The address of a step alone leads to it, on the server as well.
    await page.goto(`${served.url}/runs/${id}/steps/first`);
    await transcript.getByText('$ sh -c').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.setViewportSize({ width: 360, height: 800 });
    expect(await sidewaysScroll(page)).toBe(0);
    expect((await rows(page).nth(1).boundingBox())?.height).toBe(30);
    expect(await accessibilityProblems(page)).toEqual([]);
    project.go('second', 'third');
    expect((await run.end).exitCode).toBe(0);
    await status(page).getByText('succeeded').waitFor();
    await page.goto(`${served.url}/workflows/asking`);
    await page.getByRole('button', { name: 'Dry run' }).waitFor();
    expect(await page.getByRole('button', { name: 'Start', exact: true }).count()).toBe(0);
    await page.getByText('This page is read-only.').waitFor();
    expect(complaints).toEqual([]);
  });
});

everySecond(
  'open pages report a lost connection, catch up after a restart of wf ui, and need a link once their session ended',
  async () => {
    const own = openAskingProject({ 'workflows/folders.ts': FOLDERS_WORKFLOW });
    own.go('first', 'second', 'third');
    const serve = (port: number) => servePage(own, [`--port=${port}`, '--base-path=/wf']);
    const first = await serve(0);
    const { page: list, context, tab, complaints } = await openBrowser(onTestFinished);
    await signIn(list, first.link);
    await list.getByText('There are no runs yet.').waitFor();
    await list.getByRole('link', { name: 'workflows', exact: true }).waitFor();
    expect(await accessibilityProblems(list)).toEqual([]);
    const rowOf = (id: string) => list.locator('table.runs tr', { hasText: id });
    const id = `page-lost-${process.pid}`;
    await own.run(id).line(/^waiting /);
    const page = await tab();
    await page.goto(`${first.url}/runs/${id}`);
    await page.getByRole('heading', { name: 'Continue?' }).waitFor();

    const kill = async ({ wf }: ServedPage) => {
      wf.kill('SIGKILL');
      await wf.end;
      for (const shown of [list, page]) await shown.getByRole('status').getByText('reconnecting').waitFor();
    };
    await kill(first);
    await own.sharedWf(['send', id, 'approve', '--data', '{"by":"ann"}']);
    await own.sharedWf(['wait', id]);
    const missed = foldersRun(own);
    missed.go();
    await missed.carryOut();
    expect(await status(page).textContent()).toBe('waiting');
    const second = await serve(first.port);
    await status(page).getByText('succeeded').waitFor();
    await stepLink(page, 'third').waitFor();
    for (const run of [id, missed.id]) await rowOf(run).getByText('succeeded').waitFor();
    for (const shown of [list, page]) await soon(() => shown.getByText('reconnecting').count()).toBe(0);
    // The session outlives the kill as well, and the link is still used.
    expect((await list.reload())?.status()).toBe(200);
    const { page: other } = await openBrowser(onTestFinished);
    await other.goto(first.link);
    await other.getByText('already been used').waitFor();

    await context.clearCookies();
    await kill(second);
    const third = await serve(first.port);
    const ended = 'Run wf ui again with its options, open the link that it prints in this browser';
    for (const shown of [list, page]) await shown.getByRole('status').getByText(ended).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await signIn(await tab(), third.link);
    for (const shown of [list, page]) await shown.getByText(ended).waitFor({ state: 'detached' });

    // A run with changes in place is kept.
    await own.sharedWf(['rollback', id]);
    await status(page).getByText('rolled-back').waitFor();
    const removed = page.getByRole('status').getByText('removed from the history');
    await soon(async () => {
      await own.sharedWf(['prune', '--older-than', '1s', '--yes']);
      return removed.count();
    }).toBe(1);
    expect(complaints).toEqual([]);
  },
);

everySecond('a run of 20,000 events is shown at once and whole, with few elements', async () => {
  const run = openLongRun(project.database, `page-long-${process.pid}`);
  onTestFinished(() => run.end());
  await run.poll(5_000);
  const { page, complaints } = await openSignedIn(served, onTestFinished);
  await page.goto(`${served.url}/runs/${run.id}`, { waitUntil: 'commit' });
  await stepLink(page, 'poll').waitFor();
  await page.waitForLoadState();
  const scroller = page.locator('.timeline-rows');
  const height = () => scroller.evaluate((element) => element.scrollHeight);
  expect(await height()).toBe(5_002 * 30);
  expect(await rows(page).count()).toBeLessThan(80);
  await scroller.evaluate((element) => element.scrollTo(0, element.scrollHeight));
  await stepLink(page, 'poll#5000').waitFor();
  expect(await rows(page).count()).toBeLessThan(80);
  expect(await rows(page).last().getAttribute('aria-rowindex')).toBe('5002');

  // More steps, while it is open.
  await run.poll(3);
  await scroller.evaluate((element) => element.scrollTo(0, element.scrollHeight));
  // A long run is read for a fifth of the time only.
  await expect.poll(height, { timeout: 45_000, interval: 200 }).toBe(5_005 * 30);
  await scroller.evaluate((element) => element.scrollTo(0, element.scrollHeight));
  await stepLink(page, 'poll#5003').waitFor();

  await stepLink(page, 'poll#5003').focus();
  await page.keyboard.press('Home');
  await soon(() => stepLink(page, 'poll').evaluate((element) => element.matches(':focus'))).toBe(true);
  await page.keyboard.press('End');
  await soon(() => stepLink(page, 'poll#5003').evaluate((element) => element.matches(':focus'))).toBe(true);
  await page.getByLabel('Failed only').check();
  await page.getByText('10 of 5003 steps').waitFor();
  await page.getByLabel('Failed only').uncheck();

  // The address of a step scrolls to it.
  await page.goto(`${served.url}/runs/${run.id}/steps/${encodeURIComponent('poll#2500')}`);
  const link = stepLink(page, 'poll#2500');
  await link.waitFor();
  const [box, frame] = [await link.boundingBox(), await scroller.boundingBox()];
  expect(
    await scroller.evaluate((element) => element.clientWidth - (element.firstElementChild?.clientWidth ?? 0)),
  ).toBe(0);
  expect(box?.y).toBeGreaterThan(frame?.y ?? 0);
  expect(box?.y).toBeLessThan((frame?.y ?? 0) + (frame?.height ?? 0));
  await page.getByText('no answer to poll 2500').first().waitFor();
  await page.getByRole('button', { name: 'Show all 5003 changes' }).waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  expect(complaints).toEqual([]);
});

test('hostile texts of a run are text', async () => {
  const id = `page-hostile-${process.pid}`;
  await project.sharedWf(['start', 'hostile', '--id', id, '--input', 'fail=true']);
  const { page, complaints } = await openSignedIn(served, onTestFinished);
  page.on('dialog', (dialog) => complaints.concat(dialog.message()));
  await page.goto(`${served.url}/runs/${id}/steps/made`);
  await page.locator('.transcript').getByText('<script>alert(1)</script>').first().waitFor();
  await page.getByText('needs-attention').first().waitFor();
  for (const summary of await page.locator('summary').all()) await summary.click();
  const text = await page.locator('main').textContent();
  expect(text).toContain('[U+202E]');
  expect(STEERS.exec(text ?? '')?.[0]).toBeUndefined();
  expect(await page.locator('main script, main img[src="x"]').count()).toBe(0);
  for (const name of ['graph.svg', 'steps/made/transcript.txt', 'report.html', 'report.md']) {
    const answer = await page.goto(`${served.url}/api/runs/${id}/${name}`);
    const headers = answer?.headers();
    expect([name, answer?.status(), headers?.['x-content-type-options']]).toEqual([name, 200, 'nosniff']);
    expect(headers?.['content-security-policy']).toContain('sandbox');
    expect(await page.evaluate('document.querySelectorAll("script, img").length')).toBe(0);
  }
  expect(complaints).toEqual([]);
});

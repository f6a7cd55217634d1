import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openBrowser, openSignedIn, problemsInColours, signIn } from '../support/page/browser.ts';
import { type ServedPage, servePage } from '../support/page/served-page.ts';
import { type ActedRun, openActionsProject } from '../support/workflows/actions-project.ts';
import { ASKING_WORKFLOW } from '../support/workflows/asking-workflow.ts';

const WAITS = /^waiting for the event/;
const UNCONFIRMED = /^not confirmed yet: undone at /;

const project = openActionsProject();
let served: ServedPage;

beforeAll(async () => {
  served = await servePage(project, ['--allow-actions']);
});

const statusOf = async (run: ActedRun) => (await run.record()).status;
const untilStatus = (run: ActedRun, status: string) =>
  expect.poll(() => statusOf(run), { timeout: 20_000, interval: 200 }).toBe(status);

/** Opens the page of a run. */
async function openRun(run: ActedRun) {
  const person = await openSignedIn(served, onTestFinished);
  await person.page.goto(`${served.url}/runs/${run.id}`);
  return person;
}

/** Starts a run that waits for an answer. */
async function waitingRun(id: string) {
  const run = project.run('asking', id);
  run.go('first.go');
  const wf = run.start();
  await wf.line(WAITS);
  return { run, wf };
}

const dialogOf = (page: Page) => page.getByRole('dialog');
/** The pattern is anchored: a label that contains the path of a folder may contain any two letters. */
const answerIn = (page: Page) => dialogOf(page).getByRole('textbox', { name: /^by / });
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
/** Presses the button of the dialog that carries out the action. */
const act = (page: Page, name: string) => dialogOf(page).getByRole('button', { name, exact: true }).click();
const noticed = (page: Page, text: string | RegExp) => page.getByRole('status').getByText(text).waitFor();

describe('a question', () => {
  test('is linked from the list, and is answered by keyboard alone, with checked data and a comment', async () => {
    const { run, wf } = await waitingRun('ui-answered');
    const { page, complaints } = await openRun(run);
    await page.goto(`${served.url}/`);
    await page.getByRole('link', { name: 'Continue?' }).first().click();
    await page.getByRole('heading', { name: 'Continue?' }).waitFor();
    expect(await problemsInColours(page)).toEqual([]);
    const focused = () => page.evaluate('document.activeElement.textContent.trim()');
    const tabTo = async (text: string) => {
      for (let presses = 0; presses < 30; presses += 1) {
        if ((await focused()) === text) return;
        await page.keyboard.press('Tab');
      }
      throw new Error(`${text} is not reached by Tab`);
    };
    await tabTo('Yes');
    await page.keyboard.press('Enter');
    await dialogOf(page).waitFor();
    expect(await focused()).toBe('Continue?');
    // A person may type faster than the browser reports that a dialog is closed.
    await Promise.all([page.keyboard.press('Escape'), page.keyboard.press('Enter')]);
    await dialogOf(page).waitFor();
    await page.keyboard.press('Escape');
    await dialogOf(page).waitFor({ state: 'detached' });
    expect(await focused()).toBe('Yes');
    await page.keyboard.press('Enter');
    await dialogOf(page).getByText('gives the run the event').waitFor();
    await tabTo('Yes');
    await page.keyboard.press('Enter');
    await dialogOf(page).locator('.problem', { hasText: /./ }).waitFor();
    expect(await answerIn(page).evaluate((field) => field === document.activeElement)).toBe(true);
    expect(await problemsInColours(page)).toEqual([]);
    expect((await run.record()).requests).toEqual([]);
    await page.keyboard.type('Ann');
    await page.keyboard.press('Tab');
    await page.keyboard.type('seen with Bob');
    const command = await dialogOf(page).locator('.command-line code').textContent();
    expect(command).toContain(`wf send ${run.id} approve --data '{"by":"Ann"}' --comment 'seen with Bob' --db `);
    run.go('second.go', 'third.go');
    await tabTo('Yes');
    await page.keyboard.press('Space');
    await noticed(page, 'The run took the event approve');
    expect(await focused()).toContain('The run took the event approve');
    await dialogOf(page).waitFor({ state: 'detached' });
    expect(await wf.end).toMatchObject({ exitCode: 0 });
    expect((await run.record()).requests).toMatchObject([
      { kind: 'send', event: { type: 'approve', by: 'Ann' }, comment: 'seen with Bob', outcome: { type: 'handled' } },
    ]);
    // The page follows the run: the question is gone.
    await page.getByRole('heading', { name: 'Continue?' }).waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
  });

  test('takes one of three simultaneous answers, from two pages and a terminal, and refuses the others', async () => {
    const { run, wf } = await waitingRun('ui-race');
    const pages = [(await openRun(run)).page, (await openRun(run)).page];
    const { page: reading } = await openRun(run);
    for (const page of [...pages, reading]) {
      await press(page, 'Yes');
      await answerIn(page).fill('Ann');
    }
    const [sent] = await Promise.all([
      project.wf(['send', run.id, 'approve', '--data', '{"by":"Bob"}', '--json']),
      ...pages.map((page) => act(page, 'Yes')),
    ]);
    const outcomes = await Promise.all(
      pages.map(async (page) => {
        const taken = page.getByRole('status').getByText('The run took the event approve');
        // The refusal is in the dialog, or beside the buttons if the answer was late.
        const refusal = /does not expect the event|has already been answered/;
        const refused = page.getByRole('alert').or(page.locator('.notice')).getByText(refusal);
        await taken.or(refused).first().waitFor();
        return (await refused.count()) === 0;
      }),
    );
    // A page that has not sent an answer also reports this.
    await dialogOf(reading).getByRole('alert').getByText('the question has already been answered').waitFor();
    await dialogOf(reading).getByRole('button', { name: 'Yes', exact: true }).click({ force: true });
    const { requests } = await run.record();
    expect(requests.length).toBeLessThanOrEqual(3);
    const handled = requests.filter(({ outcome }) => outcome?.type === 'handled');
    expect(handled).toHaveLength(1);
    expect([sent.exitCode === 0, ...outcomes].filter((isTaken) => isTaken)).toHaveLength(1);
    expect((await project.sharedWf(['cancel', run.id])).exitCode).toBe(0);
    await wf.end;
  });

  test('to a run without a process is answered at once, and the run then outlives the server', async () => {
    const { run, wf } = await waitingRun('ui-unowned');
    wf.kill('SIGKILL');
    await wf.end;
    const own = await servePage(project, ['--allow-actions'], { env: { HOME: `${project.folder}/other` } });
    const { page } = await openBrowser(onTestFinished);
    await signIn(page, own.link);
    const asked = page.getByRole('listitem').filter({ hasText: `${run.id}, until` });
    await asked.getByText('interrupted: an answer resumes the run').waitFor();
    await asked.getByRole('link', { name: 'Continue?' }).click();
    await press(page, 'Yes');
    await answerIn(page).fill('Ann');
    await act(page, 'Yes');
    // The second step of the run has not ended: the command that answers continues.
    await noticed(page, 'The run took the event approve; it is running.');
    own.wf.kill('SIGKILL');
    await own.wf.end;
    run.go('second.go', 'third.go');
    await untilStatus(run, 'succeeded');
    expect(run.log()).toEqual(['first', 'second', 'third']);
  });
});

describe('a run', () => {
  test('is paused and resumed; a disabled action names the reason', async () => {
    const run = project.run('asking', 'ui-paused');
    const wf = run.start();
    await wf.line(/^run ui-paused-\d+ of asking/);
    const { page } = await openRun(run);
    const resume = page.getByRole('button', { name: 'Resume', exact: true });
    expect(await resume.getAttribute('aria-disabled')).toBe('true');
    await resume.focus();
    await page.getByRole('tooltip').getByText(`run ${run.id} is being advanced by process`).waitFor();
    expect(await problemsInColours(page)).toEqual([]);
    await page.keyboard.press('Enter');
    expect(await dialogOf(page).count()).toBe(0);
    await press(page, 'Pause');
    await dialogOf(page).getByText('wf lets first finish').waitFor();
    run.go('first.go');
    await act(page, 'Pause');
    await noticed(page, 'The run is paused.');
    await wf.end;
    project.write('workflows/asking.ts', ASKING_WORKFLOW.replace("version: '1'", "version: '2'"));
    await press(page, 'Resume');
    await dialogOf(page).getByRole('alert').getByText('workflow asking has changed').waitFor();
    await dialogOf(page).getByLabel('Continue although the workflow has changed').check();
    // The plan of the resume: the first step is kept.
    await dialogOf(page).getByText('wf keeps the completed step, and continues').waitFor();
    await act(page, 'Resume');
    await page.getByRole('heading', { name: 'Continue?' }).waitFor();
    await press(page, 'No');
    // The second click of an impatient person makes no second request.
    await dialogOf(page).getByRole('button', { name: 'No', exact: true }).dblclick();
    await untilStatus(run, 'rolled-back');
    expect(run.log()).toEqual(['first', 'not first']);
    expect((await run.record()).requests).toMatchObject([{ kind: 'pause' }, { event: { type: 'reject' } }]);
  });

  test('is cancelled: its changes stay if the person asks for that, and are rolled back later', async () => {
    const { run, wf } = await waitingRun('ui-cancelled');
    const { page } = await openRun(run);
    await press(page, 'Cancel');
    await dialogOf(page).getByText('not $1').waitFor();
    await dialogOf(page).getByLabel('Leave its changes in place').check();
    await dialogOf(page).getByRole('textbox', { name: 'Comment' }).fill('wrong host');
    await act(page, 'Cancel the run');
    await noticed(page, 'The run was cancelled; it is failed.');
    await wf.end;
    expect(run.log()).toEqual(['first']);
    await press(page, 'Roll back');
    await dialogOf(page).getByText('wf undoes this change').waitFor();
    await act(page, 'Undo the changes');
    await noticed(page, 'The run is rolled-back.');
    expect(run.log()).toEqual(['first', 'not first']);
    expect((await run.record()).requests).toMatchObject([{ kind: 'cancel', comment: 'wrong host' }]);
  });

  test('that is unconfirmed is extended and confirmed before its deadline, which runs down', async () => {
    const run = project.run('setting', 'ui-confirmed');
    const wf = run.start('--confirm-within', '10m');
    await wf.line(UNCONFIRMED);
    const { page, complaints } = await openRun(run);
    const timer = page.getByRole('timer');
    await timer.getByText(/^\d+:\d\d left\.$/).waitFor();
    const first = await timer.textContent();
    await expect.poll(() => timer.textContent()).not.toBe(first);
    await press(page, 'Extend');
    await dialogOf(page).getByLabel('Time from now').fill('tomorrow');
    await act(page, 'Extend');
    await dialogOf(page).getByText('Write it as').waitFor();
    await dialogOf(page).getByLabel('Time from now').fill('3m');
    await act(page, 'Extend');
    await noticed(page, 'The deadline is extended.');
    await timer.getByText(/^2:\d\d left\.$/).waitFor();
    expect(await page.getByRole('button', { name: 'Pause', exact: true }).getAttribute('aria-disabled')).toBe('true');
    for (const button of ['Cancel', 'Roll back']) {
      await press(page, button);
      await dialogOf(page).getByText('wf undoes these 2 changes').waitFor();
      expect(await dialogOf(page).getByRole('checkbox').count()).toBe(0);
      await act(page, 'Close');
    }
    await press(page, 'Confirm');
    await dialogOf(page).getByText('these changes stay').waitFor();
    await act(page, 'Keep the changes');
    await noticed(page, 'The run is confirmed: it is succeeded.');
    expect(await wf.end).toMatchObject({ exitCode: 0 });
    expect(run.log()).toEqual(['one', 'two']);
    expect(complaints).toEqual([]);
  });

  test('that failed is retried from its failed step, and started anew once it was undone', async () => {
    const run = project.run('touchy', 'ui-retried');
    await run.carryOut('--on-failure', 'keep');
    const { page } = await openRun(run);
    await press(page, 'Retry');
    await dialogOf(page).getByRole('rowheader', { name: 'check exec.command' }).waitFor();
    await act(page, 'Retry');
    await noticed(page, 'The run was retried');
    await untilStatus(run, 'failed');
    run.go('undoable', 'ready');
    await press(page, 'Roll back');
    await act(page, 'Undo the changes');
    await noticed(page, 'The run is rolled-back.');
    await press(page, 'Retry');
    await dialogOf(page).getByText('starts another run of the workflow').waitFor();
    await act(page, 'Start anew');
    const link = page.getByRole('status').getByRole('link', { name: /^run / });
    await link.click();
    await page.waitForURL(/\/runs\/(?!ui-retried)/);
    await expect.poll(() => run.log(), { timeout: 20_000 }).toEqual(['made', 'undone', 'made', 'checked']);
    await page.goto(`${served.url}/runs/${run.id}`);
    const retry = page.getByRole('button', { name: 'Retry', exact: true });
    expect(await retry.getAttribute('aria-disabled')).toBe('true');
  });

  test('that needs attention is settled, change by change', async () => {
    const run = project.run('touchy', 'ui-settled');
    expect(await run.carryOut()).toMatchObject({ exitCode: 5 });
    const { page } = await openRun(run);
    await page.getByRole('heading', { name: 'A change could not be undone' }).waitFor();
    await press(page, 'Settle change 1');
    await act(page, 'Record it as gone');
    await dialogOf(page).getByText('Enter a reason.').waitFor();
    await dialogOf(page).getByLabel('It stays, on purpose').check();
    await dialogOf(page).getByRole('textbox', { name: 'Reason' }).fill('inspected by hand');
    await act(page, 'Record it as kept');
    await noticed(page, 'Change 1 is settled as kept');
    expect(await run.record()).toMatchObject({ changes: [{ status: 'kept', reason: /inspected by hand/ }, {}] });
  });
});

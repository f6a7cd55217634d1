import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { accessibilityProblems, openBrowser, signIn } from '../support/page/browser.ts';
import { type ServedPage, servePage } from '../support/page/served-page.ts';
import { foldersRun, openFoldersProject } from '../support/workflows/folders.ts';

const project = openFoldersProject();
let served: ServedPage;

beforeAll(async () => {
  const run = foldersRun(project);
  run.go();
  await run.carryOut();
  served = await servePage(project);
});

describe('the link that wf ui prints', () => {
  test('signs one browser in, once, and leaves no token in its history', async () => {
    const [person, other] = [await openBrowser(onTestFinished), await openBrowser(onTestFinished)];
    const link = await served.newLink();
    await signIn(person.page, link);
    expect(person.page.url()).toBe(`${served.url}/`);
    expect(await person.page.evaluate('document.cookie')).toBe('');
    const [cookie] = await person.context.cookies();
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/' });
    await other.page.goto(link);
    await other.page.getByText('was used already').waitFor();
    expect(await other.context.cookies()).toEqual([]);
    expect(person.complaints).toEqual([]);
  });

  test('signs in when the page is loaded again, if the server did not answer', async () => {
    const { page } = await openBrowser(onTestFinished);
    await page.route('**/session', (route) => route.abort('connectionreset'));
    await page.goto(await served.newLink());
    await page.getByText('The server does not answer. Load the page again.').waitFor();
    await page.unroute('**/session');
    await page.reload();
    await page.getByRole('heading', { name: 'Runs', exact: true }).waitFor();
    expect(page.url()).toBe(`${served.url}/`);
  });

  test('is asked for by a page that is opened without one', async () => {
    const { page } = await openBrowser(onTestFinished);
    const answer = await page.goto(`${served.url}/`);
    expect(answer?.status()).toBe(401);
    await page.getByText('wf ui').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
  });

  test('is not needed again when a page of another site leads to the page', async () => {
    const { page, tab } = await openBrowser(onTestFinished);
    await signIn(page, await served.newLink());
    const foreign = await tab();
    await foreign.setContent(`<a href="${served.url}/">runs</a>`);
    await foreign.getByText('runs').click();
    await foreign.getByRole('heading', { name: 'Runs', exact: true }).waitFor();
  });

  test('is printed again by a second wf ui, which serves nothing itself', async () => {
    const again = await project.wf(['ui', '--json']);
    expect(again.exitCode).toBe(0);
    expect(again.json()).toMatchObject({ pid: served.wf.pid, url: served.url });
    const refused = await project.wf(['ui', '--json', '--allow-actions']);
    expect(refused.exitCode).toBe(4);
    expect(refused.json()).toMatchObject({ error: { code: 'E_UI_RUNNING' } });
  });

  test('is asked for by pages whose session has ended while they were open', async () => {
    const own = openFoldersProject();
    const run = foldersRun(own);
    run.go();
    await run.carryOut();
    const first = await servePage(own);
    const { page: list, context, tab } = await openBrowser(onTestFinished);
    await signIn(list, first.link);
    const page = await tab();
    await page.goto(`${first.url}/runs/${run.id}`);
    await context.clearCookies();
    first.wf.kill('SIGKILL');
    await first.wf.end;
    for (const shown of [list, page]) await shown.getByRole('status').getByText('reconnecting').waitFor();
    const second = await servePage(own, [`--port=${first.port}`]);
    const ended = 'Run wf ui again with its options, open the link that it prints in this browser';
    for (const shown of [list, page]) await shown.getByRole('status').getByText(ended).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await signIn(await tab(), second.link);
    for (const shown of [list, page]) await shown.getByText(ended).waitFor({ state: 'detached' });
  });
});

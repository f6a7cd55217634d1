import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { accessibilityProblems, openBrowser, signIn } from '../support/page/browser.ts';
import { type ServedPage, servePage } from '../support/page/served-page.ts';
import { openFoldersProject } from '../support/workflows/folders.ts';

let served: ServedPage;

beforeAll(async () => {
  served = await servePage(openFoldersProject());
});

describe('the link that wf ui prints', () => {
  test('signs one browser in, once, and leaves no token in its history; others are asked for one', async () => {
    const [person, other] = [await openBrowser(onTestFinished), await openBrowser(onTestFinished)];
    const link = await served.newLink();
    await signIn(person.page, link);
    expect(person.page.url()).toBe(`${served.url}/`);
    expect(await person.page.evaluate('document.cookie')).toBe('');
    const [cookie] = await person.context.cookies();
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/' });
    await other.page.goto(link);
    await other.page.getByText('already been used').waitFor();
    expect(await other.context.cookies()).toEqual([]);
    expect((await other.page.goto(`${served.url}/`))?.status()).toBe(401);
    await other.page.getByText('wf ui').waitFor();
    expect(await accessibilityProblems(other.page)).toEqual([]);
    await other.page.goto(await served.newLink());
    await other.page.getByRole('heading', { name: 'Runs', exact: true }).waitFor();
    // A page of another site leads to the page without a link.
    const foreign = await person.tab();
    await foreign.setContent(`<a href="${served.url}/">runs</a>`);
    await foreign.getByText('runs').click();
    await foreign.getByRole('heading', { name: 'Runs', exact: true }).waitFor();
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
});

import type { Page } from 'playwright-core';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { type FleetWorld, openFleetWorld } from '../support/fleet/fleet-world.ts';
import { accessibilityProblems, openBrowser, signIn } from '../support/page/browser.ts';
import { ask, openSession } from '../support/page/page-client.ts';
import { type ServedPage, servePage } from '../support/page/served-page.ts';

let world: FleetWorld;
let served: ServedPage;

beforeAll(async () => {
  world = await openFleetWorld();
  served = await servePage(world.operator, ['--allow-actions', `--fleet=${world.restate.url}`]);
});

const START = ['--canary', '1', '--approve', '--input', 'waits=true', '--detach'];
const start = (id: string, hosts: string) => world.fleet('start', 'site', '--hosts', hosts, '--id', id, ...START);
const rowOf = (page: Page, host: string) =>
  page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: host }) });
const untilHost = (page: Page, host: string, status: string) =>
  rowOf(page, host).locator(`.status.${status}`).waitFor({ timeout: 40_000 });
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const act = (page: Page, name: string) => page.getByRole('dialog').getByRole('button', { name, exact: true }).click();

test('a fleet run is followed, approved and cancelled on its page, and outlives Restate as a copy', async () => {
  const [canary, other] = [world.host('fbr-a1'), world.host('fbr-a2')];
  await Promise.all([canary.join(), other.join()]);
  const { page, complaints } = await openBrowser(onTestFinished);
  await signIn(page, served.link);
  await page.getByRole('link', { name: 'Fleets' }).click();
  await page.getByText('There are no fleet runs.').waitFor();
  await start('fbra', 'fbr-a1,fbr-a2');
  await page.getByRole('link', { name: 'fbra' }).click();
  await page.getByRole('heading', { name: 'site fbra' }).waitFor();
  await untilHost(page, 'fbr-a1', 'offered');
  await untilHost(page, 'fbr-a2', 'planned');
  expect(await page.getByText('Begin the next wave?').count()).toBe(0);

  canary.put('go');
  await untilHost(page, 'fbr-a1', 'succeeded');
  await page.getByText('Wave 2 begins: fbr-a2.').waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  expect(other.log()).toEqual([]);
  await press(page, 'Approve');
  await page.getByRole('dialog').getByRole('textbox', { name: 'Comment' }).fill('fbr-a1 is fine');
  const command = await page.getByRole('dialog').locator('.command-line code').textContent();
  expect(command).toContain(`wf fleet approve fbra --fleet ${world.restate.url} --comment 'fbr-a1 is fine'`);
  await act(page, 'Begin the next wave');
  await untilHost(page, 'fbr-a2', 'offered');
  await page.getByRole('heading', { name: 'Begin the next wave?' }).waitFor({ state: 'detached' });
  await world.untilUnderWay(other);

  await press(page, 'Cancel');
  await act(page, 'Cancel and undo');
  for (const host of ['fbr-a1', 'fbr-a2']) await untilHost(page, host, 'undone');
  await page.locator('h1 .status.rolled-back').waitFor();
  await page.locator('.error-box', { hasText: 'E_CANCELLED' }).waitFor();
  expect([canary.folders(), other.folders()]).toEqual([[], []]);
  const requests = page.getByRole('table', { name: 'Requests, oldest first' });
  expect(await requests.getByRole('row').allTextContents()).toEqual([
    expect.any(String),
    expect.stringMatching(/approvefbr-a1 is fine$/),
    expect.stringMatching(/cancel$/),
  ]);

  expect((await world.show('fbra')).status).toBe('rolled-back');
  await world.restate.kill();
  await page.getByText('This is a copy from its end.').waitFor();
  await untilHost(page, 'fbr-a2', 'undone');
  expect(await page.getByRole('button', { name: 'Roll back' }).count()).toBe(0);
  await page.goto(`${served.url}/fleets`);
  await page.getByText('The list has only copies.').waitFor();
  await page.getByRole('link', { name: 'fbra' }).waitFor();
  await world.restate.restart();
  expect(complaints).toEqual([]);
});

test('a request to a fleet run is refused without the token of the session, and by a read-only server', async () => {
  const host = world.host('fbr-b1');
  await host.join();
  await start('fbrb', 'fbr-b1');
  const cancel = (of: ServedPage, headers: Readonly<Record<string, string>>) =>
    ask(of, '/api/fleets/fbrb/cancel', { method: 'POST', headers, body: '{}' });
  const session = await openSession({ ...served, newLink: served.newLink });
  const { 'x-wf-csrf': _token, ...without } = session.writing;
  expect((await cancel(served, without)).status).toBe(403);
  const showing = await servePage(world.operator, [], {
    env: { HOME: `${world.operator.folder}/home`, WF_FLEET: world.restate.url },
  });
  const { page } = await openBrowser(onTestFinished);
  await signIn(page, showing.link);
  await page.goto(`${showing.url}/fleets/fbrb`);
  await untilHost(page, 'fbr-b1', 'offered');
  expect(await page.getByRole('button', { name: 'Cancel' }).count()).toBe(0);
  expect((await world.show('fbrb')).requests).toEqual([]);
  expect((await cancel(served, session.writing)).status).toBe(200);
  await world.untilStatus('fbrb', 'rolled-back');
});

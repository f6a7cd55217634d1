import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { running, untilRunning } from '../../support/host/processes.ts';
import { ask, openSession } from '../../support/page/page-client.ts';
import { servePage } from '../../support/page/served-page.ts';
import { foldersRun, openFoldersProject } from '../../support/workflows/folders.ts';

test.for([
  ['--port=5000', '--socket=/nowhere/x'],
  ['--port=70000'],
  ['--base-path=wf'],
  ['--base-path=/a/../b'],
  ['--origin=wf.example.com'],
  ['--origin=https://wf.example.com/wf'],
  ['--allow-user=nobody-of-this-name'],
  ['--fleet=nowhere'],
])('wf ui %s is refused', async (args) => {
  const refused = await openFoldersProject().sharedWf(['ui', '--json', ...args]);
  expect([refused.exitCode, refused.json()]).toEqual([2, { error: expect.objectContaining({ code: 'E_USAGE' }) }]);
});

test('wf ui serves an empty history without creating a database, and the first run once there is one', async () => {
  const project = openFoldersProject();
  const served = await servePage(project);
  const { cookie } = await openSession(served);
  const runs = async () => JSON.parse((await ask(served, '/api/runs', { headers: { cookie } })).text);
  expect(await runs()).toEqual([]);
  expect(existsSync(project.database)).toBe(false);
  const run = foldersRun(project);
  run.go();
  await run.carryOut();
  expect(await runs()).toEqual((await project.sharedWf(['runs', '--json'])).json());
  rmSync(project.database);
  expect(await runs()).toEqual([]);
});

test('behind a proxy, wf ui accepts its host and origin, and marks the cookie as secure', async () => {
  const project = openFoldersProject();
  const port = await freePort();
  const served = await servePage(project, [`--port=${port}`, '--origin=https://wf.example.com', '--base-path=/wf']);
  expect(served.url).toBe('https://wf.example.com/wf');
  const token = served.link.slice(served.link.indexOf('#token=') + '#token='.length);
  const proxied = { host: 'wf.example.com', origin: 'https://wf.example.com', 'content-type': 'application/json' };
  const body = JSON.stringify({ token });
  const foreign = { ...proxied, origin: 'https://example.com' };
  expect((await ask({ port }, '/wf/session', { method: 'POST', headers: foreign, body })).status).toBe(403);
  const answer = await ask({ port }, '/wf/session', { method: 'POST', headers: proxied, body });
  const [cookie = ''] = [answer.headers['set-cookie']].flat();
  expect(cookie).toMatch(/; Path=\/wf; HttpOnly; Secure; SameSite=Strict$/);
  const signedIn = { ...proxied, cookie: cookie.replace(/;.*/, '') };
  const typed = await ask({ port }, '/wf', { headers: signedIn });
  expect([typed.status, typed.headers['location']]).toEqual([302, '/wf/']);
  const { text } = await ask({ port }, '/wf/', { headers: signedIn });
  expect(text).toMatch(/<script type="module" src="\/wf\/assets\/app-[0-9a-f]+\.js">/);
  expect(await ask({ port }, '/', { headers: proxied })).toMatchObject({ status: 401 });
});

test('wf ui prints a link to a running server with the same options, and refuses other options', async () => {
  const project = openFoldersProject();
  const served = await servePage(project);
  expect(await served.newLink()).toMatch(/#token=/);
  expect((await project.sharedWf(['ui', '--json'])).json()).toMatchObject({ pid: served.wf.pid, url: served.url });
  const token = path.join(project.folder, 'token');
  writeFileSync(token, 'x'.repeat(32), { mode: 0o600 });
  for (const option of [
    '--allow-actions',
    '--port=1',
    `--socket=${token}.sock`,
    '--base-path=/wf',
    '--origin=https://wf.example.com',
    '--allow-user=4294967',
    `--metrics-token=${token}`,
    '--fleet=http://127.0.0.1:9',
  ]) {
    const { exitCode, stdout } = await project.sharedWf(['ui', '--json', option]);
    expect([option, exitCode, JSON.parse(stdout)]).toMatchObject([option, 4, { error: { code: 'E_UI_RUNNING' } }]);
  }
});

test('commands that only read end with the server', async () => {
  const project = openFoldersProject();
  project.write('workflows/hangs.ts', 'await new Promise((resolve) => setTimeout(resolve, 1e9));');
  const served = await servePage(project);
  const { cookie } = await openSession(served);
  const asked = ask(served, '/api/workflows', { headers: { cookie } }).catch(() => {});
  const reading = new RegExp(`workflows --json --db=${project.database}$`);
  await untilRunning(reading, 20_000);
  served.wf.kill('SIGTERM');
  expect((await served.wf.end).exitCode).toBe(0);
  await asked;
  await expect.poll(() => running(reading)).toEqual([]);
});

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject()));
    });
  });
}

import { existsSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';
import { openStream } from '../../support/page/event-stream-client.ts';
import { ask, askRaw, openSession, type Session } from '../../support/page/page-client.ts';
import { type ServedPage, servePage } from '../../support/page/served-page.ts';
import { answerSchema } from '../../support/page/served-routes.ts';
import { openActionsProject } from '../../support/workflows/actions-project.ts';
import { foldersRun, openFoldersProject } from '../../support/workflows/folders.ts';

const project = openFoldersProject();
const run = foldersRun(project);
let served: ServedPage;
let session: Session;

beforeAll(async () => {
  run.go();
  await run.carryOut();
  served = await servePage(project, ['--allow-actions']);
  session = await openSession(served);
});

const pause = () => `/api/runs/${run.id}/pause`;
const codeOf = (text: string) => /E_[A-Z_]+/.exec(text)?.[0];

describe('a request to another host (DNS rebinding)', () => {
  test.for(['evil.example', 'evil.example:80', '127.0.0.1', '127.0.0.1:1', 'localhost.evil.example'])(
    'is refused for Host "%s"',
    async (host) => {
      const answer = await ask(served, '/api/runs', { headers: { host, cookie: session.cookie } });
      expect(answer.status).toBe(403);
      expect(answer.text).not.toContain(run.id);
    },
  );

  test('is refused in a request line, and with two Host headers', async () => {
    const own = `127.0.0.1:${served.port}`;
    const rest = `Cookie: ${session.cookie}\r\nConnection: close\r\n\r\n`;
    const absolute = await askRaw(served, `GET http://evil.example/api/runs HTTP/1.1\r\nHost: evil.example\r\n${rest}`);
    const twice = await askRaw(served, `GET /api/runs HTTP/1.1\r\nHost: ${own}\r\nHost: evil.example\r\n${rest}`);
    const none = await askRaw(served, `GET /api/runs HTTP/1.1\r\n${rest}`);
    for (const answer of [absolute, twice, none]) {
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect(answer).not.toContain(run.id);
    }
  });
});

describe('a request without a session', () => {
  test.for(['/', '/runs/x', '/api/runs', '/api/openapi.json', '/api/events?runs=1', '/api/events?run=x', '/nowhere'])(
    'reads nothing at %s',
    async (address) => {
      const [name = ''] = session.cookie.split('=');
      const forged = `${name}=${Buffer.alloc(16).toString('base64url')}.zzzzzzzz.${'A'.repeat(43)}`;
      for (const cookie of ['', forged, `${session.cookie}x`, session.cookie.slice(0, -1)]) {
        const answer = await ask(served, address, { headers: cookie === '' ? {} : { cookie } });
        expect(answer.status).toBe(401);
        expect(answer.text).not.toContain(run.id);
      }
    },
  );

  test('does not sign in with an invalid token or with that of a session', async () => {
    const headers = { 'content-type': 'application/json', origin: served.url };
    for (const token of ['', 'a.b.c', 'x'.repeat(5000), session.cookie.split('=')[1] ?? '']) {
      const answer = await ask(served, '/session', { method: 'POST', headers, body: JSON.stringify({ token }) });
      expect(answer.status).toBe(403);
      expect(answer.headers['set-cookie']).toBeUndefined();
    }
  });
});

describe('a request that writes', () => {
  const foreign: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['of a foreign origin', { origin: 'http://evil.example' }],
    ['of another port', { origin: 'http://127.0.0.1:1' }],
    ['of a sandboxed page', { origin: 'null' }],
    ['that a browser calls cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['that a browser calls same-site', { 'sec-fetch-site': 'same-site' }],
    ['without the token of its session', { 'x-wf-csrf': '' }],
    ['with the token of nobody', { 'x-wf-csrf': 'A'.repeat(43) }],
  ];
  test.for(foreign)('%s is refused', async ([, headers]) => {
    const answer = await ask(served, pause(), {
      method: 'POST',
      headers: { ...session.writing, ...headers },
      body: '{}',
    });
    expect([answer.status, codeOf(answer.text)]).toEqual([403, 'E_FORBIDDEN']);
  });

  test('without an origin is refused, and with the token of another session', async () => {
    const { origin: _none, ...rest } = session.writing;
    expect((await ask(served, pause(), { method: 'POST', headers: rest, body: '{}' })).status).toBe(403);
    const other = await openSession(served);
    const mixed = { ...other.writing, cookie: session.cookie };
    expect((await ask(served, pause(), { method: 'POST', headers: mixed, body: '{}' })).status).toBe(403);
  });

  test('as a form of any kind is refused', async () => {
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x', '']) {
      const headers = { ...session.writing, 'content-type': type };
      const answer = await ask(served, '/session', { method: 'POST', headers, body: '{"token":"x"}' });
      expect(answer.status).toBe(415);
    }
  });

  test('by another method than POST is refused, and no other origin is ever allowed', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD']) {
      const headers = { ...session.writing, 'access-control-request-method': 'POST' };
      const answer = await ask(served, pause(), { method, headers });
      expect(answer.status).toBe(403);
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  test('is refused by a server without --allow-actions, which only plans', async () => {
    const only = openActionsProject();
    const failed = only.run('touchy', 'ui-only-shown');
    await failed.carryOut('--on-failure', 'keep');
    const before = await failed.record();
    const showing = await servePage(only);
    const { writing } = await openSession(showing);
    const post = (address: string, body: unknown, headers: Readonly<Record<string, string>> = writing) =>
      ask(showing, address, { method: 'POST', headers, body: JSON.stringify(body) });
    // A whole path is allowed, not a beginning or an end of one.
    for (const address of [
      ...['send', 'pause', 'cancel', 'confirm', 'resume', 'rollback', 'retry', 'settle'].map(
        (name) => `/api/runs/${failed.id}/${name}`,
      ),
      '/api/workflows/touchy/runs',
      `/api/workflows/touchy/plan/../../../runs/${failed.id}/rollback`,
      `/api/runs/${failed.id}/rollback?x=/api/workflows/touchy/plan`,
      `/api/runs/${failed.id}/rollback#/plan`,
      '/api/workflows/touchy/plan/',
      '/api/workflows/touchy/plan/runs',
      '/api/workflows/touchy%2fplan',
      '//api/workflows/touchy/plan',
      '/api/workflows/a/b/plan',
    ]) {
      const { status, text } = await post(address, { event: 'x', input: {}, change: 1, as: 'gone', reason: 'x' });
      expect([address, status]).toEqual([address, 403]);
      expect(text).toContain('read-only');
    }
    // A dry run observes the host: a client that may only read cannot make it use a secret of the server's user.
    const plan = (folder: string, headers?: Readonly<Record<string, string>>) =>
      post('/api/workflows/touchy/plan', { input: { folder } }, headers);
    for (const source of ['@file:/etc/passwd', '@env:HOME']) {
      const refused = await plan(source);
      expect([refused.status, codeOf(refused.text)]).toEqual([403, 'E_FORBIDDEN']);
    }
    // Other clients get neither a plan nor anything else.
    const { origin: _own, ...without } = writing;
    for (const headers of [{ ...writing, 'x-wf-csrf': '' }, { ...writing, origin: 'http://evil.example' }, without]) {
      expect((await plan(only.folder, headers)).status).toBe(403);
    }
    const planned = JSON.parse((await plan(only.folder)).text);
    expect(answerSchema('/workflows/{workflow}/plan', 'post').parse(planned)).toEqual(planned);
    expect(planned).toMatchObject({ plan: { workflow: 'touchy', steps: [{ step: 'make' }, { step: 'check' }] } });
    const preview = await post(`/api/runs/${failed.id}/preview/retry`, { acceptChanges: true, input: {} });
    expect(JSON.parse(preview.text)).toMatchObject({ refusal: null, plan: { direction: 'forward' } });
    expect(await failed.record()).toEqual(before);
    expect(failed.log()).toEqual(['made']);
  });
});

test('a page of another site reads nothing, but can link to the page', async () => {
  for (const site of ['cross-site', 'same-site']) {
    const read = (headers: Readonly<Record<string, string>>) =>
      ask(served, '/api/runs', { headers: { cookie: session.cookie, 'sec-fetch-site': site, ...headers } });
    expect((await read({ 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' })).status).toBe(403);
    expect((await read({ 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' })).status).toBe(403);
    expect((await read({ 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' })).status).toBe(403);
    expect((await read({ 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' })).status).toBe(200);
  }
});

test('no path leads out of the folder of the page', async () => {
  const database = path.basename(project.database);
  const ways = ['../', '..%2f', '%2e%2e/', '%2e%2e%2f', '....//', '..\\', '%252e%252e%252f'];
  const addresses = ways.flatMap((way) => [
    `/assets/${way}${way}${database}`,
    `/assets/${way}program.cjs`,
    `/${way}${way}etc/passwd`,
  ]);
  for (const address of addresses) {
    const answer = await ask(served, address, { headers: { cookie: session.cookie } });
    expect([address, answer.status]).toEqual([address, expect.toSatisfy((status) => status === 404 || status === 400)]);
    expect(answer.text).not.toMatch(/SQLite|root:|runProgram/);
  }
});

test('long requests are refused', async () => {
  const body = JSON.stringify({ token: 'x'.repeat(2 * 1024 * 1024) });
  const known = await ask(served, '/session', { method: 'POST', headers: session.writing, body });
  expect(known.status).toBe(413);
  const headers = { ...session.writing, 'transfer-encoding': 'chunked' };
  const chunked = await ask(served, '/session', { method: 'POST', headers, body });
  expect(chunked.status).toBe(413);
  const header = await ask(served, '/api/runs', { headers: { cookie: 'x'.repeat(20_000) } });
  expect(header.status).toBe(431);
});

test('the server ends a request that does not end', { timeout: 40_000 }, async () => {
  const begun = performance.now();
  const answer = await askRaw(served, 'GET /api/runs HTTP/1.1\r\nHost: 127.0.0.1');
  expect(answer).toMatch(/^HTTP\/1\.1 408 |^$/);
  expect(performance.now() - begun).toBeLessThan(30_000);
});

test('the server keeps at most 64 streams open, and a closed one makes room', async () => {
  const open = () => openStream(served, `/api/events?run=${run.id}`, { cookie: session.cookie });
  const streams = Array.from({ length: 64 }, open);
  await Promise.all(streams.map((stream) => stream.count('run', 1)));
  const next = () => ask(served, '/api/events?runs=1', { headers: { cookie: session.cookie } });
  const refused = await next();
  expect([refused.status, codeOf(refused.text)]).toEqual([503, 'E_LIMIT']);
  for (const stream of streams) stream.close();
  const last = async () => {
    const stream = open();
    const isOpen = await stream.count('run', 1).then(
      () => true,
      () => false,
    );
    stream.close();
    return isOpen;
  };
  await expect.poll(last).toBe(true);
});

test('every answer forbids frames, inline scripts and everything from outside', async () => {
  const script = /src="(\/assets\/[^"]+\.js)"/.exec((await ask(served, '/')).text)?.[1] ?? '';
  for (const address of ['/', script, '/api/runs', '/nowhere', '/session', '/runs/none']) {
    const { headers } = await ask(served, address, { headers: { cookie: session.cookie } });
    expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
    });
  }
});

describe('another user of this machine', () => {
  const asNobody = (port: number, address: string) =>
    execa(
      'setpriv',
      ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, '-e', READ, String(port), address],
      { env: { COOKIE: session.cookie }, extendEnv: false },
    );
  const READ =
    "require('node:http').get({ host: '127.0.0.1', port: process.argv[1], path: process.argv[2], headers: { cookie: process.env.COOKIE } }, (r) => { console.log(r.statusCode); r.resume(); })";

  test.skipIf(process.getuid?.() !== 0)('reads nothing, even with a stolen cookie, unless it is allowed', async () => {
    expect((await asNobody(served.port, '/api/runs')).stdout).toBe('403');
    const other = openFoldersProject();
    const open = await servePage(other, ['--allow-user=65534']);
    expect((await asNobody(open.port, '/api/runs')).stdout).toBe('401');
  });
});

describe('a Unix socket', () => {
  test('is for its user alone, and takes the place of one that a killed server left', async () => {
    const own = openFoldersProject();
    const file = path.join(own.folder, 'ui.sock');
    const first = await servePage(own, [`--socket=${file}`]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const headers = { host: 'localhost' };
    expect((await ask(first, '/api/runs', { socketPath: file, headers })).status).toBe(401);
    first.wf.kill('SIGKILL');
    await first.wf.end;
    expect(existsSync(file)).toBe(true);
    const second = await servePage(own, [`--socket=${file}`]);
    expect((await ask(second, '/api/runs', { socketPath: file, headers })).status).toBe(401);
    second.wf.kill('SIGTERM');
    expect((await second.wf.end).exitCode).toBe(0);
    expect(existsSync(file)).toBe(false);
  });

  test('never takes the place of another file', async () => {
    const own = openFoldersProject();
    const file = path.join(own.folder, 'notes');
    writeFileSync(file, 'mine');
    const refused = await own.sharedWf(['ui', '--json', `--socket=${file}`]);
    expect([refused.exitCode, codeOf(refused.stdout)]).toEqual([4, 'E_ADDRESS_IN_USE']);
    expect(statSync(file).size).toBe(4);
  });
});

import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findEndpoint } from '../../../src/docker/connection/endpoint.ts';
import { createDocker } from '../../../src/docker/create-docker.ts';

describe('the Docker engine', () => {
  let home = '';

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'wf-docker-home-'));
    await writeConfig('current', JSON.stringify({ currentContext: 'work' }));
    await writeConfig('damaged', '{"currentContext":');
    await writeConfig('default', JSON.stringify({ currentContext: 'default', auths: {} }));
    await writeContext('current', 'work', 'unix:///run/work.sock');
    await writeContext('current', 'other', 'ssh://admin@example.org');
    await writeContext('current', 'secure', 'tcp://example.org:2376', true);
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  const config = (name: string) => join(home, name);
  const find = (env: Record<string, string>) => findEndpoint({ HOME: home, ...env });

  async function writeConfig(name: string, text: string) {
    await mkdir(config(name), { recursive: true });
    await writeFile(join(config(name), 'config.json'), text);
  }
  async function writeContext(name: string, context: string, address: string, tls = false) {
    const key = createHash('sha256').update(context).digest('hex');
    const meta = join(config(name), 'contexts', 'meta', key);
    await mkdir(meta, { recursive: true });
    await writeFile(
      join(meta, 'meta.json'),
      JSON.stringify({ Name: context, Endpoints: { docker: { Host: address } } }),
    );
    if (!tls) return;
    const material = join(config(name), 'contexts', 'tls', key, 'docker');
    await mkdir(material, { recursive: true });
    for (const part of ['ca', 'cert', 'key']) await writeFile(join(material, `${part}.pem`), part);
  }

  test('is found at the default socket by default', async () => {
    const expected = {
      type: 'unix',
      path: '/var/run/docker.sock',
      description: 'unix:///var/run/docker.sock (default)',
    };
    expect(await find({})).toEqual(expected);
    expect(await find({ DOCKER_HOST: '', DOCKER_CONTEXT: '' })).toEqual(expected);
    expect(await find({ DOCKER_CONFIG: config('default') })).toEqual(expected);
    expect(await find({ DOCKER_CONTEXT: 'default', DOCKER_CONFIG: config('current') })).toEqual(expected);
  });

  test.each([
    ['unix:///run/x.sock', { type: 'unix', path: '/run/x.sock' }],
    ['unix://', { type: 'unix', path: '/var/run/docker.sock' }],
    ['tcp://example.org:2375', { type: 'tcp', host: 'example.org', port: 2375, tls: null }],
    ['tcp://[::1]:2375', { type: 'tcp', host: '::1', port: 2375 }],
    ['example.org:4711', { type: 'tcp', host: 'example.org', port: 4711 }],
    ['tcp://example.org', { type: 'tcp', port: 2375 }],
  ])('is found at DOCKER_HOST=%s', async (address, expected) => {
    const found = await find({ DOCKER_HOST: address, DOCKER_CONTEXT: 'work', DOCKER_CONFIG: config('current') });
    expect(found).toMatchObject({ ...expected, description: `${address} (DOCKER_HOST)` });
  });

  test('is found in the current context, or in the one that DOCKER_CONTEXT names', async () => {
    const found = await find({ DOCKER_CONFIG: config('current') });
    const file = join(config('current'), 'config.json');
    expect(found).toMatchObject({
      path: '/run/work.sock',
      description: `unix:///run/work.sock (context work, ${file})`,
    });
    const named = find({ DOCKER_CONFIG: config('current'), DOCKER_CONTEXT: 'other' });
    await expect(named).rejects.toMatchObject({
      code: 'E_DOCKER_UNREACHABLE',
      message: expect.stringContaining('context other, DOCKER_CONTEXT'),
    });
  });

  test('is refused over SSH, with a hint that keeps the host key check of ssh', async () => {
    await expect(find({ DOCKER_HOST: 'ssh://admin@example.org:2222' })).rejects.toMatchObject({
      code: 'E_DOCKER_UNREACHABLE',
      exitCode: 3,
      message: expect.stringContaining('ssh://admin@example.org:2222'),
      hint: expect.stringContaining('ssh -nNT -L'),
    });
  });

  test('is found with the keys of its context', async () => {
    const found = await find({ DOCKER_CONFIG: config('current'), DOCKER_CONTEXT: 'secure' });
    expect(found).toMatchObject({ type: 'tcp', port: 2376, tls: { ca: 'ca', cert: 'cert', key: 'key' } });
  });

  test.each([
    ['ftp://example.org', 'ftp://example.org'],
    ['unix://relative.sock', 'unix://relative.sock'],
    ['tcp://', 'tcp://'],
    ['tcp://a b', 'tcp://a b'],
    ['tcp://example.org:99999', '99999'],
  ])('is not found at DOCKER_HOST=%s', async (address, named) => {
    await expect(find({ DOCKER_HOST: address })).rejects.toMatchObject({
      code: 'E_DOCKER_UNREACHABLE',
      exitCode: 3,
      message: expect.stringMatching(new RegExp(`^DOCKER_HOST is ".*${named.slice(-6)}`)),
    });
  });

  test('is not found with a missing context, a damaged file or missing keys, and the error names the cause', async () => {
    const message = (text: string) => ({ code: 'E_DOCKER_UNREACHABLE', message: expect.stringContaining(text) });
    const none = { DOCKER_CONFIG: config('current'), DOCKER_CONTEXT: 'none' };
    await expect(find(none)).rejects.toMatchObject(message('DOCKER_CONTEXT names the Docker context "none"'));
    const damaged = find({ DOCKER_CONFIG: config('damaged') });
    await expect(damaged).rejects.toMatchObject(message(join(config('damaged'), 'config.json')));
    const keys = find({ DOCKER_HOST: 'tcp://example.org', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: home });
    await expect(keys).rejects.toMatchObject(message(`cannot be read from ${home}`));
  });

  test('is reported as unreachable with its address if nothing answers', async () => {
    const socket = join(home, 'nobody.sock');
    await expect(createDocker({ DOCKER_HOST: `unix://${socket}` }).info()).rejects.toMatchObject({
      code: 'E_DOCKER_UNREACHABLE',
      message: `no Docker engine answers at unix://${socket} (DOCKER_HOST) (ENOENT)`,
    });
    await writeFile(socket, '');
    await expect(createDocker({ DOCKER_HOST: `unix://${socket}` }).info()).rejects.toMatchObject({
      code: 'E_DOCKER_UNREACHABLE',
    });
  });

  test('is used with its newest API, without a version in the request', async () => {
    const { createServer } = await import('node:http');
    const socket = join(home, 'any.sock');
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.end('[]');
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    try {
      expect(await createDocker({ DOCKER_HOST: `unix://${socket}` }).networks()).toEqual([]);
      expect(asked).toEqual(['GET /networks']);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  test('is refused if its answer is not that of an engine', async () => {
    const { createServer } = await import('node:http');
    const socket = join(home, 'other.sock');
    const server = createServer((_request, response) => response.end('{"hello":"world"}'));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    try {
      const docker = createDocker({ DOCKER_HOST: `unix://${socket}` });
      await expect(docker.networks()).rejects.toMatchObject({
        code: 'E_DOCKER',
        message: expect.stringContaining('unexpected answer'),
      });
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});

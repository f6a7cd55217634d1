import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askedFleet, fleetArguments } from '../../../src/cli/commands/unattended/fleet-options.ts';
import { ingressClient } from '../../../src/fleet/restate/ingress-client.ts';
import { folderOfFile } from '../../support/host/file-folder.ts';
import { freePort } from '../../support/host/free-port.ts';

let folder: string;
const at = (name: string) => path.join(folder, name);
const servers: { kill(signal: 'SIGKILL'): boolean }[] = [];

beforeAll(async () => {
  folder = mkdtempSync(path.join(folderOfFile(), 'tls-'));
  for (const name of ['server', 'client']) {
    const files = ['-keyout', at(`${name}.key`), '-out', at(`${name}.pem`)];
    const names = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
    await execa('openssl', ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-days', '1', ...names, ...files]);
  }
});
afterAll(async () => {
  for (const server of servers) server.kill('SIGKILL');
  await Promise.all(servers);
});

/** Starts a server that refuses a client in the handshake, as other proxies than nginx do. */
async function strictServer(version: string): Promise<string> {
  const port = await freePort();
  const own = ['-cert', at('server.pem'), '-key', at('server.key'), '-CAfile', at('server.pem')];
  const verify = ['-Verify', '1', '-verify_return_error', version];
  const server = execa('openssl', ['s_server', '-accept', `127.0.0.1:${port}`, ...own, ...verify], { reject: false });
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.stdout.on('data', (text: Buffer) => text.includes('ACCEPT') && resolve());
  });
  return `https://127.0.0.1:${port}`;
}

test.each(['-tls1_2', '-tls1_3'])(
  'a client that is refused in the handshake of %s reports E_CERTIFICATE',
  async (version) => {
    const url = await strictServer(version);
    const client = { cert: at('client.pem'), key: at('client.key') };
    const post = (tls: Parameters<typeof ingressClient>[1]) =>
      ingressClient(url, tls).post('a/b/c', '{}', new AbortController().signal, 'kept');
    await expect(post({ client, ca: at('server.pem') })).rejects.toMatchObject({
      code: 'E_CERTIFICATE',
      message: expect.stringMatching(/refuses the certificate of CN=client/),
    });
  },
);

test('the unit of an agent has its certificate, by absolute paths', () => {
  const given = {
    ...{ fleet: 'https://127.0.0.1:8443', name: 'web1', label: ['role=web'], allow: [] },
    ...{ cert: path.relative('.', at('client.pem')), key: at('client.key'), ca: at('server.pem') },
  };
  const tls = { client: { cert: at('client.pem'), key: at('client.key') }, ca: at('server.pem') };
  expect(askedFleet(given)).toMatchObject({ host: 'web1', tls });
  expect(fleetArguments(given)).toEqual([
    ...['--fleet', 'https://127.0.0.1:8443', '--name', 'web1', '--label', 'role=web'],
    ...['--cert', at('client.pem'), '--key', at('client.key'), '--ca', at('server.pem')],
  ]);
  expect(() => askedFleet({ label: [], allow: [], ca: 'x' })).toThrow('--ca requires --fleet');
});

import { chmodSync, copyFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { beforeAll, expect, test } from 'vitest';
import { readDocPage } from '../../support/command/doc-page.ts';
import { LOOPBACK } from '../../support/fleet/fleet-network.ts';
import { type FleetWorld, openWorldOn } from '../../support/fleet/fleet-world.ts';
import { startRestate } from '../../support/fleet/restate.ts';
import { folderOfFile } from '../../support/host/file-folder.ts';
import { freePort } from '../../support/host/free-port.ts';
import { startNginx } from '../../support/page/nginx.ts';

const { files } = readDocPage('docs/how-to/secure-a-fleet.md');
const { 'certificates.sh': certificates = '', 'revoke.sh': revoke = '', 'wf-fleet.conf': configuration = '' } = files;

let world: FleetWorld;
/** The proxy of the page, and the folder with its certificates. */
let url: string;
let folder: string;
/** The same proxy, with a list of revoked certificates. */
let strictUrl: string;
/** Certificates of another CA. */
let stranger: string;

beforeAll(async () => {
  [world, folder, stranger] = await Promise.all([
    openWorldOn(await startRestate(), LOOPBACK),
    certified(),
    certified(),
  ]);
  await shell(revoke, folder);
  url = await proxy(configuration);
  strictUrl = await proxy(
    configuration.replace(/ssl_verify_client .*/, `$& ssl_crl ${path.join(folder, 'revoked.pem')};`),
  );
});

/** Runs a script of the page. */
const shell = (script: string, cwd: string) => execa('sh', ['-c', script], { cwd });

async function certified(): Promise<string> {
  const made = mkdtempSync(path.join(folderOfFile(), 'ca-'));
  await shell(certificates.replace('DNS:fleet.example.com', 'IP:127.0.0.1'), made);
  return made;
}

async function proxy(servers: string): Promise<string> {
  const port = await freePort();
  const here = servers
    .replace('listen 8443', `listen 127.0.0.1:${port}`)
    .replace('http://127.0.0.1:8080', world.restate.url)
    .replaceAll('/etc/wf-fleet', folder);
  await startNginx(here, port);
  return `https://127.0.0.1:${port}`;
}

const file = (name: string, from = folder) => path.join(from, name);
const identity = (name: string, from = folder) => [
  ...['--cert', file(`${name}.pem`, from), '--key', file(`${name}.key`, from)],
  ...['--ca', file('ca.pem')],
];
const operator = (name = 'ann', from = folder) => ['--fleet', url, ...identity(name, from)];

/** Sends a request as a client that is not wf. Returns the HTTP status. */
async function status(target: string, at: string, client: readonly string[] = []): Promise<number> {
  const body = ['--json', '{}', '--path-as-is', '--globoff'];
  const only = ['-s', '-o', '/dev/null', '-w', '%{http_code}', '--cacert', file('ca.pem')];
  const { stdout } = await execa('curl', [...only, ...body, ...client, `${target}${at}`]);
  return Number(stdout);
}
const as = (name: string, from = folder) => ['--cert', file(`${name}.pem`, from), '--key', file(`${name}.key`, from)];

test('a fleet run goes through the proxy, from an operator to a host', async () => {
  const host = world.host('web1', url);
  await host.join(...identity('web1'));
  const asked = ['start', 'site', '--hosts', 'web1', '--id', 'pka', '--confirm-within', '20s', ...operator()];
  const started = await world.fleet(...asked);
  expect(started).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^fleet run pka: site on 1 host: succeeded/),
  });
  expect(host.log()).toEqual(['one', 'two']);
  const environment = {
    WF_FLEET: url,
    WF_FLEET_CERT: file('ann.pem'),
    WF_FLEET_KEY: file('ann.key'),
    WF_FLEET_CA: file('ca.pem'),
  };
  const hosts = await host.project.sharedWf(['fleet', 'hosts', '--json'], { env: environment });
  expect(hosts.json()).toMatchObject([{ host: 'web1', connected: true }]);
});

test('a host reaches its own mailbox and nothing else', async () => {
  const web1 = as('web1');
  // Restate has refused the request itself.
  expect(await status(url, '/wf-host/web1/open', web1)).toBe(400);
  for (const other of [
    '/wf-host/web2/open',
    '/wf-host/web1/show',
    '/wf-host/web1/open/../../web2/open',
    '/wf-host/web1/../web2/open',
    '/wf-host/web%31/open',
    '/wf-host//web1/open',
    '/wf-host/web1/open?x=1',
    '/wf-host/web1/open/send',
    '/wf-fleet/x/start',
    '/wf-directory/all/hosts',
    '/restate/health',
    '/deployments',
    '/',
  ]) {
    expect([other, await status(url, other, web1)]).toEqual([other, 403]);
  }
  expect(await status(url, '/wf-directory/all/hosts', as('ann'))).toBe(200);
  for (const inner of ['/wf-host/web1/offer', '/wf-host/web1/open', '/wf-fleet/x/report', '/restate/health']) {
    expect([inner, await status(url, inner, as('ann'))]).toEqual([inner, 403]);
  }
});

test('nobody reaches the fleet without a certificate of its CA, or with a revoked one', async () => {
  const at = '/wf-host/web2/next';
  expect(await status(url, at)).toBe(400);
  expect(await status(url, at, as('web2', stranger))).toBe(400);
  // The CA has signed a certificate that belongs to neither a host nor an operator.
  expect(await status(url, at, as('proxy'))).toBe(403);
  const permitted = await world.fleet('hosts', ...operator());
  expect(permitted.exitCode).toBe(0);
  const agent = world.host('web2', strictUrl).project.serve(join(strictUrl, 'web2', 'web2'));
  expect(JSON.parse(await agent.printed(/"did":"disconnected"/))).toMatchObject({
    error: { code: 'E_CERTIFICATE', message: expect.stringContaining('refuses the certificate of OU=hosts, CN=web2') },
  });
});

const join = (to: string, name: string, from: string) => [
  ...['agent', '--json', '--fleet', to, '--name', name],
  ...identity(from),
];

test('an agent with the certificate of another host is refused, and joins once it has its own', async () => {
  for (const kind of ['pem', 'key']) copyFileSync(file(`web1.${kind}`), file(`later.${kind}`));
  const agent = world.host('web2', url).project.serve(join(url, 'web2', 'later'));
  expect(JSON.parse(await agent.printed(/"did":"disconnected"/))).toMatchObject({
    error: {
      code: 'E_FORBIDDEN',
      message: expect.stringContaining('does not permit OU=hosts, CN=web1 to call wf-host/web2/open'),
    },
  });
  for (const kind of ['pem', 'key']) copyFileSync(file(`web2.${kind}`), file(`later.${kind}`));
  await agent.printed(/"did":"joined"/);
});

test('each mistake with a certificate is reported with the next step', async () => {
  const signed = ['-req', '-in', 'web1.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'];
  await execa('openssl', ['x509', ...signed, '-days', '-1', '-out', 'old.pem'], { cwd: folder });
  copyFileSync(file('web1.key'), file('old.key'));
  copyFileSync(file('ann.key'), file('open.key'));
  chmodSync(file('open.key'), 0o640);
  writeFileSync(file('no.pem'), 'no certificate');
  const at = ['--fleet', url];
  const [cert, key, ca] = [file('ann.pem'), file('ann.key'), file('ca.pem')];
  for (const [options, code, words] of [
    [[...at, '--ca', ca], 'E_CERTIFICATE', 'asks for a client certificate'],
    [operator('ann', stranger), 'E_CERTIFICATE', 'refuses the certificate of OU=operators, CN=ann'],
    [operator('old'), 'E_CERTIFICATE', 'refuses the certificate of OU=hosts, CN=web1[^]*next: .*valid from .* to '],
    [operator('web1'), 'E_FORBIDDEN', 'does not permit OU=hosts, CN=web1 to call wf-directory'],
    [[...at, '--ca', file('ca.pem', stranger)], 'E_CERTIFICATE', 'is not trusted: .*[^]*next: Give the CA'],
    [[...at], 'E_CERTIFICATE', 'is not trusted'],
    [['--fleet', url.replace('127.0.0.1', 'localhost'), '--ca', ca], 'E_CERTIFICATE', 'is not trusted: Hostname/IP'],
    [[...at, '--cert', cert, '--key', file('web1.key')], 'E_CERTIFICATE', 'does not belong to the certificate'],
    [[...at, '--cert', file('no.pem'), '--key', key], 'E_CERTIFICATE', 'no.pem is not valid'],
    [[...at, '--cert', file('nosuch.pem'), '--key', key], 'E_CERTIFICATE', 'nosuch.pem cannot be read'],
    [[...at, '--cert', cert, '--key', file('open.key')], 'E_UNTRUSTED', 'can be read by others[^]*chmod 600'],
    [[...at, '--cert', cert], 'E_USAGE', 'needs both --cert and --key'],
    [['--ca', ca], 'E_USAGE', '--ca requires an address with https'],
  ] as const) {
    const { stderr, stdout } = await world.fleet('hosts', ...options);
    expect([stderr, stdout]).toEqual([expect.stringMatching(`^error ${code}: .*${words}`), '']);
  }
});

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readRecord } from '../../support/command/read-record.ts';
import { openProject, type Project } from '../../support/command/run-wf.ts';
import { describeOwnNetwork, networkState, type TestContainer, testContainer } from '../../support/host/own-network.ts';

const WORKFLOW = readFileSync(fileURLToPath(new URL('../../../workflows/network-change.ts', import.meta.url)), 'utf8');
const OLD = '192.0.2.2';
const NEW = '198.51.100.2';
const UNCONFIRMED = /^not confirmed yet: undone at /;
const run = promisify(execFile);

/** Echoes on port 22, as a connection of the operator. */
const SERVER = "require('net').createServer((socket) => socket.pipe(socket)).listen(22, '0.0.0.0')";
/** Connects, and exits with 0 if an echoed byte arrives within a second. */
const CLIENT = `
const socket = require('net').connect({ host: process.argv[1], port: 22, timeout: 1_000 }, () => socket.write('x'));
socket.on('data', () => process.exit(0)).on('timeout', () => process.exit(1)).on('error', () => process.exit(1));
`;

describeOwnNetwork('a change of the network that cuts off its operator', () => {
  let project: Project;
  /** The machine that is changed, and that of its operator. */
  let host: TestContainer;
  let operator: TestContainer;

  beforeEach(async () => {
    project = openProject({ 'workflows/network-change.ts': WORKFLOW });
    [host, operator] = await Promise.all([testContainer('host'), testContainer('operator')]);
    host.ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'op0', 'netns', String(operator.handle.pid));
    // No IPv6 address appears meanwhile.
    host.ip('link', 'set', 'eth0', 'addrgenmode', 'none');
    host.ip('address', 'add', `${OLD}/24`, 'dev', 'eth0');
    host.ip('link', 'set', 'eth0', 'up');
    for (const address of ['192.0.2.1/24', '198.51.100.1/24']) operator.ip('address', 'add', address, 'dev', 'op0');
    operator.ip('link', 'set', 'op0', 'up');
    host.ip('route', 'add', 'default', 'via', '192.0.2.1');
    host.start(process.execPath, '-e', SERVER);
    await expect.poll(() => reaches(OLD), { timeout: 10_000 }).toBe(true);
  });
  afterEach(() => Promise.all([host.remove(), operator.remove()]));

  /** Whether the operator reaches the machine at this address. */
  const reaches = (address: string) =>
    run('nsenter', [`--net=/proc/${operator.handle.pid}/ns/net`, process.execPath, '-e', CLIENT, address]).then(
      () => true,
      () => false,
    );
  const on = (pid: number) => ({ through: ['nsenter', `--net=/proc/${pid}/ns/net`] });
  const start = (id: string, ...args: readonly string[]) => {
    const inputs = {
      link: 'eth0',
      addresses: `["${NEW}/24"]`,
      gateway: '198.51.100.1',
      routes: '["default"]',
      oldAddresses: `["${OLD}/24"]`,
      firewall: 'iptables',
      sshFrom: '203.0.113.0/24',
    };
    const given = Object.entries(inputs).map(([name, value]) => `--input=${name}=${value}`);
    return project.start(['start', 'network-change', '--id', id, ...given, ...args], on(host.handle.pid));
  };

  it('is taken back at its deadline: the machine is reachable again, and its network is restored', async () => {
    const before = networkState(host.ip);
    const wf = start('cut-off', '--confirm-within', '4s');
    await wf.line(UNCONFIRMED);
    expect([await reaches(OLD), await reaches(NEW)]).toEqual([false, false]);
    // The process dies with the session that is cut off.
    wf.kill('SIGKILL');
    await expect.poll(() => reaches(OLD), { timeout: 20_000 }).toBe(true);
    await project.sharedWf(['wait', 'cut-off', '--timeout', '20s']);
    expect(readRecord(project, 'cut-off')).toMatchObject({
      status: 'rolled-back',
      error: { code: 'E_NOT_CONFIRMED' },
      verification: { restored: true, unexplained: [] },
    });
    expect(networkState(host.ip)).toEqual(before);
  });

  it('is kept once the operator reaches the machine at its new address and confirms it', async () => {
    const wf = start(
      'reached',
      '--confirm-within',
      '60s',
      '--confirm-if',
      'pingAfter',
      '--input=sshFrom=198.51.100.0/24',
    );
    await wf.line(UNCONFIRMED);
    expect([await reaches(OLD), await reaches(NEW)]).toEqual([false, true]);
    expect(await project.wf(['confirm', 'reached'], on(host.handle.pid))).toMatchObject({ exitCode: 0 });
    expect(await wf.end).toMatchObject({ exitCode: 0 });
    expect(await reaches(NEW)).toBe(true);
    expect(await project.wf(['rollback', 'reached'], on(host.handle.pid))).toMatchObject({ exitCode: 0 });
    expect(await reaches(OLD)).toBe(true);
  });
});

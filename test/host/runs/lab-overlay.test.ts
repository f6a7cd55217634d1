import path from 'node:path';
import { execa } from 'execa';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { OVERLAY } from '../../../src/steps/examples/net.ts';
import { anotherBoot } from '../../../src/testing/session.ts';
import { canActAsOrdinaryUser, ORDINARY_USER, ownedByOrdinaryUser } from '../../support/command/ordinary-user.ts';
import { readRecord } from '../../support/command/read-record.ts';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import type { WfEnd } from '../../support/command/wf-process.ts';
import { privateProcessesIn } from '../../support/crash/processes.ts';
import { HAS_NFT } from '../../support/host/nft.ts';
import { openConnection } from '../../support/page/open-connection.ts';
import { testsInTurn } from '../../support/tests-in-turn.ts';

vi.setConfig({ testTimeout: 120_000 });

const USERS = canActAsOrdinaryUser() ? (['root', 'an ordinary user'] as const) : (['this user'] as const);
const withNft = test.skipIf(!HAS_NFT);
const STAGES = ['underlay', 'overlay', 'lookInside', 'isolation', 'failure', 'teardown', 'verification'];

const shellSchema = z.object({ command: z.array(z.string()) });

function openLab(user: (typeof USERS)[number] = USERS[0]) {
  const project = openProject();
  const through = user === 'an ordinary user' ? ORDINARY_USER : [];
  if (through.length > 0) ownedByOrdinaryUser(project.folder);
  const wf = (args: readonly string[], killAt?: string) =>
    project.wf(args, { through, env: killAt === undefined ? {} : { WF_CRASH_AT: killAt } });
  const wfAfterReboot = (args: readonly string[]) =>
    project.wf(args, { through: anotherBoot(path.join(project.folder, 'boot-id')) });
  const start = (id: string, ...more: readonly string[]) => ['start', 'lab-overlay', '--id', id, ...more];
  const record = (id: string) => readRecord(project, id);
  const ask = through.length > 0 ? wf : project.sharedWf;
  const shell = async (where: readonly string[]) =>
    shellSchema.parse((await ask(['shell', ...where, '--json'])).json()).command;
  /** Runs a command in the place of a `wf shell`. */
  const inShell = async (where: readonly string[], ...argv: readonly string[]) => {
    const command = await shell(where);
    const [program = '', ...args] = [...through, ...command.slice(0, command.lastIndexOf('--') + 1), ...argv];
    return (await execa(program, args)).stdout;
  };
  const sharedWf = project.sharedWf;
  return { wf, wfAfterReboot, start, record, shell, inShell, sharedWf };
}

/** The processes of the private hosts of a run. */
const processesOf = (id: string) => privateProcessesIn('/').filter(({ mark }) => mark.startsWith(`${id}@`));

withNft(
  'each claim is proven beside a run of lab-network, both hosts are restored, and the report is in both languages',
  async () => {
    const id = 'overlay-proven';
    const { wf, sharedWf, start, record, shell, inShell } = openLab();
    const paused = await wf(start(id, '--pause-after', 'overlay', '--input', 'prefix=ann-'));
    expect(paused, paused.stderr).toMatchObject({ exitCode: 0 });
    expect(await inShell([id, 'alpha'], 'bridge', 'fdb', 'show', 'dev', 'vxlan0')).toContain('dst 10.91.0.2 self');
    const inContainer = await inShell([id, 'beta', 'ann-AppBeta'], 'ip', '-brief', 'address');
    expect(inContainer).toMatch(/^eth1@\S+ +UP +10\.42\.0\.2\/24/m);
    // One more than the lab has itself: it must not keep a pair.
    const connection = await openConnection(await shell([id, 'beta', 'ann-AppBeta']), '10.42.0.1', 5678);

    const beside = 'network-beside';
    const ends = [wf(['resume', id]), wf(['start', 'lab-network', '--runtime', 'embedded', '--id', beside])];
    for (const end of await Promise.all(ends)) expect(end, end.stderr).toMatchObject({ exitCode: 0 });
    await connection.close();
    expect(record(beside).verification).toMatchObject({ restored: true, drift: [], residues: [] });
    const { status, stages, changes, proofs, verification } = record(id);
    expect({ status, verification }).toMatchObject({
      status: 'succeeded',
      verification: { restored: true, drift: [], residues: [] },
    });
    const hasRun = (stage: { readonly status: string }) => stage.status === 'succeeded';
    expect(stages.filter(hasRun).map(({ name }) => name)).toEqual(STAGES);
    expect(stages.filter((stage) => !hasRun(stage)).map(({ name, status: of }) => [name, of])).toEqual([
      ['swarm', 'skipped'],
      ['encrypted', 'skipped'],
    ]);
    expect(new Set(changes.map((change) => change.status))).toEqual(new Set(['reverted', 'gone']));
    expect(new Set(changes.map((change) => change.host))).toEqual(new Set(['alpha', 'beta']));
    expect(Object.fromEntries(proofs.map(({ claim, figures }) => [claim, figures]))).toEqual({
      underlay: 'alpha has only lo, under0; beta has only lo, under0; 3 of 3 pings, other direction 3 of 3',
      overlay: '3 of 3 pings, HTTP "Mon AppBeta"; other direction: 3 of 3, HTTP "Mon AppAlpha"',
      encapsulated: expect.stringMatching(
        /^alpha sent 3 packets as 10\.91\.0\.1 > 10\.91\.0\.2\.4789, VNI 42; beta received [3-9]; alpha's end of the cable counted \d+ out, \d+ in$/,
      ),
      isolated: expect.stringMatching(
        /^VNI 43 \/ 42: 0 of 3 pings while the underlay answered 3 of 3; \d+ packets arrived and were dropped; repaired: 3 of 3$/,
      ),
      'other network':
        '0 of 3 pings to a container on another network of the host, 0 of 3 from it, while it answered the host 3 of 3',
      MTU: '1450 bytes: pings with 1422 bytes of data 1 of 1, with 1423 0 of 1; on the underlay with 1472 1 of 1',
      'health is no proof': expect.stringMatching(
        /^vxlan0 is up, but 0 of 3 pings \(\d+ packets dropped\) while the underlay answered 3 of 3; rule removed: 3 of 3$/,
      ),
    });

    const read = z
      .object({ input: z.unknown() })
      .parse((await sharedWf(['show', id, 'alphaReadVxlan', '--json'])).json());
    expect(read.input, 'the example of the documentation').toEqual(OVERLAY.observeVxlan);
    for (const [language, title, isolated] of [
      ['en', 'Two hosts, one network: VXLAN by hand', '0 of 3 pings'],
      ['fr', 'Deux hôtes, un réseau : VXLAN à la main', '0 ping sur 3'],
    ] as const) {
      const report = await sharedWf(['report', id, '--format', 'html', '--lang', language]);
      for (const text of [title, isolated, 'vxlan id 42']) expect(report.stdout).toContain(text);
      expect(report.stdout.match(/<svg/g)).toHaveLength(3);
    }
    expect(processesOf(id)).toEqual([]);
  },
);

/** A lab of the ordinary user, if there is one. */
function openLabToKill() {
  const lab = openLab(USERS.at(-1));
  return {
    ...lab,
    killedAt: async (args: readonly string[], point: string) =>
      expect(await lab.wf(args, point), point).toMatchObject({ signal: 'SIGKILL' }),
    async expectEnd(id: string, end: WfEnd, status: string) {
      expect(end, end.stderr).toMatchObject({ exitCode: 0 });
      expect(runRecordSchema.parse(end.json())).toMatchObject({
        ...{ id, status },
        verification: { restored: true, drift: [] },
      });
      expect(processesOf(id)).toEqual([]);
    },
  };
}

const RECOVERIES = {
  async resumed() {
    const { wf, start, inShell, killedAt, expectEnd } = openLabToKill();
    const id = 'overlay-killed';
    await killedAt(start(id), 'after touch betaVxlanWrong apply 1 ip link add');
    const paused = await wf(['resume', id, '--pause-after', 'isolation']);
    expect(paused, paused.stderr).toMatchObject({ exitCode: 0 });
    expect(await inShell([id, 'beta'], 'ip', '-details', 'link', 'show', 'vxlan0')).toContain('vxlan id 42');
    expect(await inShell([id, 'alpha', 'AppAlpha'], 'ip', '-brief', 'address')).toContain('10.42.0.1/24');
    await killedAt(['resume', id], 'after touch dropOverlay apply 1 nft -f -');
    await expectEnd(id, await wf(['resume', id, '--json']), 'succeeded');
  },
  async 'rolled back'() {
    const { wf, start, killedAt, expectEnd } = openLabToKill();
    const id = 'overlay-back';
    await killedAt(start(id), 'after touch betaDeviceUp apply 1 ip link set');
    await killedAt(['rollback', id], 'after touch betaPairMove undo 1 ip link set');
    await expectEnd(id, await wf(['rollback', id, '--json']), 'rolled-back');
  },
};

const everyThird = testsInTurn(3, withNft);
for (const [how, recover] of Object.entries(RECOVERIES)) {
  everyThird(`a killed run is ${how} on both hosts, also by an ordinary user`, recover);
}

everyThird(
  'a restart of the machine while networks are created ends the run undone, with both hosts compared',
  async () => {
    const { wf, wfAfterReboot, start, record } = openLab();
    const id = 'overlay-rebooted';
    const killed = await wf(start(id), 'after touch alphaNetwork apply 1 docker network create');
    expect(killed).toMatchObject({ signal: 'SIGKILL' });
    for (const { pid, isFirst } of processesOf(id)) if (isFirst) process.kill(pid, 'SIGKILL');
    await vi.waitFor(() => expect(processesOf(id)).toEqual([]), 10_000);
    const end = await wfAfterReboot(['resume', id]);
    expect(end, end.stderr).toMatchObject({ exitCode: 1 });
    expect(record(id)).toMatchObject({
      status: 'rolled-back',
      error: { code: 'E_NAMESPACE_GONE' },
      verification: { restored: true, residues: [], unexplained: [], drift: [] },
    });
    expect(processesOf(id)).toEqual([]);
  },
);

const DROPS_VXLAN =
  'table inet foreign {\n chain c {\n type filter hook input priority 0;\n udp dport 4789 drop\n }\n}';
const FAULTS = [
  {
    fault: 'a cut underlay',
    pauseAfter: 'overlay',
    make: ['alpha', 'ip', 'link', 'set', 'under0', 'down'],
    message: 'gone from the host meanwhile: alpha: link under0 up on the host (the link under0 is down)',
    drift: [],
  },
  {
    fault: 'a rule of somebody else',
    pauseAfter: 'underlay',
    make: ['beta', 'nft', DROPS_VXLAN],
    message: ' of 3 pings from App',
    drift: ['beta: nft table inet foreign'],
  },
] as const;

for (const { fault, pauseAfter, make, message, drift } of FAULTS) {
  everyThird(`${fault} makes the run fail within its deadline, and wf undoes it`, async () => {
    const { wf, start, record, inShell } = openLab();
    const id = `overlay-${fault.replaceAll(' ', '-')}`;
    expect(await wf(start(id, '--pause-after', pauseAfter))).toMatchObject({ exitCode: 0 });
    const [host, ...command] = make;
    await inShell([id, host], ...command);
    const end = await wf(['resume', id]);
    expect(end, end.stderr).toMatchObject({ exitCode: 1 });
    const { status, error, verification } = record(id);
    expect({ status, error, verification }).toMatchObject({
      status: 'rolled-back',
      error: { code: 'E_PROBE_FAILED', message: expect.stringContaining(message) },
      verification: { restored: true, residues: [], unexplained: [] },
    });
    expect(verification?.drift.map(({ subject }) => subject)).toEqual(expect.arrayContaining([...drift]));
    expect(processesOf(id)).toEqual([]);
  });
}

test('inputs that exclude each other are refused before wf touches anything', async () => {
  const { sharedWf, start } = openLab();
  for (const [input, message] of [
    ['wrongVni=42', 'must differ from vni'],
    ['overlaySubnet=10.91.0.0/24', 'overlaps underlaySubnet'],
    ['bridge=under1', 'is the name of another link of the host'],
    ['containerDevice=eth0', 'every container has an interface of this name'],
    ['strangerContainer=appalpha', 'must differ from alphaContainer'],
  ] as const) {
    const end = await sharedWf(start('overlay-refused', '--input', input));
    expect(end).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(message) });
  }
});

import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { readRecord } from '../../support/command/read-record.ts';
import { refusalSchema } from '../../support/command/run-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { describeDocker } from '../../support/engines/docker-tests.ts';
import { HTTP_ECHO_IMAGE, PROBE_IMAGE } from '../../support/engines/images.ts';
import { useTwoEngines } from '../../support/engines/two-engines.ts';
import { tool } from '../../support/host/host-state.ts';
import { HAS_NFT } from '../../support/host/nft.ts';
import { processesOfPrivateHosts } from '../../support/host/processes.ts';
import { chosen, EVERY_CASE, inTurn } from '../../support/rotation.ts';

// Starts of engines take seconds on a busy machine.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

const STAGES = [
  ...['underlay', 'swarm', 'overlay', 'lookInside', 'isolation', 'failure', 'encrypted'],
  ...['teardown', 'verification'],
];

function openLab(hosts: string) {
  const project = openProject();
  const killedAt = async (point: string, args: readonly string[]) =>
    expect(await project.wf(args, { env: { WF_CRASH_AT: point } }), point).toMatchObject({ signal: 'SIGKILL' });
  const start = (id: string, ...more: readonly string[]) => {
    const input = [`hosts=${hosts}`, `image=${HTTP_ECHO_IMAGE}`].flatMap((one) => ['--input', one]);
    return ['start', 'lab-overlay', '--id', id, ...input, ...more];
  };
  const record = (id: string) => readRecord(project, id);
  /** Runs a command in the place of a `wf shell`. */
  const inShell = async (where: readonly string[], ...argv: readonly string[]) => {
    const { command } = z
      .object({ command: z.array(z.string()) })
      .parse((await project.sharedWf(['shell', ...where, '--json'])).json());
    const [program = '', ...before] = command.slice(0, -3);
    return tool(program, ...before, ...argv);
  };
  return { shared: project.sharedWf, killedAt, start, record, inShell };
}

const RESTORED = { restored: true, residues: [], unexplained: [], drift: [] };

const onEnginesOfTheRun = () => {
  test('each claim is proven beside a run of lab-network and after a kill, both hosts are restored, and the report is in both languages', async () => {
    const id = 'swarm-proven';
    const { shared, killedAt, start, record, inShell } = openLab('private');
    const paused = await shared(start(id, '--pause-after', 'overlay', '--input', 'prefix=ann-'));
    expect(paused, paused.stderr).toMatchObject({ exitCode: 0 });
    expect(paused.stderr).toContain('runtime docker: the hosts of the run have Docker engines');
    const nodes = await inShell([id, 'alpha'], 'docker', 'node', 'ls', '--format', '{{.Status}} {{.ManagerStatus}}');
    expect(nodes.split('\n').toSorted()).toEqual(['Ready ', 'Ready Leader']);
    expect(await inShell([id, 'beta'], 'docker', 'network', 'ls', '--format', '{{.Name}}')).toContain('ann-overlay');
    const inContainer = await inShell([id, 'beta', 'ann-AppBeta'], 'ip', '-brief', 'address');
    expect(inContainer).toMatch(/^eth0@\S+ +UP +10\.42\.0\.\d+\/24/m);

    const beside = 'network-beside-swarm';
    const images = [`image=${HTTP_ECHO_IMAGE}`, `probeImage=${PROBE_IMAGE}`].flatMap((one) => ['--input', one]);
    const [, other] = await Promise.all([
      killedAt('after touch joinSwarm undo 1 docker swarm leave', ['resume', id]),
      shared(['start', 'lab-network', '--id', beside, ...images]),
    ]);
    expect(other, other.stderr).toMatchObject({ exitCode: 0 });
    const end = await shared(['resume', id]);
    expect(end, end.stderr).toMatchObject({ exitCode: 0 });
    expect(record(beside).verification).toMatchObject(RESTORED);
    const { status, stages, changes, proofs, verification } = record(id);
    expect({ status, verification }).toMatchObject({
      status: 'succeeded',
      verification: { restored: true, residues: [], unexplained: [] },
    });
    // The machine may still have the networks of the other run, but no host of this run.
    const drift = verification?.drift.filter(({ reason }) => reason !== `run ${beside}`) ?? [];
    expect(drift).toEqual([]);
    expect(stages.map((stage) => [stage.name, stage.status])).toEqual(STAGES.map((name) => [name, 'succeeded']));
    expect(new Set(changes.map((change) => change.status))).toEqual(new Set(['reverted', 'gone']));
    expect(new Set(changes.map((change) => change.host))).toEqual(new Set(['alpha', 'beta']));
    const figures = Object.fromEntries(proofs.map((proof) => [proof.claim, proof.figures]));
    const { encrypted, ...shown } = figures;
    expect(shown).toEqual({
      underlay:
        'alpha has only lo, docker0, under0; beta has only lo, docker0, under0; 3 of 3 pings, other direction 3 of 3',
      swarm: 'manager 10.91.0.1 ready, reachable; worker 10.91.0.2 ready',
      overlay: '3 of 3 pings, HTTP "Mon AppBeta"; other direction: 3 of 3, HTTP "Mon AppAlpha"',
      names: expect.stringMatching(
        /^ann-appbeta is 10\.42\.0\.\d+: 3 of 3 pings, HTTP "Mon AppBeta"; ann-appalpha is 10\.42\.0\.\d+: 3 of 3 pings, HTTP "Mon AppAlpha"$/,
      ),
      encapsulated: expect.stringMatching(
        /^alpha sent 3 packets as 10\.91\.0\.1 > 10\.91\.0\.2\.4789, VNI 4097; beta received [3-9]; alpha's end of the cable counted \d+ out, \d+ in$/,
      ),
      isolated:
        'VNI 4098 / 4097: 0 of 3 pings, other direction 0 of 3, while pings inside each overlay got 3 of 3 and 3 of 3; the name is unknown',
      'same host':
        '0 of 3 pings to a container of the other overlay on the same host, while it reached its own overlay: 3 of 3',
      MTU: '1450 bytes: pings with 1422 bytes of data 1 of 1, with 1423 0 of 1; on the underlay with 1472 1 of 1',
      'health is no proof': expect.stringMatching(
        /^both nodes are ready, but 0 of 3 pings \(\d+ packets dropped\) while the underlay answered 3 of 3; rule removed: 3 of 3$/,
      ),
    });
    expect(encrypted).toMatch(
      /^(?:3 of 3 pings; alpha sent \d+ ESP packets, beta received \d+|not tested: this kernel cannot)/,
    );

    for (const [language, title, claim] of [
      ['en', 'Two hosts, one network: a Docker overlay network', 'same host'],
      ['fr', 'Deux hôtes, un réseau : un réseau overlay de Docker', 'même hôte'],
    ] as const) {
      const report = await shared(['report', id, '--format', 'html', '--lang', language]);
      for (const text of [title, claim, 'vxlan id 4097', '--token']) expect(report.stdout).toContain(text);
      expect(report.stdout).not.toContain('SWMTKN');
      expect(report.stdout.match(/<svg/g)).toHaveLength(3);
    }
    expect(processesOfPrivateHosts(id)).toEqual([]);
  });
};

const onGivenEngines = () => {
  const { on, hosts, states } = useTwoEngines();

  /** Joins the engines like somebody else before the run. */
  async function ownUnderlay() {
    const [alpha, beta] = [on(0), on(1)];
    const peer = ['type', 'veth', 'peer', 'name', 'lan0', 'netns', beta.engine.namespace];
    await alpha.at('ip', 'link', 'add', 'name', 'lan0', ...peer);
    for (const [{ at }, address] of [
      [alpha, '192.0.2.1/24'],
      [beta, '192.0.2.2/24'],
    ] as const) {
      await at('ip', 'address', 'add', address, 'dev', 'lan0');
      await at('ip', 'link', 'set', 'dev', 'lan0', 'up');
    }
    return { remove: () => alpha.at('ip', 'link', 'delete', 'dev', 'lan0') };
  }

  test('a run on an underlay of the user is killed in several stages, and resumed to its end', async () => {
    const underlay = await ownUnderlay();
    const before = await states();
    const id = 'swarm-given';
    const { shared, killedAt, start, record } = openLab(hosts());
    const asked = start(id, '--input', 'addresses=192.0.2.1,192.0.2.2');
    await killedAt('after touch initSwarm apply 1 docker swarm init', asked);
    const points = [
      'after touch betaOverlayContainer apply 1 docker start',
      'after touch countArrived apply 1 nft -f -',
      'after touch strangerOverlay apply 1 docker network create',
      'after touch dropOverlay undo 1 nft delete table',
      'after touch countArrived undo 1 nft delete table',
      'after touch initSwarm undo 1 docker swarm leave',
    ];
    for (const point of inTurn(points, 3)) await killedAt(point, ['resume', id]);
    const end = await shared(['resume', id]);
    expect(end, end.stderr).toMatchObject({ exitCode: 0 });
    const { status, changes, proofs, verification } = record(id);
    expect({ status, verification }).toMatchObject({ status: 'succeeded', verification: RESTORED });
    expect(changes.map(({ target }) => target)).not.toContain('alpha: veth pair under0 and under1');
    const figures = Object.fromEntries(proofs.map((proof) => [proof.claim, proof.figures]));
    expect(figures).toMatchObject({
      underlay: expect.stringMatching(/^alpha has \S.*lan0\S*; beta has .*; 3 of 3 pings, other direction 3 of 3$/),
      swarm: 'manager 192.0.2.1 ready, reachable; worker 192.0.2.2 ready',
      encapsulated: expect.stringMatching(
        /^alpha sent 3 packets as 192\.0\.2\.1 > 192\.0\.2\.2\.4789, VNI 4097; beta received [3-9]$/,
      ),
    });
    expect(await states()).toEqual(before);
    await underlay.remove();
  });

  test('an engine that is in a swarm is refused before wf touches anything', async () => {
    const { at } = on(1);
    await at('docker', 'swarm', 'init', '--advertise-addr', '127.0.0.1');
    const { shared, start } = openLab(hosts());
    const refused = await shared(start('swarm-refused', '--json'));
    expect(refused, refused.stdout).toMatchObject({ exitCode: 4 });
    const { error } = refusalSchema.parse(refused.json());
    expect(error).toMatchObject({
      code: 'E_SWARM_IN_USE',
      message: expect.stringMatching(/^beta: the engine is a manager of swarm /),
    });
    await at('docker', 'swarm', 'leave', '--force');
    await at('docker', 'network', 'rm', 'docker_gwbridge');
  });

  const faults = [
    {
      fault: 'an underlay with a small MTU',
      pauseAfter: 'underlay',
      make: () => Promise.all([on(0), on(1)].map(({ at }) => at('ip', 'link', 'set', 'dev', 'under0', 'mtu', '1400'))),
      message: '0 of 1 pings from the host to 10.91.0.2',
    },
    {
      fault: 'a cut underlay',
      pauseAfter: 'overlay',
      make: () => on(0).at('ip', 'link', 'set', 'dev', 'under0', 'down'),
      message: 'gone from the host meanwhile: alpha: link under0 up on the host (the link under0 is down)',
    },
    {
      fault: 'a rule of somebody else that drops UDP 4789',
      pauseAfter: 'swarm',
      make: () =>
        on(1).at('nft', 'table inet foreign { chain c { type filter hook input priority 0; udp dport 4789 drop; }; }'),
      undo: () => on(1).at('nft', 'delete', 'table', 'inet', 'foreign'),
      message: '0 of 3 pings from App',
    },
    {
      fault: 'a rule of somebody else that drops TCP 2377',
      pauseAfter: 'underlay',
      make: () =>
        on(0).at('nft', 'table inet foreign { chain c { type filter hook input priority 0; tcp dport 2377 drop; }; }'),
      undo: () => on(0).at('nft', 'delete', 'table', 'inet', 'foreign'),
      message: 'cannot join the swarm of 10.91.0.1:2377',
    },
    {
      fault: 'a worker that has left the Swarm',
      pauseAfter: 'swarm',
      make: () => on(1).at('docker', 'swarm', 'leave', '--force'),
      message: 'cannot start container',
    },
  ];
  test.for(EVERY_CASE ? faults : [])(
    '$fault makes the run fail, and wf undoes it',
    async ({ fault, pauseAfter, make, undo, message }) => {
      const before = await states();
      const id = `swarm-fault-${fault.replaceAll(/\W/g, '-')}`;
      const { shared, start, record } = openLab(hosts());
      const paused = await shared(start(id, '--pause-after', pauseAfter));
      expect(paused, paused.stderr).toMatchObject({ exitCode: 0 });
      await make();
      const end = await shared(['resume', id]);
      expect(end, end.stderr).toMatchObject({ exitCode: 1 });
      const { status, error, verification } = record(id);
      expect({ status, error, verification }).toMatchObject({
        status: 'rolled-back',
        error: { message: expect.stringContaining(message) },
        verification: { restored: true, residues: [], unexplained: [] },
      });
      await undo?.();
      expect(await states()).toEqual(before);
    },
  );
};

// Each is a whole lab: `npm test` tries one of both.
for (const [name, tests] of chosen([
  ['lab-overlay on engines that the run starts', onEnginesOfTheRun],
  ['lab-overlay on given engines', onGivenEngines],
] as const)) {
  describe.skipIf(!HAS_NFT)('with nft', () => describeDocker(name, tests));
}

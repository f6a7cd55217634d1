import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { SWARM } from '../../../src/steps/examples/swarm.ts';
import { readRecord } from '../../support/command/read-record.ts';
import { refusalSchema } from '../../support/command/run-record.ts';
import { openProject, type WfEnd } from '../../support/command/run-wf.ts';
import { describeDocker } from '../../support/engines/docker-tests.ts';
import { startDaemon, stopDaemon } from '../../support/engines/engine.ts';
import { PROBE_IMAGE } from '../../support/engines/images.ts';
import { useTwoEngines } from '../../support/engines/two-engines.ts';
import { chosen, inTurn } from '../../support/rotation.ts';

const FILE = path.join(import.meta.dirname, '../../fixtures/workflows/swarm.ts');
/** The machine itself has no engine. */
const NO_ENGINE = { DOCKER_HOST: 'unix:///nowhere.sock' };

// Starts of engines take seconds on a busy machine, and an engine tries for 10 s to join a swarm.
vi.setConfig({ testTimeout: 180_000 });

/** @param hosts of the input */
function openSwarm(hosts: string) {
  const project = openProject({ 'workflows/swarm.ts': readFileSync(FILE, 'utf8') });
  const wf = (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    project.wf(args, { env: { ...NO_ENGINE, ...more } });
  const start = (id: string, input: Readonly<Record<string, unknown>>, ...options: readonly string[]) => {
    const file = path.join(project.folder, `${id}.json`);
    writeFileSync(file, JSON.stringify({ hosts, image: PROBE_IMAGE, ...input }));
    return ['start', 'swarm', '--id', id, '--input-file', file, ...options];
  };
  /** Runs wf in the process that the test files share. */
  const shared = (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    project.sharedWf(args, { env: { ...NO_ENGINE, ...more } });
  const record = (id: string) => readRecord(project, id);
  const outputOf = (id: string, step: string) => record(id).steps.find((one) => one.id === step)?.output;
  const expectRestored = (id: string) => {
    const { changes, verification } = record(id);
    expect(changes.filter(({ status }) => status !== 'reverted' && status !== 'gone')).toEqual([]);
    expect(verification).toMatchObject({ restored: true, residues: [] });
  };
  return { ...project, wf, shared, start, record, outputOf, expectRestored };
}

describeDocker('a swarm of two engines', () => {
  const { on, hosts, states } = useTwoEngines();
  const alpha = (...argv: readonly string[]) => on(0).at('docker', ...argv);
  const beta = (...argv: readonly string[]) => on(1).at('docker', ...argv);
  const swarmOf = (docker: typeof alpha) => docker('info', '--format', '{{.Swarm.LocalNodeState}} {{.Swarm.NodeID}}');
  const open = () => openSwarm(hosts());
  /** A rule like that of an engine for an encrypted network with this VNI. */
  const rule = (index: 0 | 1, verb: string, vni: string) => {
    const match = ['-p', 'udp', '--dport', '4790', '-m', 'u32', '--u32', `0x0>>0x16&0x3c@0xc&0xffffff00=${vni}`];
    return on(index).at('iptables', verb, 'INPUT', ...match, '-j', 'DROP');
  };

  test('a run that is killed after each request connects containers across the hosts, and is rolled back; the join token is nowhere', async () => {
    const before = await states();
    const { wf, shared, start, record, outputOf, expectRestored, folder } = open();
    const ends: WfEnd[] = [];
    const call = async (args: readonly string[], more: Readonly<Record<string, string>>) => {
      const end = await wf(args, more);
      ends.push(end);
      return end;
    };
    const verbose = { DEBUG: '*', WF_DEBUG: '1' };
    const killedAt = async (point: string, args: readonly string[]) =>
      expect(await call(args, { WF_CRASH_AT: `after touch ${point}` }), point).toMatchObject({ signal: 'SIGKILL' });
    await killedAt('init apply 1 docker network create', start('sw-across', {}, '--pause-after', 'inside'));
    const early = ['init apply 1 docker swarm init', 'join apply 1 docker network create'];
    const late = ['join apply 1 docker swarm join', 'join apply 1 docker node update'];
    const applied = chosen([early, late]).flat();
    for (const point of applied) await killedAt(point, ['resume', 'sw-across']);
    const paused = await call(['resume', 'sw-across'], verbose);
    expect(paused, paused.stdout).toMatchObject({ exitCode: 0 });
    const nodes = await alpha('node', 'ls', '--format', '{{.ID}}');
    expect(nodes.split('\n')).toHaveLength(2);
    const { changes } = record('sw-across');
    expect(changes.filter(({ kind }) => kind.startsWith('swarm.')).map(({ status }) => status)).toEqual([
      'applied',
      'applied',
    ]);

    const other = z.object({ neighbours: z.array(z.object({ address: z.string() })) });

    const { neighbours } = other.parse(outputOf('sw-across', 'alphaOverlay'));
    expect(await alpha('exec', 'app-alpha', 'ping', '-c', '1', neighbours[0]?.address ?? '')).toContain(
      ' 0% packet loss',
    );
    expect(await alpha('exec', 'app-alpha', 'ping', '-c', '1', 'app-beta')).toContain(' 0% packet loss');
    const { id, vni } = z.object({ id: z.string(), vni: z.number() }).parse(outputOf('sw-across', 'network'));
    const inspected = await alpha('network', 'inspect', '--format', '{{json .Options}}', 'across');
    expect(inspected).toContain(`"com.docker.network.driver.overlay.vxlanid_list":"${vni}"`);
    const vxlan = { link: 'vxlan0', vni, port: 4789, mtu: 1450, bridge: 'br0' };
    for (const [step, dst] of [
      ['alphaOverlay', '10.92.0.2'],
      ['betaOverlay', '10.92.0.1'],
    ] as const) {
      expect(outputOf('sw-across', step)).toMatchObject({
        ...vxlan,
        namespace: expect.stringContaining(`/netns/1-${id.slice(0, 10)}`),
        fdb: expect.arrayContaining([{ mac: expect.stringMatching(/^02:42:0a:2a:00:/), dst }]),
      });
    }
    const tokens = await Promise.all(
      ['worker', 'manager'].map((role) => alpha('swarm', 'join-token', '--quiet', role)),
    );
    const undone = [
      'join undo 1 docker swarm leave',
      'join undo 1 docker network rm',
      'join undo 1 docker node rm',
      'init undo 1 docker swarm leave',
      'init undo 1 docker network rm',
    ];
    for (const point of inTurn(undone, 3)) await killedAt(point, ['rollback', 'sw-across']);
    expect(await call(['rollback', 'sw-across'], verbose)).toMatchObject({ exitCode: 0 });
    expectRestored('sw-across');
    expect(await states()).toEqual(before);
    const exported = await shared(['export', 'sw-across', '-o', path.join(folder, 'run.json')]);
    expect(exported, exported.stderr).toMatchObject({ exitCode: 0 });
    const logs = await shared(['logs', 'sw-across']);
    // A process that is killed after the request, in its step, leaves no evidence of it.
    if (!applied.some((point) => late.includes(point)))
      expect(logs.stdout).toContain("swarm join --token '***' --advertise-addr 10.92.0.2 10.92.0.1:2377");
    const shown = [...ends, logs].flatMap(({ stdout, stderr }) => [stdout, stderr]).join('\n');
    expect(shown.includes('modem Received'), 'docker-modem prints answers').toBe(true);
    const database = ['wf.db', 'run.json'].map((name) => readFileSync(path.join(folder, name), 'latin1')).join('\n');
    for (const token of tokens) {
      expect(token).toMatch(/^SWMTKN-1-/);
      expect(shown.includes(token), 'in the output').toBe(false);
      expect(database.includes(token), 'in the history').toBe(false);
    }
  });

  const secondManager = async () => {
    await rule(0, '--append', '0x200200');
    const before = await states();
    const { shared, start, record, outputOf, expectRestored } = open();
    const { dataPathPort, subnetPool } = SWARM.initSwarm;
    const paused = await shared(
      start('sw-managers', { dataPathPort, subnetPool, as: SWARM.joinSwarm.as }, '--pause-after', 'swarm'),
    );
    expect(paused, paused.stdout).toMatchObject({ exitCode: 0 });
    expect(outputOf('sw-managers', 'nodes')).toMatchObject({
      nodes: [
        { address: '10.92.0.1', role: 'manager', state: 'ready', reachability: 'reachable', isLeader: true },
        { address: '10.92.0.2', role: 'manager', reachability: 'reachable', isLeader: false },
      ],
    });
    // Leftovers of an encrypted network, beside rules and policies from before the run.
    await rule(0, '--append', '0x100100');
    const policy = ['src', '10.92.0.1/32', 'dst', '10.92.0.2/32', 'proto', 'udp', 'dport', String(dataPathPort)];
    const template = ['tmpl', 'src', '10.92.0.1', 'dst', '10.92.0.2', 'proto', 'esp', 'mode', 'transport'];
    await on(0).at('ip', 'xfrm', 'policy', 'add', ...policy, 'dir', 'out', ...template);
    const strange = await alpha('network', 'create', '--driver', 'overlay', 'strange');
    const refused = await shared(['rollback', 'sw-managers']);
    expect(refused.exitCode).toBe(5);
    expect(refused.stderr).toContain('network strange, which run sw-managers did not create, uses the swarm');
    expect(await alpha('network', 'ls', '--quiet', '--no-trunc', '--filter', 'name=strange')).toBe(strange);
    const { verification } = record('sw-managers');
    expect(verification?.residues.map(({ subject }) => subject)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^alpha: swarm node \w{25}$/), 'alpha: link docker_gwbridge']),
    );
    expect(await swarmOf(beta), 'beta has left').toMatch(/^inactive/);
    await alpha('network', 'rm', 'strange');
    expect(await shared(['rollback', 'sw-managers'])).toMatchObject({ exitCode: 0 });
    expectRestored('sw-managers');
    expect(await states()).toEqual(before);
    expect(await on(0).at('ip', 'xfrm', 'policy', 'list')).toBe('');
    await rule(0, '--delete', '0x200200');
  };

  const deadManager = async () => {
    const before = await states();
    const { shared, start, record, expectRestored } = open();
    expect(await shared(start('sw-dead', {}, '--pause-after', 'swarm'))).toMatchObject({ exitCode: 0 });
    await stopDaemon(on(0).engine, 'SIGKILL');
    const unreachable = await shared(['resume', 'sw-dead']);
    expect(unreachable.exitCode).toBe(3);
    expect(unreachable.stderr).toContain('E_DOCKER_UNREACHABLE: alpha: no Docker engine answers at');
    const stuck = await shared(['rollback', 'sw-dead']);
    expect(stuck.exitCode).toBe(5);
    const { changes } = record('sw-dead');
    expect(changes.find(({ step }) => step === 'join')).toMatchObject({
      status: 'stuck',
      reason: expect.stringContaining('no Docker engine answers'),
    });
    expect(await swarmOf(beta)).toMatch(/^inactive/);
    await startDaemon(on(0).engine);
    const undone = await shared(['rollback', 'sw-dead']);
    expect(undone, undone.stderr).toMatchObject({ exitCode: 0 });
    expectRestored('sw-dead');
    expect(await states()).toEqual(before);
  };

  const failingJoin = async () => {
    await alpha('network', 'create', '--opt', 'com.docker.network.bridge.name=docker_gwbridge', 'docker_gwbridge');
    const before = await states();
    const { shared, start, record, expectRestored } = open();
    const failed = await shared(start('sw-join', { managerAddress: '10.92.0.77:2377' }, '--on-failure', 'keep'));
    expect(failed.exitCode).toBe(1);
    const { error } = record('sw-join');
    expect(error).toMatchObject({
      code: 'E_SWARM_JOIN',
      message: 'cannot join the swarm of 10.92.0.77:2377: the engine did not become a node within 12 s',
    });
    expect(await swarmOf(beta)).toMatch(/^inactive/);
    expect(await shared(['rollback', 'sw-join'])).toMatchObject({ exitCode: 0 });
    expectRestored('sw-join');
    expect(await swarmOf(alpha)).toMatch(/^inactive/);
    expect(await states()).toEqual(before);
    await alpha('network', 'rm', 'docker_gwbridge');
  };

  const lostAnswer = async () => {
    const before = await states();
    const { shared, start, expectRestored } = open();
    const lost = { WF_FAIL_AT: 'after touch join apply 1 docker swarm join' };
    const failed = await shared(start('sw-lost', {}), lost);
    expect(failed, failed.stderr).toMatchObject({ exitCode: 1 });
    expectRestored('sw-lost');
    expect(await states()).toEqual(before);
  };

  test.for(
    chosen([
      ['a step that creates a swarm', 'sw-init', alpha],
      ['a step that joins one', 'sw-other', beta],
    ] as const),
  )('%s refuses the swarm of somebody else, and leaves it alone', async ([, id, on]) => {
    const { shared, start, record, expectRestored } = open();
    await on('swarm', 'init', '--advertise-addr', '127.0.0.1');
    const foreign = await swarmOf(on);
    const refused = await shared(start(id, {}));
    expect(refused.exitCode, refused.stderr).toBe(1);
    expect(record(id).error).toMatchObject({
      code: 'E_SWARM_IN_USE',
      message: expect.stringMatching(/^the engine is a manager of swarm \w{25} \(node \w{25}\)$/),
    });
    expectRestored(id);
    const early = await shared([...start(`${id}-checked`, { checked: true }), '--json']);
    expect(early.exitCode).toBe(4);
    expect(refusalSchema.parse(early.json()).error.code).toBe('E_SWARM_IN_USE');
    expect(await swarmOf(on)).toBe(foreign);
    await on('swarm', 'leave', '--force');
    await vi.waitFor(() => on('network', 'rm', 'docker_gwbridge'), 10_000);
  });

  const sweep = async () => {
    const before = await states();
    const { shared, start } = open();
    expect(await shared(start('sw-swept', {}, '--pause-after', 'swarm'))).toMatchObject({ exitCode: 0 });
    const other = open();
    // Its history names the engines, and has no run with these marks.
    await other.shared(other.start('sw-later', {}));
    const swept = await other.shared(['sweep', '--yes', '--json']);
    const found = z
      .array(z.looseObject({ kind: z.string(), host: z.string(), status: z.string() }))
      .parse(swept.json());
    expect(found.map(({ host, kind, status }) => `${host} ${kind} ${status}`)).toEqual([
      ...['alpha swarm-node removed', 'alpha swarm removed', 'alpha link removed', 'alpha network removed'],
      ...['beta swarm removed', 'beta network removed'],
    ]);
    expect(await states()).toEqual(before);
    expect(await shared(['rollback', 'sw-swept'])).toMatchObject({ exitCode: 0 });
  };

  const cases = [
    [
      'a second manager is demoted before it leaves; the objects of somebody else in the swarm are left alone',
      secondManager,
    ],
    ['a dead manager leaves its node list unproven until it is back', deadManager],
    ['sweep finds a swarm without a history', sweep],
    ['a join that fails reports the reason, and the engine stops trying; an earlier gateway bridge stays', failingJoin],
    ['a join whose answer is lost is undone, and its node is in no list', lostAnswer],
  ] as const;
  for (const [name, body] of inTurn(cases, 5)) test(name, body);
});

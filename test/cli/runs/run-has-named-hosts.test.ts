import { readFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { NAMED_HOST } from '../../../src/steps/examples/host.ts';
import { canActAsOrdinaryUser, ORDINARY_USER, ownedByOrdinaryUser } from '../../support/command/ordinary-user.ts';
import { refusalSchema, runRecordSchema } from '../../support/command/run-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { halted } from '../../support/crash/faults/halt.ts';
import { processesOfPrivateHosts } from '../../support/host/processes.ts';
import { chosen } from '../../support/rotation.ts';
import { testsInTurn } from '../../support/tests-in-turn.ts';

vi.setConfig({ testTimeout: 60_000 });

const FILE = path.join(import.meta.dirname, '../../fixtures/workflows/two-hosts.ts');
const WORKFLOW = readFileSync(FILE, 'utf8');
const USERS = canActAsOrdinaryUser() ? chosen(['root', 'an ordinary user']) : ['this user'];

const linksSchema = z.array(z.looseObject({ ifname: z.string() }));

/** A project with the workflow `two-hosts`, of this user. */
function openHosts(user = 'this user') {
  const project = openProject({ 'workflows/two-hosts.ts': WORKFLOW });
  const through = user === 'an ordinary user' ? ORDINARY_USER : [];
  if (through.length > 0) ownedByOrdinaryUser(project.folder);
  const wf = (args: readonly string[]) => (through.length > 0 ? project.wf(args, { through }) : project.sharedWf(args));
  const killedAt = async (point: string, args: readonly string[]) =>
    expect(await project.wf(args, { env: { WF_CRASH_AT: point } }), point).toMatchObject({ signal: 'SIGKILL' });
  const start = (id: string, ...more: readonly string[]) => ['start', 'two-hosts', '--id', id, ...more];
  /** Returns a function that runs a command on a host, or in a container of it, as a shell of wf does. */
  const shell = async (id: string, ...place: readonly string[]) => {
    const opened = await wf(['shell', id, ...place, '--json']);
    const { command } = z.object({ command: z.array(z.string()) }).parse(opened.json());
    const [program = '', ...args] = [...through, ...command.slice(0, command.indexOf('--') + 1)];
    return async (...argv: readonly string[]) => (await execa(program, [...args, ...argv])).stdout;
  };
  const links = async (id: string, ...place: readonly string[]) =>
    linksSchema.parse(JSON.parse(await (await shell(id, ...place))('ip', '-json', 'link'))).map(({ ifname }) => ifname);
  const record = async (id: string) => runRecordSchema.parse((await wf(['show', id, '--json'])).json());
  return { ...project, launch: project.start, wf, killedAt, start, shell, links, record };
}
type Hosts = ReturnType<typeof openHosts>;

test.for(USERS)('each step and change belongs to its host, on which it is undone and verified (%s)', async (user) => {
  const id = `two-${user.replaceAll(' ', '')}`;
  const { wf, start, shell, links, record } = openHosts(user);
  const paused = await wf(start(id, '--pause-after', 'reach'));
  expect(paused, paused.stderr).toMatchObject({ exitCode: 0 });
  const { steps, changes } = await record(id);
  const changesOf = (host: string) => changes.flatMap((one) => (one.host === host ? [one.target] : []));
  expect(changesOf('beta')).toEqual([
    'beta: network devops',
    'beta: container AppDev',
    'beta: address 10.91.0.2/24 on under0 on the host',
    'beta: link under0 up on the host',
  ]);
  expect(changesOf('alpha')).toContain('alpha: link under1 moved into beta');
  expect(steps.find((step) => step.id === 'findBeta')).toMatchObject({ host: 'beta', kind: 'host.place' });
  for (const host of ['alpha', 'beta']) {
    const names = await links(id, host);
    expect(names.toSorted()).toEqual([expect.stringMatching(/^br-/), 'lo', 'under0', expect.stringMatching(/^veth/)]);
    expect(await links(id, host, 'AppDev')).toEqual(['lo', 'eth0']);
  }
  expect(await links(id)).toEqual(['lo']);
  const route = await (await shell(id, 'alpha'))('ip', '-json', 'route', 'get', '10.91.0.2');
  expect(route).toContain('"dev":"under0"');
  const found = z.object({ input: z.unknown() }).parse((await wf(['show', id, 'findBeta', '--json'])).json());
  expect(found.input, 'the example of the documentation').toEqual(NAMED_HOST.observeHostPlace);
  expect((await wf(['graph', id])).stdout).toMatch(/findBeta +beta: host\.place/);
  expect((await wf(['shell', id, 'gamma', 'AppDev'])).stderr).toContain('has no host "gamma"');
  const end = await wf(['resume', id]);
  expect(end, end.stderr).toMatchObject({ exitCode: 0 });
  expect(await record(id)).toMatchObject({ status: 'succeeded', verification: { restored: true, drift: [] } });
  expect(processesOfPrivateHosts(id)).toEqual([]);
});

/** Kills a run, and ends it by a command. Returns its id and its status. */
const ENDS = {
  resume: async ({ wf, killedAt, start }: Hosts) => {
    await killedAt('after touch betaNetwork apply 1 docker network create', start('two-network'));
    expect(await wf(['resume', 'two-network'])).toMatchObject({ exitCode: 0 });
    return ['two-network', 'succeeded'] as const;
  },
  rollback: async ({ wf, killedAt, start }: Hosts) => {
    await killedAt('after touch moveLink apply 1 ip link set', start('two-moved'));
    expect((await wf(['resume', 'two-moved', '--dry-run'])).stdout).toContain(
      'observed: alpha: link under1 moved into beta exists',
    );
    await killedAt('after touch alphaContainer undo 1 docker rm', ['rollback', 'two-moved']);
    expect(await wf(['rollback', 'two-moved'])).toMatchObject({ exitCode: 0 });
    return ['two-moved', 'rolled-back'] as const;
  },
};

test.for(chosen(['resume', 'rollback'] as const))('wf %s ends a killed run on its hosts', async (command) => {
  const hosts = openHosts();
  const [id, status] = await ENDS[command](hosts);
  expect(await hosts.record(id)).toMatchObject({ status, verification: { restored: true, drift: [] } });
  expect(processesOfPrivateHosts(id)).toEqual([]);
});

test('a start that is killed before it has created its run leaves no host', async () => {
  const { wf, killedAt, start } = openHosts();
  await killedAt('before commit create', start('two-early'));
  expect(await wf(['resume', 'two-early'])).toMatchObject({ exitCode: 2 });
  await vi.waitUntil(() => processesOfPrivateHosts('two-early').length === 0, 10_000);
});

const everySecond = testsInTurn(2);

everySecond('verification names the host of a leftover', async () => {
  const { wf, start, shell, record } = openHosts();
  expect(await wf(start('two-left', '--pause-after', 'reach'))).toMatchObject({ exitCode: 0 });
  const onAlpha = await shell('two-left', 'alpha');
  for (const name of ['left0', 'other0']) await onAlpha('ip', 'link', 'add', 'name', name, 'type', 'bridge');
  await onAlpha('ip', 'link', 'set', 'dev', 'left0', 'alias', 'wf.run=two-left');
  const end = await wf(['resume', 'two-left']);
  expect(end.exitCode).toBe(5);
  expect(end.stderr).toContain('alpha: link left0');
  const { verification } = await record('two-left');
  expect(verification?.residues.map(({ subject }) => subject)).toEqual(['alpha: link left0']);
  expect(verification?.drift.map(({ subject }) => subject)).toContain('alpha: link other0');
  for (const name of ['left0', 'other0']) await onAlpha('ip', 'link', 'delete', 'dev', name);
  expect(await wf(['rollback', 'two-left'])).toMatchObject({ exitCode: 0 });
  expect(processesOfPrivateHosts('two-left')).toEqual([]);
});

everySecond('a run whose host has ended fails, and its changes are gone from the new hosts', async () => {
  const { start, launch, record } = openHosts();
  const wf = launch(start('two-gone'), { env: { WF_HALT_AT: 'before touch betaUp apply 1 ip link set' } });
  await halted(wf);
  const isHost = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('named-host');
  const [host] = processesOfPrivateHosts('two-gone').filter(isHost);
  if (host === undefined) throw new Error('the run has no process of a named host');
  process.kill(host, 'SIGKILL');
  await vi.waitUntil(() => processesOfPrivateHosts('two-gone').length === 0, 10_000);
  wf.kill('SIGCONT');
  const end = await wf.end;
  expect(end, end.stderr).toMatchObject({ exitCode: 1 });
  const { changes, verification } = await record('two-gone');
  expect(verification).toMatchObject({ restored: true, drift: [] });
  expect(changes.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 'gone'));
});

test('a host that is not declared, or that the runtime cannot make, is refused', async () => {
  const { write, sharedWf } = openHosts();
  const HOSTS = 'hostsFrom(HOSTS, hosts, images)';
  let written = 0;
  /** Writes the workflow with one of its texts replaced. Returns its name. */
  const withText = (own: string, text: string) => {
    written += 1;
    const name = `hosts-${written}`;
    write(`workflows/${name}.ts`, WORKFLOW.replace("'two-hosts'", `'${name}'`).replace(own, text));
    return name;
  };
  const refused = async (...args: readonly string[]) => {
    const end = await sharedWf(['start', ...args, '--json']);
    const { code, message } = refusalSchema.parse(end.json()).error;
    return `${end.exitCode} ${code} ${message}`;
  };
  const docker = withText('networking: true', 'networking: false');
  expect(await refused(docker, '--runtime', 'docker')).toMatch(
    /^3 E_RUNTIME_UNAVAILABLE .* cannot create the host alpha without an engine$/,
  );
  const named = withText(HOSTS, '({ alpha: {}, beta: {}, Gamma: {} })');
  expect(await refused(named)).toMatch(/^2 E_WORKFLOW_INVALID .* a name has at most 32/);
  const remote = withText(HOSTS, "({ alpha: {}, beta: { engine: 'tcp://127.0.0.1:2375' } })");
  expect(await refused(remote)).toMatch(/^2 E_WORKFLOW_INVALID .*hosts\(\) returns no hosts: beta: is not \{\}/);
  const engine = withText(HOSTS, "({ alpha: {}, beta: { engine: 'unix:///a.sock', namespace: '/run/netns/b' } })");
  expect(await refused(engine, '--runtime', 'embedded')).toMatch(
    /^3 E_RUNTIME_UNAVAILABLE .* beta has a Docker engine/,
  );
  const missing = withText(HOSTS, '({ alpha: {} })');
  expect(await refused(missing)).toMatch(/^2 E_WORKFLOW_INVALID step betaNetwork works on the host beta/);
  const [checked] = z.array(z.looseObject({})).parse((await sharedWf(['check', missing, '--json'])).json());
  const unknown = expect.objectContaining({ check: 'unknown-host', where: ['betaNetwork'] });
  expect(checked).toMatchObject({ ok: false, findings: expect.arrayContaining([unknown]) });
});

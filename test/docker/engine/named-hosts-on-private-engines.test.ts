import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { canActAsOrdinaryUser, ORDINARY_USER, ownedByOrdinaryUser } from '../../support/command/ordinary-user.ts';
import { readRecord } from '../../support/command/read-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { halted } from '../../support/crash/faults/halt.ts';
import { describeDocker, docker } from '../../support/engines/docker-tests.ts';
import { PROBE_IMAGE } from '../../support/engines/images.ts';
import { tool } from '../../support/host/host-state.ts';
import { processesOfPrivateHosts } from '../../support/host/processes.ts';
import { testsInTurn } from '../../support/tests-in-turn.ts';

const FILE = path.join(import.meta.dirname, '../../fixtures/workflows/two-hosts.ts');
const NO_ENGINE = { DOCKER_HOST: 'unix:///nowhere.sock' };

// Starts of engines take seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

/** The engines of the private host of a run. */
function enginesOf(id: string): readonly number[] {
  const hosts = processesOfPrivateHosts(id);
  return readdirSync('/proc').flatMap((pid) => {
    try {
      if (!/^\d+$/.test(pid) || !readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('dockerd\0')) return [];
      const parent = Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
      return hosts.includes(parent) ? [Number(pid)] : [];
    } catch {
      return []; // it has ended
    }
  });
}

/** The cgroups of the containers of a run. */
function cgroupsOf(id: string): readonly string[] {
  const hierarchies = ['', ...readdirSync('/sys/fs/cgroup')].map((name) => path.join('/sys/fs/cgroup', name));
  return hierarchies.flatMap((folder) =>
    existsSync(path.join(folder, 'cgroup.procs'))
      ? readdirSync(folder).filter((name) => name.startsWith(`wf-${id}@`))
      : [],
  );
}

function openHosts(env: Readonly<Record<string, string>> = {}) {
  const project = openProject({ 'workflows/two-hosts.ts': readFileSync(FILE, 'utf8') });
  const wf = (args: readonly string[], killAt?: string) =>
    project.wf(args, { env: { ...env, ...(killAt === undefined ? {} : { WF_CRASH_AT: killAt }) } });
  const start = (id: string, ...more: readonly string[]) => {
    const input = ['hosts=private', `image=${PROBE_IMAGE}`].flatMap((one) => ['--input', one]);
    return ['start', 'two-hosts', '--id', id, ...input, ...more];
  };
  /** Runs wf in the process that the test files share. */
  const shared = (args: readonly string[]) => project.sharedWf(args, { env });
  const record = (id: string) => readRecord(project, id);
  /** Returns a function that runs a command like a shell of wf. */
  const shell = async (...args: readonly string[]) => {
    const opened = await shared(['shell', ...args, '--json']);
    const { command } = z.object({ command: z.array(z.string()) }).parse(opened.json());
    const [program = '', ...before] = command.slice(0, -3);
    return (...argv: readonly string[]) => tool(program, ...before, ...argv);
  };
  return { ...project, launch: project.start, wf, shared, start, record, shell };
}

const nothingLeft = (id: string) => {
  expect(processesOfPrivateHosts(id)).toEqual([]);
  expect(cgroupsOf(id)).toEqual([]);
};

describeDocker('two hosts with engines that the run starts', () => {
  const everyThird = testsInTurn(3);
  everyThird(
    'a run has two engines, with images from a file if the machine has no engine, which end with it',
    async () => {
      const { folder, shared, start, record, shell } = openHosts(NO_ENGINE);
      const images = path.join(folder, 'images.tar');
      await docker('save', '--output', images, PROBE_IMAGE);
      const given = ['--input', `images=${JSON.stringify([images])}`];
      const paused = await shared(start('priv', '--pause-after', 'reach', ...given));
      expect(paused, paused.stderr).toMatchObject({ exitCode: 0 });
      expect(enginesOf('priv')).toHaveLength(2);
      expect(await docker('ps', '--quiet', '--filter', 'label=wf.run=priv'), 'on the engine of the machine').toBe('');
      const alpha = await shell('priv', 'alpha');
      for (const on of [alpha, await shell('priv', 'beta')])
        expect(await on('docker', 'ps', '--format', '{{.Names}}')).toBe('AppDev');
      const container = await shell('priv', 'alpha', 'AppDev');
      expect(await container('ip', '-brief', 'address')).toContain('10.42.0.2/24');
      const end = await shared(['resume', 'priv']);
      expect(end, end.stderr).toMatchObject({ exitCode: 0 });
      expect(record('priv')).toMatchObject({ status: 'succeeded', verification: { restored: true, drift: [] } });
      nothingLeft('priv');
    },
  );

  const isKilled = async () => {
    const { wf, shared, start, record } = openHosts();
    const killed = { signal: 'SIGKILL' };
    expect(await wf(start('priv-early'), 'before commit create')).toMatchObject(killed);
    await vi.waitUntil(() => processesOfPrivateHosts('priv-early').length === 0, 10_000);
    expect(await wf(start('priv-net'), 'after touch betaNetwork apply 1 docker network create')).toMatchObject(killed);
    expect(enginesOf('priv-net')).toHaveLength(2);
    expect(await wf(['resume', 'priv-net'], 'after touch moveLink apply 1 ip link set')).toMatchObject(killed);
    expect(await wf(['rollback', 'priv-net'], 'after touch alphaContainer undo 1 docker rm')).toMatchObject(killed);
    expect(await shared(['rollback', 'priv-net'])).toMatchObject({ exitCode: 0 });
    const { verification, changes } = record('priv-net');
    expect(verification).toMatchObject({ restored: true, drift: [] });
    expect(changes.filter(({ status }) => status !== 'reverted')).toEqual([]);
    for (const id of ['priv-early', 'priv-net']) nothingLeft(id);
  };

  const losesItsEngine = async () => {
    const { launch, wf, start, record } = openHosts();
    const run = launch(start('priv-gone'), { env: { WF_HALT_AT: 'before touch betaUp apply 1 ip link set' } });
    await halted(run);
    const [engine] = enginesOf('priv-gone');
    if (engine === undefined) throw new Error('the run has no engine');
    process.kill(engine, 'SIGKILL');
    await vi.waitUntil(() => processesOfPrivateHosts('priv-gone').length === 0, 10_000);
    run.kill('SIGCONT');
    const end = await run.end;
    expect(end, end.stderr).toMatchObject({ exitCode: 1 });
    expect(end.stderr).toContain('the private host of run priv-gone is gone');
    const { changes, verification } = record('priv-gone');
    expect(verification).toMatchObject({ restored: true, drift: [] });
    expect(new Set(changes.map(({ status }) => status))).toEqual(new Set(['gone']));
    expect(await wf(start('priv-swept'), 'after touch alphaContainer apply 1 docker create')).toMatchObject({
      signal: 'SIGKILL',
    });
    const swept = await openHosts().shared(['sweep', '--yes', '--json']);
    expect(swept.json()).toContainEqual(expect.objectContaining({ kind: 'private-host', run: 'priv-swept' }));
    for (const id of ['priv-gone', 'priv-swept']) nothingLeft(id);
  };

  everyThird('a killed run is resumed and rolled back on its engines', isKilled);
  everyThird(
    'a run whose engine is killed fails, and its changes are gone from the new engines; sweep ends a forgotten engine',
    losesItsEngine,
  );

  test('without an engine on the machine and without a file of images, the run fails and is undone', async () => {
    const { shared, start } = openHosts(NO_ENGINE);
    const failed = await shared(start('priv-none'));
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain(`image ${PROBE_IMAGE} is not on the machine for the private engine of host`);
    nothingLeft('priv-none');
  });

  test.runIf(canActAsOrdinaryUser())('only root may start engines', async () => {
    const { folder, wf: _wf, launch, start } = openHosts();
    ownedByOrdinaryUser(folder);
    const refused = await launch(start('priv-user'), { through: ORDINARY_USER }).end;
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toContain('only root may start Docker engines for a run');
  });
});

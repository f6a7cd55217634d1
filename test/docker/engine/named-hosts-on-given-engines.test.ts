import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { readRecord } from '../../support/command/read-record.ts';
import { refusalSchema } from '../../support/command/run-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { describeDocker } from '../../support/engines/docker-tests.ts';
import { PROBE_IMAGE } from '../../support/engines/images.ts';
import type { OwnEngine } from '../../support/engines/own-engine.ts';
import { useTwoEngines } from '../../support/engines/two-engines.ts';
import { tool } from '../../support/host/host-state.ts';
import { testsInTurn } from '../../support/tests-in-turn.ts';

const FILE = path.join(import.meta.dirname, '../../fixtures/workflows/two-hosts.ts');
// Starts of engines take seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

/** The machine itself has no engine. */
const NO_ENGINE = { DOCKER_HOST: 'unix:///nowhere.sock' };

describeDocker('two hosts with the engines of two namespaces', () => {
  const everySecond = testsInTurn(2);
  const { on, hosts, states } = useTwoEngines();

  /** @param at the engine in whose network namespace wf runs: its host then names none */
  function openHosts(at?: OwnEngine) {
    const own = at === undefined ? hosts() : hosts().replace(`@/run/netns/${at.engine.namespace}`, '');
    const through = at?.options.through ?? [];
    const project = openProject({ 'workflows/two-hosts.ts': readFileSync(FILE, 'utf8') });
    const wf = (args: readonly string[], killAt?: string) =>
      project.wf(args, { through, env: { ...NO_ENGINE, ...(killAt === undefined ? {} : { WF_CRASH_AT: killAt }) } });
    const start = (id: string, ...more: readonly string[]) => {
      const input = [`hosts=${own}`, `image=${PROBE_IMAGE}`].flatMap((one) => ['--input', one]);
      return ['start', 'two-hosts', '--id', id, ...input, ...more];
    };
    /** Runs wf in the process that the test files share. */
    const shared = (args: readonly string[]) => project.sharedWf(args, { env: NO_ENGINE });
    const record = (id: string) => readRecord(project, id);
    const shell = async (...args: readonly string[]) => {
      const opened = await shared(['shell', ...args, '--json']);
      return z.object({ command: z.array(z.string()) }).parse(opened.json()).command;
    };
    return { ...project, wf, shared, start, record, shell };
  }

  everySecond(
    'each step and change is on the engine and in the namespace of its host, where verification and sweep find leftovers',
    async () => {
      const before = await states();
      const { shared, start, record, shell } = openHosts();
      const paused = await shared(start('given', '--pause-after', 'reach'));
      expect(paused, paused.stderr).toMatchObject({ exitCode: 0 });
      expect(paused.stderr).toContain('runtime docker: the hosts of the run have Docker engines');
      for (const { at } of [on(0), on(1)]) {
        expect(await at('docker', 'ps', '--format', '{{.Names}}')).toBe('AppDev');
        expect(await at('ip', '-brief', 'address', 'show', 'under0')).toMatch(/UP +10\.91\.0\.[12]\/24/);
      }
      const { changes } = record('given');
      const network = changes.find(({ target }) => target === 'beta: network devops');
      const beta = on(1).engine;
      expect(network).toMatchObject({
        host: 'beta',
        undo: [expect.stringMatching(`^docker --host ${beta.dockerHost} network rm `)],
      });
      const up = changes.find(({ target }) => target === 'beta: link under0 up on the host');
      expect(up?.undo).toEqual([`nsenter --net=/run/netns/${beta.namespace} ip link set dev under0 down`]);
      const [program = '', ...args] = (await shell('given', 'beta', 'AppDev')).slice(0, -3);
      expect(await tool(program, ...args, 'ip', '-brief', 'address')).toContain('10.42.0.2/24');
      const alpha = on(0).at;
      for (const name of ['left0', 'other0']) await alpha('ip', 'link', 'add', 'name', name, 'type', 'bridge');
      await alpha('ip', 'link', 'set', 'dev', 'left0', 'alias', 'wf.run=given');
      await alpha('docker', 'network', 'create', '--label', 'wf.run=given', 'strange');
      await alpha('docker', 'network', 'create', '--label', 'wf.run=g-other', 'other');
      const end = await shared(['resume', 'given']);
      expect(end.exitCode).toBe(5);
      const { verification } = record('given');
      expect(verification?.residues.map(({ subject }) => subject)).toEqual(
        expect.arrayContaining(['alpha: link left0', expect.stringMatching(/^alpha: network strange/)]),
      );
      expect(verification?.drift.map(({ subject }) => subject)).toContain('alpha: link other0');
      await alpha('ip', 'link', 'delete', 'dev', 'left0');
      await alpha('ip', 'link', 'delete', 'dev', 'other0');
      await alpha('docker', 'network', 'rm', 'strange');
      expect(await shared(['rollback', 'given'])).toMatchObject({ exitCode: 0 });
      const swept = await shared(['sweep', '--yes', '--json']);
      expect(swept.json()).toEqual([expect.objectContaining({ host: 'alpha', name: 'other', status: 'removed' })]);
      expect(await states()).toEqual(before);
    },
  );

  everySecond('a killed run is rolled back on its engines, one of them in the namespace of wf', async () => {
    const before = await states();
    const { wf, start, record } = openHosts(on(0));
    const killed = { signal: 'SIGKILL' };
    expect(await wf(start('g-moved'), 'after touch moveLink apply 1 ip link set')).toMatchObject(killed);
    const other = openHosts();
    const again = await other.shared(other.start('g-other'));
    expect(again.exitCode).toBe(4);
    expect(again.stderr).toContain('alpha: network name devops is in use');
    expect(await wf(['rollback', 'g-moved'], 'after touch alphaContainer undo 1 docker rm')).toMatchObject(killed);
    expect(await wf(['rollback', 'g-moved'])).toMatchObject({ exitCode: 0 });
    const { verification } = record('g-moved');
    expect(verification).toMatchObject({ restored: true, drift: [] });
    expect(await states()).toEqual(before);
  });

  test('a host that leads nowhere, or elsewhere, is refused before wf touches anything', async () => {
    const { shared } = openHosts();
    const [alpha, beta] = [on(0).engine, on(1).engine];
    const refused = async (given: string, ...more: readonly string[]) => {
      const end = await shared(['start', 'two-hosts', '--input', `hosts=${given}`, ...more, '--json']);
      const { code, message } = refusalSchema.parse(end.json()).error;
      return `${end.exitCode} ${code} ${message}`;
    };
    const good = `${alpha.dockerHost}@/run/netns/${alpha.namespace}`;
    expect(await refused(`${good},tcp://127.0.0.1:2375@/run/netns/b`)).toMatch(
      /^2 E_INPUT workflow two-hosts: input hosts: is not empty/,
    );
    expect(await refused(`${good},${beta.dockerHost}@/run/netns/none`)).toBe(
      '2 E_INPUT beta: /run/netns/none does not exist',
    );
    expect(await refused(`${good},${beta.dockerHost}@/proc/self/ns/pid`)).toMatch(
      /^2 E_INPUT beta: \/proc\/self\/ns\/pid is not a network namespace$/,
    );
    expect(await refused(`${good},unix:///none.sock@/run/netns/${beta.namespace}`)).toMatch(
      /^3 E_DOCKER_UNREACHABLE beta: no Docker engine answers at unix:\/\/\/none.sock/,
    );
    expect(await refused(hosts(), '--runtime', 'embedded')).toMatch(
      /^3 E_RUNTIME_UNAVAILABLE .* alpha has a Docker engine$/,
    );
    expect(await refused('', '--runtime', 'docker')).toMatch(
      /^3 E_RUNTIME_UNAVAILABLE .* cannot create the host alpha/,
    );
  });
});

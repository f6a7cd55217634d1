import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { runnerOf } from '../../../src/engine/workflow/define-step.ts';
import { DOCKER } from '../../../src/steps/examples/docker.ts';
import { EXEC } from '../../../src/steps/examples/exec.ts';
import { FILE } from '../../../src/steps/examples/file.ts';
import { HOST } from '../../../src/steps/examples/host.ts';
import { KERNEL } from '../../../src/steps/examples/kernel.ts';
import { NET } from '../../../src/steps/examples/net.ts';
import { PROBE } from '../../../src/steps/examples/probe.ts';
import { SYSTEMD } from '../../../src/steps/examples/systemd.ts';
import * as steps from '../../../src/steps/index.ts';
import { readDocPage } from '../../support/command/doc-page.ts';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { describeDocker, docker } from '../../support/engines/docker-tests.ts';
import { HTTP_ECHO_IMAGE } from '../../support/engines/images.ts';
import { HAS_NFT } from '../../support/host/nft.ts';
import { bootSystemd, canBootSystemd, type SystemdMachine } from '../../support/host/systemd.ts';

type RunRecord = z.output<typeof runRecordSchema>;

const FOLDER = fileURLToPath(new URL('../../../src/steps/examples/', import.meta.url));
const FILES = Object.fromEntries(
  readdirSync(FOLDER).map((name) => [`examples/${name}`, readFileSync(path.join(FOLDER, name), 'utf8')]),
);

/** Carries out these examples, one after the other, and keeps the outputs that others need. */
function workflowOf(name: string, examples: object): string {
  return `import { defineWorkflow } from 'wf-engine';
import * as actors from 'wf-engine/steps';
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { GIVEN_BY } from '../examples/example.ts';
import { EXAMPLES } from '../examples/index.ts';

const names = ${JSON.stringify(Object.keys(examples))};
const states = Object.fromEntries(names.map((name, index) => {
  const example = EXAMPLES[name];
  const input = typeof example === 'function' ? ({ context }) => example(context) : example;
  const given = Object.keys(GIVEN_BY).find((key) => GIVEN_BY[key] === name);
  const actions = given === undefined ? [] : [assign({ [given]: ({ event }) => event.output })];
  return [name, { invoke: { id: name, src: name, input, onDone: { target: names[index + 1] ?? 'done', actions } } }];
}));
const used = Object.fromEntries(names.map((name) => [name, actors[name]]));
const machine = setup({ actors: used }).createMachine({
  context: {},
  initial: names[0],
  states: { ...states, done: { type: 'final' } },
});
export default defineWorkflow({
  name: '${name}', version: '1', description: 'Examples.', input: z.object({}), machine, keepsChanges: true,
});
`;
}

/** Expects that each step succeeds, and that each change is kept at the end of the run and not in place after the rollback. */
function requireCarriedOut(name: string, started: RunRecord, undone: RunRecord): void {
  expect(started.steps.find(({ id }) => id === name)).toMatchObject({ status: 'succeeded', error: null });
  const runner = Object.entries(steps).flatMap(([key, exported]) =>
    key === name ? (runnerOf(exported) ?? []) : [],
  )[0];
  const statuses = ({ changes }: RunRecord) => changes.filter(({ step }) => step === name).map(({ status }) => status);
  const changes = runner?.behaviour.type === 'change' && name !== UNCHANGED;
  const isReverted = started.steps.some(({ id }) => id === 'revertSteps');
  expect(statuses(started)).toEqual(changes ? [isReverted ? 'reverted' : 'kept'] : []);
  expect(statuses(undone)).toEqual(changes ? [GONE.includes(name) ? 'gone' : 'reverted'] : []);
}

function withoutNft(examples: object): object {
  return Object.fromEntries(Object.entries(examples).filter(([name]) => !name.includes('Nft')));
}

/** A reload leaves nothing to undo. */
const GONE = ['reloadUnit'];
/** There is no registry to pull it from: the image is present. */
const UNCHANGED = 'dockerImage';

describe.skipIf(!canBootSystemd())('on a machine with systemd, the example of', () => {
  const PROJECT = '/opt/examples';
  const { createFolder, writeFile } = FILE;
  const runs = {
    host: { createFolder, writeFile, ...HOST },
    machine: { ...FILE, ...(HAS_NFT ? KERNEL : withoutNft(KERNEL)), ...NET, ...SYSTEMD, ...PROBE, ...EXEC },
  };
  let folder: string;
  let machine: SystemdMachine;
  const states = new Map<string, readonly (readonly string[])[]>();
  const records = new Map<string, readonly [started: RunRecord, undone: RunRecord]>();

  async function state(): Promise<readonly string[]> {
    const commands = [
      'find /etc /srv -printf "%p %y %m %U %G %l\\n" | sort',
      'find /etc /srv -type f -print0 | sort -z | xargs -0 sha256sum',
      'cat /proc/sys/net/ipv4/ip_forward; ls /run/site-is-ready',
      'ip -json -details address; ip -json route show table all; ip -json rule; ip netns; bridge -json fdb',
      'nft --stateless list ruleset; iptables -S; tc -json qdisc',
      'systemctl show --property=Id,ActiveState,UnitFileState,NeedDaemonReload web.service old-web.service',
    ];
    const ends = await Promise.all(commands.map((line) => machine.run(['sh', '-c', `{ ${line}; } 2>&1`])));
    return ends.map(({ stdout }) => stdout);
  }

  async function wf(...args: readonly string[]): Promise<RunRecord> {
    const { stdout, stderr } = await machine.wf([...args, '--json'], PROJECT);
    const record = runRecordSchema.safeParse(JSON.parse(stdout));
    if (!record.success) throw new Error(`${stdout}\n${stderr}`);
    return record.data;
  }

  beforeAll(async () => {
    folder = mkdtempSync('/var/tmp/wf-examples-');
    machine = await bootSystemd(folder);
    machine.write(`${PROJECT}/.wf`, '');
    for (const [name, text] of Object.entries(FILES)) machine.write(`${PROJECT}/${name}`, text);
    for (const [name, examples] of Object.entries(runs)) {
      machine.write(`${PROJECT}/workflows/${name}.ts`, workflowOf(name, examples));
    }
    machine.write('/etc/motd', 'Welcome\n');
    machine.write('/etc/systemd/system/old-web.service', '[Service]\nExecStart=/bin/sleep infinity\n');
    machine.write(
      '/etc/systemd/system/tls.service',
      '[Service]\nExecStart=/usr/bin/openssl s_server -accept 8443 -key /root/key -cert /root/cert -quiet\n',
    );
    const certificate = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=web.example';
    await machine.run(['openssl', 'req', ...certificate.split(' '), '-keyout', '/root/key', '-out', '/root/cert']);
    await machine.run(['systemctl', 'daemon-reload']);
    await machine.run(['systemctl', 'start', 'old-web.service', 'tls.service']);
    // The first rule of iptables also creates the chain.
    await machine.run(['iptables', '-A', 'INPUT', '-i', 'lo', '-j', 'ACCEPT']);
    for (const name of Object.keys(runs)) {
      const before = await state();
      const started = await wf('start', name, '--id', name);
      const during = await state();
      const undone = name === 'host' ? started : await wf('rollback', name);
      records.set(name, [started, undone]);
      states.set(name, [before, during, await state()]);
    }
  }, 120_000);
  test.for(Object.keys(runs))('each step of run %s makes its change, and the rollback leaves nothing', (run) => {
    const [before = [], during = [], after] = states.get(run) ?? [];
    if (run === 'machine') expect(before.filter((text, part) => text === during[part])).toEqual([]);
    expect(after).toEqual(before);
  });

  test('the documentation changes packages, users and mounts by commands, and is undone as far as possible', async () => {
    const page = readDocPage('docs/how-to/change-packages-users-and-mounts.md');
    machine.write(`${PROJECT}/workflows/account.ts`, page.files['workflows/account.ts'] ?? '');
    machine.write(
      '/srv/repo/demo/DEBIAN/control',
      'Package: wf-demo\nVersion: 1.0\nArchitecture: all\nMaintainer: wf <wf@example.org>\nDescription: Demo\n',
    );
    machine.write('/etc/apt/sources.list.d/demo.list', 'deb [trusted=yes] file:/srv/repo ./\n');
    const only = '-o Dir::Etc::sourcelist=sources.list.d/demo.list -o Dir::Etc::sourceparts=-';
    const prepare = `set -e; mkdir /srv/scratch; cd /srv/repo; dpkg-deb --build demo; dpkg-scanpackages . > Packages; apt-get ${only} update`;
    const prepared = await machine.run(['sh', '-c', prepare]);
    expect(prepared.exitCode, prepared.stderr).toBe(0);
    const seen = async () => {
      const commands = ['dpkg-query --show wf-demo', 'getent passwd wfdemo', 'findmnt --source wf-wfdemo'];
      const ends = await Promise.all(commands.map((command) => machine.run(command.split(' '))));
      return ends.map(({ exitCode }) => exitCode === 0);
    };
    const given = { program: 'wf-demo', version: '1.0', user: 'wfdemo', folder: '/srv/scratch' };
    const input = Object.entries(given).flatMap(([name, value]) => ['--input', `${name}=${value}`]);
    expect(await wf('start', 'account', '--id', 'account', ...input)).toMatchObject({ status: 'succeeded' });
    expect(await seen()).toEqual([true, true, true]);
    const undone = await wf('rollback', 'account');
    expect(undone.changes.map(({ status }) => status)).toEqual(['reverted', 'reverted', 'reverted']);
    expect(await seen()).toEqual([false, false, false]);
  });

  afterAll(async () => {
    await machine.end();
    rmSync(folder, { recursive: true });
  });

  test.for(
    Object.entries(runs).flatMap(([run, examples]) => Object.keys(examples).map((name) => [name, run] as const)),
  )('%s is carried out and undone (run %s)', ([name, run]) => {
    const [started, undone] = records.get(run) ?? [];
    if (started === undefined || undone === undefined) throw new Error(`run ${run} was not started`);
    requireCarriedOut(name, started, undone);
  });
});

describeDocker('on an engine, the example of', () => {
  let started: RunRecord;
  let undone: RunRecord;

  beforeAll(async () => {
    await docker('tag', HTTP_ECHO_IMAGE, DOCKER.dockerImage.reference);
    const project = openProject({ ...FILES, 'workflows/containers.ts': workflowOf('containers', DOCKER) });
    const first = await project.sharedWf(['start', 'containers', '--id', 'examples', '--runtime', 'docker', '--json']);
    started = runRecordSchema.parse(first.json());
    const last = await project.sharedWf(['rollback', 'examples', '--json']);
    undone = runRecordSchema.parse(last.json());
  }, 60_000);
  afterAll(() => {
    execFileSync('docker', ['rmi', DOCKER.dockerImage.reference]);
  });

  test.for(Object.keys(DOCKER))('%s is carried out and undone', (name) => requireCarriedOut(name, started, undone));
});

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { z } from 'zod';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { openProject, type Project } from '../../support/command/run-wf.ts';
import { describeOwnNetwork, ip } from '../../support/host/own-network.ts';

/** Runs one program, and another that may undo it. Their command lines do not show their effect. */
const WORKFLOW = `import { defineWorkflow } from 'wf-engine';
import { execCommand, revertSteps } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';

const input = z.object({ does: z.string(), undoes: z.string() });
const machine = setup({
  types: { context: {} as z.output<typeof input>, input: {} as z.output<typeof input> },
  actors: { execCommand, revertSteps },
}).createMachine({
  context: ({ input }) => input,
  initial: 'first',
  states: {
    first: {
      invoke: {
        id: 'act',
        src: 'execCommand',
        input: ({ context }) => ({ argv: [context.does], undo: [context.undoes] }),
        onDone: 'second',
      },
    },
    second: { invoke: { id: 'undo', src: 'revertSteps', input: { steps: ['act'] }, onDone: 'done' } },
    done: { type: 'final' },
  },
});
export default defineWorkflow({ name: 'shell', version: '1', description: 'A command.', input, machine });
`;

/** Creates a file, and declares that it alters links. */
const MARKER = `import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { defineStep, defineWorkflow } from 'wf-engine';
import { setup } from 'xstate';
import { z } from 'zod';

const file = z.object({ file: z.string() });
const marker = defineStep({
  kind: 'test.marker', description: 'A file.', input: file, output: file, record: file, survivesReboot: true,
  alters: ['network'],
  commands: () => [], rehearse: (input) => input,
  async observe({ file }) {
    if (!existsSync(file)) return { found: 'absent', target: file, record: { file } };
    return { found: 'ours', target: file, record: { file }, output: { file } };
  },
  async apply(_input, record) { writeFileSync(record.file, ''); return record; },
  async inspect({ file }) { return existsSync(file) ? { found: 'in place' } : { found: 'gone', reason: 'it is gone' }; },
  async undo({ file }) { rmSync(file); },
  undoCommands: ({ file }) => [['rm', file]],
});
const machine = setup({ types: { context: {} as { file: string }, input: {} as { file: string } }, actors: { marker } }).createMachine({
  context: ({ input }) => input,
  initial: 'first',
  states: {
    first: { invoke: { id: 'mark', src: 'marker', input: ({ context }) => context, onDone: 'second' } },
    second: { invoke: { id: 'again', src: 'marker', input: ({ context }) => ({ file: context.file + '2' }), onDone: 'done' } },
    done: { type: 'final' },
  },
});
export default defineWorkflow({ name: 'marker', version: '1', description: 'A file.', input: file, machine });
`;

/** Creates a link and turns forwarding on, and undoes both. */
const FORWARD = `import { defineWorkflow } from 'wf-engine';
import { createLink, revertSteps, setSysctl } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';

const machine = setup({ actors: { createLink, revertSteps, setSysctl } }).createMachine({
  initial: 'first',
  states: {
    first: { invoke: { id: 'link', src: 'createLink', input: { name: 'wfva0', kind: 'bridge' }, onDone: 'second' } },
    second: { invoke: { id: 'set', src: 'setSysctl', input: { name: 'net.ipv4.ip_forward', value: 1 }, onDone: 'third' } },
    third: { invoke: { id: 'undo', src: 'revertSteps', input: { steps: ['set', 'link'] }, onDone: 'done' } },
    done: { type: 'final' },
  },
});
export default defineWorkflow({ name: 'forward', version: '1', description: 'Forwarding.', input: z.object({}), machine });
`;

type RunRecord = z.output<typeof runRecordSchema>;

// A run that fails because of a difference observes the host for seconds.
vi.setConfig({ testTimeout: 120_000 });

let project: Project;
beforeEach(() => {
  project = openProject({
    'workflows/shell.ts': WORKFLOW,
    'workflows/marker.ts': MARKER,
    'workflows/forward.ts': FORWARD,
  });
});

async function ran(does: string, undoes: string, env: Readonly<Record<string, string>> = {}) {
  const programs = [script('act', does), script('undo', undoes)];
  const args = ['start', 'shell', '--runtime', 'docker', '--json'];
  const inputs = ['--input', `does=${programs[0]}`, '--input', `undoes=${programs[1]}`];
  const end = await project.sharedWf([...args, ...inputs], { env });
  expect([0, 5], end.stderr + end.stdout).toContain(end.exitCode);
  return { exitCode: end.exitCode, record: runRecordSchema.parse(end.json()) };
}

function script(name: string, body: string): string {
  const file = project.write(name, `#!/bin/sh -e\n${body}\n`);
  chmodSync(file, 0o755);
  return file;
}

function verified({ verification }: RunRecord) {
  if (verification === null) throw new Error('the run was not verified');
  const { unexplained, drift, residues, notCompared } = verification;
  return {
    restored: verification.restored,
    unexplained: unexplained.map(({ subject }) => subject),
    drift: drift.map(({ subject }) => subject),
    residues: residues.map(({ subject }) => subject),
    notCompared,
  };
}

/** Returns a PATH with these tools in front of those of the machine. */
function toolsThat(tools: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, body] of Object.entries(tools)) script(`tools/${name}`, body);
  const folder = path.join(project.folder, 'tools');
  return { PATH: `${folder}:${process.env['PATH'] ?? ''}` };
}

/** A tool that always fails. */
const BROKEN = 'echo "Could not fetch rule set generation id: Invalid argument" >&2; exit 1';

describeOwnNetwork('the verification of a run', () => {
  afterEach(() => {
    for (const name of ['wfva0', 'wfva1']) {
      try {
        ip('link', 'del', name);
      } catch {
        // Most tests make no difference.
      }
    }
  });

  test('ends with exit code 5 if an undo leaves changes, none of which is attributed to Docker, or a facet became unreadable', async () => {
    const setting = '/proc/sys/net/ipv4/ip_forward';
    const before = readFileSync(setting, 'utf8').trim();
    writeFileSync(setting, '0');
    const rule = 'INPUT -s 10.9.9.9 -j DROP';
    const broken = path.join(project.folder, 'broken');
    const env = toolsThat({
      tc: `if [ -e ${broken} ]; then echo oddly; else echo '[]'; fi`,
      'ip6tables-nft-save': BROKEN,
      'ip6tables-save': BROKEN,
    });
    try {
      const { exitCode, record } = await ran(`iptables -A ${rule}; echo 1 > ${setting}; touch ${broken}`, 'true', env);
      expect(exitCode).toBe(5);
      expect(record).toMatchObject({ status: 'needs-attention', error: { code: 'E_RESIDUE' } });
      const { restored, unexplained, drift, residues, notCompared } = verified(record);
      expect({ restored, drift, residues }).toEqual({ restored: false, drift: [], residues: ['reading of qdiscs'] });
      expect(notCompared.map(({ subject }) => subject)).toContain('iptables ipv6');
      // The kernel sets forwarding for each link too.
      expect(unexplained).toContain('sysctl net.ipv4.ip_forward');
      expect(unexplained.filter((subject) => !subject.startsWith('sysctl '))).toEqual([
        'iptables ipv4 filter INPUT rule -s 10.9.9.9/32 -j DROP',
      ]);
      const { stdout } = await project.sharedWf(['show', '@latest']);
      expect(stdout).toMatch(/unexplained: iptables ipv4 filter INPUT rule -s 10\.9\.9\.9/);
    } finally {
      execFileSync('iptables', ['-D', ...rule.split(' ')]);
      writeFileSync(setting, before);
    }
  });

  test('accounts for every change that is undone', async () => {
    const { exitCode, record } = await ran('ip link add wfva0 type bridge', 'ip link del wfva0');
    expect(exitCode).toBe(0);
    expect(verified(record)).toMatchObject({ restored: true, unexplained: [], residues: [], drift: [] });
  });

  test('does not attribute to the run a setting that somebody else turned off before its step restored it', async () => {
    const setting = '/proc/sys/net/ipv4/ip_forward';
    const before = readFileSync(setting, 'utf8').trim();
    writeFileSync(setting, '1');
    try {
      const start = ['start', 'forward', '--runtime', 'docker', '--id', 'forward1', '--pause-after', 'first'];
      expect((await project.sharedWf(start)).exitCode).toBe(0);
      writeFileSync(setting, '0');
      const end = await project.sharedWf(['resume', 'forward1', '--json']);
      expect(end.exitCode, end.stderr + end.stdout).toBe(0);
      const { residues, drift } = verified(runRecordSchema.parse(end.json()));
      expect(residues).toEqual([]);
      expect(drift).toContain('sysctl net.ipv4.ip_forward');
      expect(readFileSync(setting, 'utf8').trim()).toBe('0');
    } finally {
      writeFileSync(setting, before);
    }
  });

  test('names a facet whose tool returns invalid output, and does not fail the run', async () => {
    const env = toolsThat({
      tc: `echo '[{"kind":"noqueue",'`,
      'iptables-nft-save': BROKEN,
      'iptables-save': BROKEN,
    });
    const clean = await ran('ip link add wfva0 type bridge', 'ip link del wfva0', env);
    expect(clean.exitCode).toBe(0);
    const { restored, notCompared } = verified(clean.record);
    expect(restored).toBe(true);
    expect(notCompared).toContainEqual({ subject: 'qdiscs', reason: 'unreadable: tc wrote invalid JSON' });
    expect(notCompared).toContainEqual({
      subject: 'iptables ipv4',
      reason: expect.stringMatching(/^unreadable: `iptables-save`: exit code 1: Could not fetch/),
    });
  });

  test('names a foreign link that always changes, and does not fail the run', async () => {
    ip('link', 'add', 'wfva1', 'type', 'bridge');
    const flap = 'while :; do ip link set wfva1 mtu 1400; sleep 0.3; ip link set wfva1 mtu 1401; sleep 0.3; done';
    const flapping = spawn('sh', ['-c', flap], { stdio: 'ignore' });
    try {
      // Long enough that the MTU differs when the run ends.
      const { exitCode, record } = await ran('ip link add wfva0 type bridge; sleep 0.3', 'ip link del wfva0');
      expect(exitCode, JSON.stringify(record.verification)).toBe(0);
      const { unexplained, notCompared } = verified(record);
      expect(unexplained).toEqual([]);
      expect([{ subject: 'link wfva1', reason: 'it kept changing' }]).toEqual(
        expect.arrayContaining(notCompared.filter(({ reason }) => reason === 'it kept changing')),
      );
    } finally {
      flapping.kill('SIGKILL');
      await once(flapping, 'exit');
    }
  });
});

describeOwnNetwork('the final comparison of a run', () => {
  test('takes place only in the network namespace of the baseline', async () => {
    const file = path.join(project.folder, 'marker');
    const start = [
      'start',
      'marker',
      '--runtime',
      'docker',
      '--id',
      'placed',
      '--pause-after',
      'first',
      '--input',
      `file=${file}`,
    ];
    const paused = await project.sharedWf(start);
    expect(paused.exitCode, paused.stderr).toBe(0);
    const elsewhere = await project.wf(['rollback', 'placed', '--json'], { through: ['unshare', '--net'] });
    expect(elsewhere).toMatchObject({ exitCode: 4, stdout: expect.stringContaining('E_WRONG_PLACE') });
    const here = await project.sharedWf(['rollback', 'placed', '--json']);
    expect(here.exitCode, here.stderr).toBe(0);
    expect(verified(runRecordSchema.parse(here.json())).restored).toBe(true);
  });
});

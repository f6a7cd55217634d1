import { spawn } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, onTestFinished, test } from 'vitest';
import { canActAsOrdinaryUser, ORDINARY_USER } from '../../support/command/ordinary-user.ts';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { openProject, type Project, WF } from '../../support/command/run-wf.ts';
import { sharedCache } from '../../support/command/shared-cache.ts';
import { eventually } from '../../support/host/own-network.ts';
import { chosen } from '../../support/rotation.ts';

const FALSE_HOST = fileURLToPath(new URL('../../fixtures/host/false-private-host.mjs', import.meta.url));
const NODE = process.execPath;
const PATIENCE_MS = 30_000;
const APP = readFileSync(new URL('../../fixtures/workflows/app.ts', import.meta.url), 'utf8');
const paused = (workflow: string) => [
  ...['start', workflow, '--runtime', 'embedded'],
  ...['--pause-after', 'setup', '--id', 'mine'],
];

/** Returns the mark of the private host of a run, and the pids of the processes that carry it. */
function marked(run: string): { readonly mark: string; readonly pids: readonly number[] } {
  const found = readdirSync('/proc').flatMap((entry) => {
    try {
      if (!/^\d+$/.test(entry)) return [];
      const mark = /(?:^|\0)WF_PRIVATE_HOST=([^\0]*)/.exec(readFileSync(`/proc/${entry}/environ`, 'utf8'))?.[1];
      return mark?.startsWith(`${run}@`) ? [{ mark, pid: Number(entry) }] : [];
    } catch {
      return []; // the process has ended
    }
  });
  return { mark: found[0]?.mark ?? '', pids: found.map(({ pid }) => pid) };
}

/** Starts a process of an ordinary user that imitates a private host: its mark, its pid 1 and its socket. */
async function imitate(mark: string): Promise<{ readonly heard: () => readonly string[] }> {
  const [program = '', ...args] = [
    ...ORDINARY_USER,
    'unshare',
    '--user',
    '--map-root-user',
    '--mount',
    '--pid',
    '--fork',
  ];
  const child = spawn(program, [...args, '--kill-child', '--', NODE, FALSE_HOST], {
    env: { PATH: process.env['PATH'], WF_PRIVATE_HOST: mark },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await eventually(() => output.startsWith('listens\n'), PATIENCE_MS);
  return { heard: () => output.split('\n').slice(1, -1) };
}

/** A process may already be gone: the first one that is killed ends the others. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ESRCH')) throw thrown;
  }
}

async function pausedRun(): Promise<Project> {
  const project = openProject({ 'workflows/app.ts': APP });
  onTestFinished(async () => {
    await project.sharedWf(['rollback', 'mine']);
  });
  const started = await project.wf(paused('app'));
  expect(started.exitCode, started.stderr).toBe(0);
  return project;
}

const isRoot = canActAsOrdinaryUser();

describe.skipIf(!isRoot)('trust in a private host', () => {
  test.for(chosen(['resume', 'rollback'] as const))(
    'is not given by a %s to a false host of another user',
    async (verb) => {
      const project = await pausedRun();
      const { mark, pids } = marked('mine');
      for (const pid of pids) killIfThere(pid);
      await eventually(() => marked('mine').pids.length === 0, PATIENCE_MS);
      const imitation = await imitate(mark);
      const end = await project.wf([verb, 'mine', '--json']);
      expect(imitation.heard()).toEqual([]);
      // The changes in the true host are gone with it.
      expect(end.exitCode, end.stderr).toBe(verb === 'resume' ? 1 : 0);
      expect(runRecordSchema.parse(end.json()).status).toBe('rolled-back');
    },
  );

  test('is not given to a false host of another user beside the true one', async () => {
    const project = await pausedRun();
    const imitation = await imitate(marked('mine').mark);
    const end = await project.wf(['resume', 'mine']);
    expect(end.exitCode, end.stderr).toBe(0);
    expect(imitation.heard()).toEqual([]);
  });

  test('is not given by root to the host of an ordinary user, whose run continues', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'wf-user-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const [program = '', ...wrapper] = ORDINARY_USER;
    chmodSync(folder, 0o755);
    chownSync(folder, Number(ORDINARY_USER[2]), Number(ORDINARY_USER[4]));
    const database = path.join(folder, 'wf.db');
    const env = { PATH: process.env['PATH'] ?? '', HOME: folder, ...sharedCache('ordinary user'), WF_DB: database };
    const asUser = (args: readonly string[]) =>
      execa(program, [...wrapper, NODE, WF, ...args], { env, extendEnv: false, cwd: folder, reject: false });
    // The workflow comes with wf, so it is the same in the projects of both users.
    const started = await asUser(paused('lab-network'));
    expect(started.exitCode, started.stderr).toBe(0);
    onTestFinished(async () => {
      await asUser(['rollback', 'mine']);
    });
    // A history of root that contains the run.
    const roots = openProject();
    copyFileSync(database, roots.database);
    // Node 22 copies the owner, too.
    chownSync(roots.database, 0, 0);
    for (const args of [
      ['resume', 'mine'],
      ['resume', 'mine', '--dry-run'],
      ['rollback', 'mine'],
      ['shell', 'mine', '--json'],
    ]) {
      const refused = await roots.sharedWf(args);
      expect(refused.exitCode, args.join(' ')).toBe(3);
      expect(refused.stderr + refused.stdout).toMatch(
        /E_PERMISSION[\s\S]*private host of run mine belongs to user 65534[\s\S]*sudo -u/,
      );
    }
    const end = await asUser(['resume', 'mine']);
    expect(end.exitCode, end.stderr).toBe(0);
  });
});

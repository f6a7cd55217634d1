import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { readRecord } from '../../support/command/read-record.ts';
import { WF } from '../../support/command/run-wf.ts';
import { mountSmallDisk } from '../../support/host/small-disk.ts';
import { inTurn } from '../../support/rotation.ts';
import { openNoteProject } from '../../support/workflows/note.ts';

const project = openNoteProject();

/** Runs a line of bash in which `wf` is the built command, and returns the output that is not redirected. */
const bash = (line: string, through: readonly string[] = []) => {
  const [file = 'bash', ...rest] = [...through, 'bash', '-c', `wf() { "$0" "$WF" "$@"; }; ${line}`, process.execPath];
  return execa(file, rest, {
    cwd: project.folder,
    env: { ...project.environment, WF },
    reject: false,
    stdin: 'ignore',
  });
};

const noteOf = (id: string) => `--id ${id} --input file=${project.folder}/${id}`;
const statusOf = (id: string) => readRecord(project, id).status;

async function started(id: string): Promise<void> {
  expect(await project.sharedWf(['start', 'note', ...noteOf(id).split(' ')])).toMatchObject({ exitCode: 0 });
}

/** Commands that print a result and change nothing. */
const READING = [
  ...['runs', 'runs --json', 'show @latest', 'show @latest --json', 'logs @latest', 'logs @latest --json', 'steps'],
  ...['steps --json', 'workflows', 'diff @latest', 'report @latest', 'graph @latest', 'graph note', 'changes --json'],
  ...['export @latest', 'check note', 'doctor --json', 'completion bash', 'start note --dry-run --input file=x'],
  ...['prune --keep 5', '--version', '--version --json', '--help', 'start --help'],
];

describe('a full standard output', () => {
  test('makes each command that only prints exit with 3', async () => {
    await started('read');
    for (const command of inTurn(READING, 3)) {
      const { exitCode, stderr } = await bash(`wf ${command} > /dev/full`);
      expect({ exitCode, stderr }, command).toEqual({
        exitCode: 3,
        stderr: expect.stringMatching(
          /^(?:.*\n)*error E_OUTPUT: cannot write the result to standard output: .*no space left.*\n {2}next: /,
        ),
      });
      expect(stderr, command).not.toContain('E_INTERNAL');
    }
  });

  test('makes a command that prints exit with 3 if it is a file on a full disk, but not a run', async (context) => {
    if (process.getuid?.() !== 0) context.skip('only root may mount a small disk');
    const disk = await mountSmallDisk(path.join(project.folder, 'disk'), 1);
    disk.fill();
    for (const command of inTurn(['runs --json', 'show @latest', 'steps --json', '--version'], 2)) {
      const { exitCode, stderr } = await bash(`wf ${command} > ${disk.folder}/out`, disk.through);
      expect({ exitCode, stderr }, command).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('E_OUTPUT') });
    }
    disk.makeRoom();
    writeFileSync(disk.at('nearly-all'), Buffer.alloc(1024 * 1024 - 4096));
    const cutShort = await bash(`wf steps --json > ${disk.folder}/out`, disk.through);
    expect({ exitCode: cutShort.exitCode, size: statSync(disk.at('out')).size }, 'a short write').toEqual({
      exitCode: 3,
      size: 4096,
    });
    disk.fill();
    const run = await bash(
      `wf start note ${noteOf('full-disk')} > ${disk.folder}/out 2> ${disk.folder}/err`,
      disk.through,
    );
    expect([run.exitCode, statusOf('full-disk')]).toEqual([0, 'succeeded']);
  });

  test.each(['', '--json'])('does not change the outcome or the exit code of a run (%s)', async (json) => {
    const id = `good${json}`.replaceAll('-', '');
    const good = await bash(`wf start note ${noteOf(id)} ${json} > /dev/full`);
    expect([good.exitCode, statusOf(id)]).toEqual([0, 'succeeded']);
    expect(good.stderr).toContain('error E_OUTPUT');
    expect(good.stderr).toContain('wf show @latest');
    const bad = await bash(`wf start note ${noteOf(`bad${id}`)} --input command=false ${json} > /dev/full`);
    expect([bad.exitCode, statusOf(`bad${id}`)]).toEqual([1, 'rolled-back']);
  });
});

describe('standard error', () => {
  const FAILING = [
    ['is full', '2> /dev/full'],
    ['is closed, as standard output is', '>&- 2>&-'],
    ['has lost its reader', '2> >(true)'],
    ['is closed', '2>&-'],
    ['is full, as standard output is', '> /dev/full 2>&1'],
  ] as const;
  test.for(inTurn(FAILING, 2))('does not stop a run or its rollback if it %s', async ([what, redirected]) => {
    const id = what.replace(/\W/g, '');
    const file = path.join(project.folder, id);
    const start = await bash(`wf start note ${noteOf(id)} --pause-after write ${redirected}`);
    expect([start.exitCode, statusOf(id), existsSync(file)]).toEqual([0, 'paused', true]);
    const rollback = await bash(`wf rollback ${id} ${redirected}`);
    expect([rollback.exitCode, statusOf(id), existsSync(file)]).toEqual([0, 'rolled-back', false]);
  });

  test('does not change the exit code of a refused command if it is full', async () => {
    expect((await bash('wf show nobody 2> /dev/full')).exitCode).toBe(2);
    expect((await bash('wf start nothing > /dev/full 2>&1')).exitCode).toBe(2);
  });
});

test('-o - writes to standard output, not to a file of that name', async () => {
  const folder = path.join(project.folder, 'dash');
  mkdirSync(folder);
  await started('dashed');
  const named = await bash('cd dash && wf export dashed -o run.wfrun && wf report dashed -o run.md');
  expect(named.exitCode).toBe(0);
  const exported = await bash('cd dash && wf export dashed -o -');
  const reported = await bash('cd dash && wf report dashed -o -');
  expect(existsSync(path.join(folder, '-'))).toBe(false);
  expect(`${exported.stdout}\n`).toBe(readFileSync(path.join(folder, 'run.wfrun'), 'utf8'));
  expect(`${reported.stdout}\n`).toBe(readFileSync(path.join(folder, 'run.md'), 'utf8'));
});

import { execa } from 'execa';
import { expect, test } from 'vitest';
import { readRecord } from '../../support/command/read-record.ts';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { WF } from '../../support/command/run-wf.ts';
import { openNoteProject } from '../../support/workflows/note.ts';

const ESCAPE = '\u001b';
const project = openNoteProject();
let notes = 0;
const note = (...more: readonly string[]) => {
  notes += 1;
  return ['start', 'note', '--input', `file=${project.folder}/note-${notes}`, ...more];
};

test.concurrent('a run prints progress lines on stderr and the result on stdout, without colours', async () => {
  const run = await project.wf(note('--id', 'plain'));
  expect(run.exitCode).toBe(0);
  const lines = run.stderr.trimEnd().split('\n');
  expect(lines[0]).toBe('run plain of note');
  const steps = lines.flatMap(
    (line) => /^(\w+) {2}(\w+) {2}([\w.]+) {2}ok {2}/.exec(line)?.slice(1, 4).join(' ') ?? [],
  );
  expect(steps).toEqual([
    'write writeNote note.file',
    'read readNote exec.read',
    'read runProgram exec.read',
    'remove removeNote host.revert',
  ]);
  expect(run.stdout).toMatch(/^note succeeded in .* run plain$/m);
  expect(run.stdout).toMatch(/^ +written +6 letters: a note$/m);
  expect(run.stdout).toMatch(/^1 change, all undone: 1 reverted$/m);
  expect(run.stdout).not.toContain('writeNote');
  expect(`${run.stdout}${run.stderr}`).not.toContain(ESCAPE);
});

test.concurrent('--json prints exactly one document on stdout and the same progress on stderr', async () => {
  const run = await project.wf(note('--json', '--id', 'json'));
  expect(run.exitCode).toBe(0);
  expect(runRecordSchema.parse(run.json())).toMatchObject({ id: 'json', status: 'succeeded' });
  expect(run.stderr).toContain('run json of note\n');
  expect(run.stderr).toMatch(/^remove {2}removeNote .* ok /m);
});

test.concurrent('redirected output has colours with FORCE_COLOR, and none with NO_COLOR or --json', async () => {
  const forced = await project.wf(note(), { env: { FORCE_COLOR: '1' } });
  expect(forced.stdout).toContain(ESCAPE);
  const none = await project.wf(note(), { env: { FORCE_COLOR: '1', NO_COLOR: '1' } });
  expect(`${none.stdout}${none.stderr}`).not.toContain(ESCAPE);
  const json = await project.wf(note('--json'), { env: { FORCE_COLOR: '1' } });
  expect(json.stdout).not.toContain(ESCAPE);
});

test.concurrent('NO_COLOR removes the colours of the live view', async () => {
  const args = note().slice(1);
  const onTerminal = (env: Record<string, string>) =>
    execa(
      'script',
      ['--quiet', '--return', '--command', ['exec', process.execPath, WF, 'start', ...args].join(' '), '/dev/null'],
      {
        cwd: project.folder,
        env: { WF_DB: project.database, TERM: 'xterm', ...env },
        reject: false,
        stdin: 'ignore',
      },
    );
  const colour = new RegExp(`${ESCAPE}\\[(?:1|2|3\\d|9\\d)m`);
  const plain = await onTerminal({ NO_COLOR: '1' });
  expect(plain.exitCode).toBe(0);
  expect(plain.stdout).toContain('succeeded');
  expect(plain.stdout).not.toMatch(colour);
  const coloured = await onTerminal({ NO_COLOR: '', CI: '' });
  expect(coloured.stdout).toMatch(colour);
});

test.concurrent('a reader that closes the pipe early causes no error', async () => {
  const shell = (script: string) =>
    execa('bash', ['-c', script, process.execPath, WF], {
      cwd: project.folder,
      env: project.environment,
      reject: false,
    });
  const end = await shell('set -o pipefail; "$0" "$1" steps --json | head -1');
  expect(end).toMatchObject({ exitCode: 0, stdout: '[', stderr: '' });
  const closed = await shell('set -o pipefail; "$0" "$1" steps --json | true');
  expect(closed).toMatchObject({ exitCode: 0, stderr: '' });
  // The run continues to its end although nobody reads its progress.
  const file = `${project.folder}/note-unread`;
  const run = await shell(`set -o pipefail; "$0" "$1" start note --id unread --input file=${file} 2>&1 | head -1`);
  expect(run).toMatchObject({ exitCode: 0, stdout: 'run unread of note' });
  expect(readRecord(project, 'unread')).toMatchObject({ status: 'succeeded' });
});

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import {
  logsSchema,
  type RunRecord,
  runRecordSchema,
  standingChangesSchema,
} from '../../support/command/run-record.ts';
import type { Project, WfEnd } from '../../support/command/run-wf.ts';
import { openNoteProject } from '../../support/workflows/note.ts';

const recordOf = (end: WfEnd): RunRecord => runRecordSchema.parse(end.json());
const noteIn = (project: Project) => path.join(project.folder, 'the note');
const start = (project: Project, ...more: readonly string[]) => [
  'start',
  'note',
  '--json',
  '--input',
  `file=${noteIn(project)}`,
  ...more,
];

test.concurrent('a workflow with its own step runner runs without a build step', async () => {
  const project = openNoteProject();
  const end = await project.wf(start(project, '--input', 'text=$(id) `id` "é"'));
  expect(end.exitCode, end.stderr).toBe(0);
  expect(recordOf(end)).toMatchObject({
    status: 'succeeded',
    input: { text: '$(id) `id` "é"', waitFor: null, command: 'true' },
    stages: [{ name: 'write' }, { name: 'wait', status: 'skipped' }, { name: 'read' }, { name: 'remove' }],
    changes: [{ seq: 1, step: 'writeNote', kind: 'note.file', status: 'reverted', undo: [`rm '${noteIn(project)}'`] }],
    verification: { restored: true, residues: [] },
  });
  const logs = logsSchema.parse((await project.sharedWf(['logs', '@latest', '--json'])).json());
  expect(logs.map(({ step, output }) => [step, output])).toEqual([
    ['writeNote', '$(id) `id` "é"'],
    ['readNote', '$(id) `id` "é"'],
    ['runProgram', ''],
    ['removeNote', expect.stringMatching(/^1 {2}note .* {2}reverted$/)],
  ]);
  expect(existsSync(noteIn(project))).toBe(false);
});

test.concurrent('a change of a custom step runner is undone when a later step fails', async () => {
  const project = openNoteProject();
  const end = await project.sharedWf(start(project, '--input', 'command=false'));
  expect(end.exitCode).toBe(1);
  expect(recordOf(end)).toMatchObject({
    status: 'rolled-back',
    error: { code: 'E_HOST_COMMAND', message: 'false ended with exit code 1' },
    changes: [{ status: 'reverted' }],
    verification: { restored: true, residues: [] },
  });
  expect(existsSync(noteIn(project))).toBe(false);
});

test.concurrent('--on-failure keep leaves the change in place, and the printed undo command removes it', async () => {
  const project = openNoteProject();
  const end = await project.sharedWf(start(project, '--input', 'command=false', '--on-failure', 'keep'));
  expect(end.exitCode).toBe(1);
  expect(recordOf(end)).toMatchObject({ status: 'failed', changes: [{ status: 'applied' }] });
  expect(readFileSync(noteIn(project), 'utf8')).toBe('a note');
  const standing = standingChangesSchema.parse((await project.sharedWf(['changes', '--json'])).json());
  expect(standing).toMatchObject([{ step: 'writeNote', status: 'applied' }]);
  await execa('sh', ['-ec', standing[0]?.undo.join(' && ') ?? 'false']);
  expect(existsSync(noteIn(project))).toBe(false);
});

test.concurrent('a foreign file is refused and left unchanged', async () => {
  const project = openNoteProject();
  writeFileSync(noteIn(project), "somebody else's");
  const end = await project.sharedWf(start(project));
  expect(end.exitCode).toBe(4);
  expect(recordOf(end)).toMatchObject({ status: 'failed', error: { code: 'E_NAME_IN_USE' }, changes: [] });
  expect(readFileSync(noteIn(project), 'utf8')).toBe("somebody else's");
});

test.concurrent('a missing program fails the run, which is rolled back', async () => {
  const project = openNoteProject();
  const end = await project.sharedWf(start(project, '--input', 'command=no-such-program'));
  expect(end.exitCode).toBe(1);
  expect(recordOf(end)).toMatchObject({
    status: 'rolled-back',
    error: { code: 'E_TOOL_MISSING', message: expect.stringContaining('no-such-program') },
  });
  expect(existsSync(noteIn(project))).toBe(false);
});

test.concurrent('the workflow is found from a subfolder of its project', async () => {
  const project = openNoteProject({ 'a/b/c.txt': '' });
  const end = await project.sharedWf(start(project), { env: { WF_DB: '' }, cwd: path.join(project.folder, 'a/b') });
  expect(end.exitCode, end.stderr).toBe(0);
  expect(existsSync(path.join(project.folder, 'data/wf.db'))).toBe(true);
});

test.concurrent('a dry run prints the commands and changes nothing', async () => {
  const project = openNoteProject();
  const end = await project.sharedWf(start(project, '--dry-run'));
  expect(end).toMatchObject({ exitCode: 0, stderr: '' });
  expect(end.json()).toMatchObject({
    workflow: 'note',
    steps: [
      { step: 'writeNote', stage: 'write', kind: 'note.file', changes: true, commands: [`tee '${noteIn(project)}'`] },
      { step: 'readNote', commands: [`cat '${noteIn(project)}'`] },
      { step: 'runProgram', commands: ['true'] },
      { step: 'removeNote', kind: 'host.revert', changes: true, commands: [`rm '${noteIn(project)}'`] },
    ],
  });
  expect(existsSync(noteIn(project))).toBe(false);
  expect(existsSync(project.database)).toBe(false);
});

import { chmodSync, existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { expectRefusal } from '../../support/command/refusal.ts';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { NOTE_WORKFLOW } from '../../support/workflows/note.ts';

/** A project whose workflow `note` is outside the workflow folders. */
function open() {
  const project = openProject();
  project.write('own/note.ts', NOTE_WORKFLOW);
  const note = path.join(project.folder, 'the note');
  return { project, note, start: ['start', 'own/note.ts', '--json', '--input', `file=${note}`] };
}

test.concurrent('a workflow outside the workflow folders is started, resumed and rolled back by its path', async () => {
  const { project, note, start } = open();
  const paused = await project.wf([...start, '--pause-after', 'write', '--id', 'first']);
  expect([paused.exitCode, runRecordSchema.parse(paused.json()).status]).toEqual([0, 'paused']);
  const resumed = await project.sharedWf(['resume', 'first', '--json']);
  expect([resumed.exitCode, runRecordSchema.parse(resumed.json()).status]).toEqual([0, 'succeeded']);

  await project.sharedWf([...start, '--pause-after', 'write', '--id', 'second']);
  expect(existsSync(note)).toBe(true);
  const moved = project.write('moved/note.ts', NOTE_WORKFLOW);
  rmSync(path.join(project.folder, 'own/note.ts'));
  const refusal = { exitCode: 2 as const, code: 'E_WORKFLOW_NOT_FOUND', message: ['run second'], next: '--workflow' };
  await expectRefusal(project, ['resume', 'second'], refusal);
  const undone = await project.sharedWf(['rollback', 'second', '--workflow', moved, '--json']);
  expect([undone.exitCode, runRecordSchema.parse(undone.json()).status]).toEqual([0, 'rolled-back']);
  expect(existsSync(note)).toBe(false);
});

test.concurrent('a file that is missing, contains another workflow or is writable by others is refused', async () => {
  const { project, start } = open();
  const missing = { exitCode: 2 as const, code: 'E_WORKFLOW_NOT_FOUND', message: ['own/nothing.ts'], next: '.ts' };
  await expectRefusal(project, ['start', 'own/nothing.ts'], missing);
  await project.sharedWf([...start, '--pause-after', 'write', '--id', 'paused']);
  project.write('own/other.ts', NOTE_WORKFLOW.replace("name: 'note'", "name: 'other'"));
  const other = {
    exitCode: 2 as const,
    code: 'E_USAGE',
    message: ['contains workflow other, not note'],
    next: 'Give the file',
  };
  await expectRefusal(project, ['resume', 'paused', '--workflow', 'own/other.ts'], other);
  chmodSync(path.join(project.folder, 'own/note.ts'), 0o666);
  const untrusted = {
    exitCode: 3 as const,
    code: 'E_UNTRUSTED',
    message: ['another user'],
    next: 'WF_SAFE_DIRECTORY=',
  };
  await expectRefusal(project, start, untrusted);
});

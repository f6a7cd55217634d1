import { existsSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { PinnedConnection } from '../../../src/sqlite/pinned-connection.ts';
import { runRecordSchema } from '../../support/command/run-record.ts';
import type { Project } from '../../support/command/run-wf.ts';
import { openNoteProject } from '../../support/workflows/note.ts';

const noteIn = (project: Project) => path.join(project.folder, 'note');
/** Unique on this host, because tests run side by side. */
const idOf = (project: Project) => path.basename(project.folder);
const workflowOf = (project: Project) => path.join(project.folder, 'workflows', 'note.ts');

async function pausedProject(): Promise<Project> {
  const project = openNoteProject();
  const start = [
    'start',
    'note',
    '--id',
    idOf(project),
    '--input',
    `file=${noteIn(project)}`,
    '--pause-after',
    'write',
  ];
  expect(await project.sharedWf(start)).toMatchObject({ exitCode: 0 });
  return project;
}

async function expectRefused(project: Project, why: RegExp): Promise<void> {
  const before = (await project.sharedWf(['show', idOf(project), '--json'])).stdout;
  const refused = await project.sharedWf(['rollback', idOf(project), '--json']);
  expect(refused).toMatchObject({ exitCode: 3 });
  expect(refused.json()).toMatchObject({
    error: {
      code: 'E_RUNNER_MISSING',
      message: expect.stringMatching(why),
      hint: expect.stringContaining('Nothing was touched'),
    },
  });
  expect((await project.sharedWf(['show', idOf(project), '--json'])).stdout).toBe(before);
  expect(existsSync(noteIn(project))).toBe(true);
}

async function expectUndone(project: Project): Promise<void> {
  const undone = await project.sharedWf(['rollback', idOf(project), '--json']);
  expect(undone.exitCode, undone.stdout).toBe(0);
  expect(runRecordSchema.parse(undone.json())).toMatchObject({ status: 'rolled-back' });
  expect(existsSync(noteIn(project))).toBe(false);
}

test.concurrent('a rollback is refused while the file of its step runner is missing, and succeeds once it is back', async () => {
  const project = await pausedProject();
  renameSync(workflowOf(project), `${workflowOf(project)}.away`);
  await expectRefused(project, /change 1 \(note .*\): there is no step runner note.file: there is no workflow "note"/);
  renameSync(`${workflowOf(project)}.away`, workflowOf(project));
  await expectUndone(project);
});

test.concurrent('a rollback is refused with the reason if the file of its step runner cannot be loaded', async () => {
  const project = await pausedProject();
  const text = readFileSync(workflowOf(project), 'utf8');
  project.write('workflows/note.ts', `import 'no-such-package';\n${text}`);
  await expectRefused(project, /note.file: workflow note: .*note.ts cannot be loaded: .*no-such-package/);
  project.write('workflows/note.ts', text);
  await expectUndone(project);
});

test.concurrent('a rollback is refused if the workflow does not define its step runner', async () => {
  const project = await pausedProject();
  const text = readFileSync(workflowOf(project), 'utf8');
  project.write('workflows/note.ts', text.replaceAll("'note.file'", "'note.paper'"));
  await expectRefused(project, /there is no step runner note.file: the current workflow note has none/);
});

test.concurrent('a rollback is refused if its step runner cannot read the recorded change', async () => {
  const project = await pausedProject();
  const text = readFileSync(workflowOf(project), 'utf8');
  project.write('workflows/note.ts', text.replace('record: note,', 'record: note.extend({ colour: z.string() }),'));
  await expectRefused(project, /the step runner note.file cannot read what it recorded: .*colour/s);
  project.write('workflows/note.ts', text);
  await expectUndone(project);
});

test.concurrent('wf resume refuses an interrupted rollback whose step runner is missing', async () => {
  const project = await pausedProject();
  const db = new PinnedConnection(project.database);
  db.exec(`UPDATE runs SET status = 'rolling-back'`);
  db.close();
  const text = readFileSync(workflowOf(project), 'utf8');
  project.write('workflows/note.ts', text.replaceAll("'note.file'", "'note.paper'"));
  const refused = await project.sharedWf(['resume', idOf(project), '--json']);
  expect(refused).toMatchObject({ exitCode: 3 });
  expect(refused.json()).toMatchObject({ error: { code: 'E_RUNNER_MISSING' } });
  expect(existsSync(noteIn(project))).toBe(true);
  project.write('workflows/note.ts', text);
  await expectUndone(project);
});

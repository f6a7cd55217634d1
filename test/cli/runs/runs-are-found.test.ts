import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { readRecord } from '../../support/command/read-record.ts';
import { expectRefusal, expectTextRefusal } from '../../support/command/refusal.ts';
import { logsSchema, runRecordSchema, runSummariesSchema } from '../../support/command/run-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { openNoteProject } from '../../support/workflows/note.ts';

const project = openNoteProject();
const note = (id: string) => ['start', 'note', '--id', id, '--input', `file=${project.folder}/note-${id}`];

beforeAll(async () => {
  for (const id of ['alpha1', 'alpha2', 'beta']) {
    const run = await project.sharedWf(note(id));
    expect(run.exitCode, run.stderr).toBe(0);
  }
});

test.concurrent('wf runs lists the newest run first', async () => {
  const runs = runSummariesSchema.parse((await project.wf(['runs', '--json'])).json());
  expect(runs.map(({ id }) => id)).toEqual(['beta', 'alpha2', 'alpha1']);
  const two = runSummariesSchema.parse((await project.sharedWf(['runs', '--limit', '2', '--json'])).json());
  expect(two).toEqual(runs.slice(0, 2));
  const text = await project.sharedWf(['runs']);
  expect(text.stdout).toMatch(/^beta .*\n.*\n?alpha2 .*\n.*\n?alpha1 /m);
});

test.concurrent('a run is found by its id, by a prefix of it, and as @latest', async () => {
  for (const [reference, id] of [
    ['alpha1', 'alpha1'],
    ['b', 'beta'],
    ['@latest', 'beta'],
  ]) {
    const shown = await project.wf(['show', reference ?? '', '--json']);
    expect(runRecordSchema.parse(shown.json()).id).toBe(id);
    expect(shown.json()).toEqual(readRecord(project, id ?? ''));
  }
});

test.concurrent('an ambiguous prefix is refused with the matching ids', async () => {
  const refusal = {
    exitCode: 2,
    code: 'E_RUN_AMBIGUOUS',
    message: ['"alpha"', 'alpha1', 'alpha2'],
    next: 'more of the id',
  };
  await expectTextRefusal(project, ['show', 'alpha'], refusal);
  await expectRefusal(project, ['logs', 'alpha'], refusal);
  await expectRefusal(project, ['changes', 'alpha'], refusal);
});

test.concurrent('wf logs prints the commands of one step, and refuses an unknown step', async () => {
  const logs = logsSchema.parse((await project.wf(['logs', 'beta', 'readNote', '--json'])).json());
  expect(logs).toMatchObject([
    { stage: 'read', step: 'readNote', command: `cat ${project.folder}/note-beta`, output: 'a note', exitCode: 0 },
  ]);
  const refusal = { exitCode: 2, code: 'E_STEP_NOT_FOUND', message: ['"readNot"'], next: 'Did you mean readNote?' };
  await expectRefusal(project, ['logs', 'beta', 'readNot'], refusal);
});

test.concurrent('wf start refuses an id that is in use', async () => {
  const refusal = { exitCode: 4, code: 'E_RUN_EXISTS', message: ['beta'], next: '' };
  await expectRefusal(project, [...note('beta')], refusal);
});

test.concurrent('wf runs --format ids prints the ids of matching runs for other commands', async () => {
  const listed = await project.sharedWf([
    'runs',
    '--format',
    'ids',
    '--where',
    `file=${project.folder}/note-alpha2`,
    '--last',
    '1h',
  ]);
  expect([listed.stdout, listed.stderr, listed.exitCode]).toEqual(['alpha2\n', '', 0]);
  const shown = await project.sharedWf(['show', listed.stdout.trim(), '--json']);
  expect(runRecordSchema.parse(shown.json()).id).toBe('alpha2');
  const page = await project.sharedWf(['runs', '--format', 'ids', '--limit', '1']);
  expect([page.stdout, page.stderr]).toEqual([
    'beta\n',
    `Older runs: wf runs --limit 1 --format ids --before beta --db ${project.database}\n`,
  ]);
  const refusal = { exitCode: 2, code: 'E_USAGE', message: ['--since soon'], next: '2026-11-01' };
  await expectRefusal(project, ['runs', '--since', 'soon'], refusal);
});

test.concurrent('an imported run can be read on another machine, but not rolled back', async () => {
  const file = path.join(project.folder, 'beta.json');
  expect((await project.wf(['export', 'beta', '-o', file])).exitCode).toBe(0);
  const elsewhere = openProject({});
  const imported = await elsewhere.wf(['import', file, '--json']);
  expect(imported.exitCode, imported.stderr).toBe(0);
  expect((await elsewhere.sharedWf(['export', 'beta'])).stdout).toBe(readFileSync(file, 'utf8'));
  for (const argv of [
    ['show', 'beta'],
    ['logs', 'beta'],
    ['report', 'beta'],
    ['graph', 'beta'],
  ]) {
    const read = await elsewhere.sharedWf(argv);
    expect({ argv, exitCode: read.exitCode, stderr: read.stderr }).toEqual({ argv, exitCode: 0, stderr: '' });
  }
  const refusal = { exitCode: 2, code: 'E_RUN_IMPORTED', message: ['beta'], next: 'wf show beta' };
  await expectRefusal(elsewhere, ['rollback', 'beta'], refusal);
});

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readRecord } from '../../support/command/read-record.ts';
import { expectNoStackTrace } from '../../support/command/refusal.ts';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { type Project, withoutDatabase } from '../../support/command/run-wf.ts';
import { openNoteProject } from '../../support/workflows/note.ts';

const WRITTEN = /^write {2}writeNote .* ok /;

function startWaiting(project: Project, ...more: readonly string[]) {
  const note = path.join(project.folder, 'note');
  const go = path.join(project.folder, 'go');
  const id = path.basename(project.folder); // unique on this host
  const inputs = ['--input', `file=${note}`, '--input', `waitFor=${go}`];
  return { id, note, go, wf: project.start(['start', 'note', '--id', id, ...inputs, ...more]) };
}

test.concurrent.for([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  'one %s stops a run after the step under way with exit code %i, and prints the changes in place',
  async ([signal, code]) => {
    const project = openNoteProject();
    const { id, wf, note, go } = startWaiting(project);
    await wf.line(WRITTEN);
    wf.kill(signal);
    expect(await wf.line(new RegExp(`^${signal}: `))).toContain('repeat it to stop at once');
    expect(readRecord(project, id)).toMatchObject({ status: 'running' });
    project.write('go', '');
    const end = await wf.end;
    expect(end).toMatchObject({ exitCode: code, signal: undefined });
    expectNoStackTrace(end);
    expect(end.stdout).toMatch(/^note interrupted/m);
    expect(withoutDatabase(project, end.stderr)).toContain(`run ${id} is interrupted; \`wf resume ${id}\` resumes it`);
    expect(`${end.stdout}${end.stderr}`).toContain(`rm ${note}`);
    expect(existsSync(go) && readFileSync(note, 'utf8')).toBe('a note');

    const record = readRecord(project, id);
    expect(record).toMatchObject({
      status: 'interrupted',
      finishedAt: null,
      steps: [
        { id: 'writeNote', status: 'succeeded' },
        { id: 'waitForFile', status: 'succeeded' },
        { id: 'readNote', status: 'pending' },
      ],
      changes: [{ step: 'writeNote', status: 'applied', undo: [`rm ${note}`] }],
      verification: null,
    });

    const resumed = await project.sharedWf(['resume', '--json']);
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    const attempts = runRecordSchema.parse(resumed.json()).steps.map((step) => `${step.id} ${step.attempts}`);
    expect(attempts).toEqual(['writeNote 1', 'waitForFile 1', 'readNote 1', 'runProgram 1', 'removeNote 1']);
    expect(existsSync(note)).toBe(false);
  },
);

test.concurrent('--json prints the record of the interrupted run', async () => {
  const project = openNoteProject();
  const { id, wf } = startWaiting(project, '--json');
  await wf.line(WRITTEN);
  wf.kill('SIGINT');
  await wf.line(/^SIGINT: /);
  project.write('go', '');
  const end = await wf.end;
  expect(end.exitCode).toBe(130);
  expect(runRecordSchema.parse(end.json())).toMatchObject({ id, status: 'interrupted' });
});

test.concurrent('two SIGINTs stop a run at once, and its changes in place are recorded', async () => {
  const project = openNoteProject();
  const { id, wf, note } = startWaiting(project);
  await wf.line(WRITTEN);
  wf.kill('SIGINT');
  await wf.line(/^SIGINT: /);
  wf.kill('SIGINT');
  const end = await wf.end;
  expect(end).toMatchObject({ exitCode: 130, signal: undefined });
  expect(withoutDatabase(project, end.stderr)).toContain(`run ${id} is interrupted; \`wf resume ${id}\` resumes it`);
  expectNoStackTrace(end);
  const record = readRecord(project, id);
  expect(record).toMatchObject({ status: 'interrupted', changes: [{ status: 'applied', undo: [`rm ${note}`] }] });
  project.write('go', '');
  expect(await project.sharedWf(['resume'])).toMatchObject({ exitCode: 0 });
  expect(existsSync(note)).toBe(false);
});

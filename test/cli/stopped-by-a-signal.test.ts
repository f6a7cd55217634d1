import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openNoteProject } from '../support/note.ts';
import { expectNoStackTrace } from '../support/refusal.ts';
import { runRecordSchema } from '../support/run-record.ts';
import type { Project } from '../support/run-wf.ts';

const WRITTEN = /^write {2}writeNote .* ok /;

function startWaiting(project: Project, ...more: readonly string[]) {
  const note = path.join(project.folder, 'note');
  const go = path.join(project.folder, 'go');
  const inputs = ['--input', `file=${note}`, '--input', `waitFor=${go}`];
  return { note, go, wf: project.start(['start', 'note', '--id', 'stopped', ...inputs, ...more]) };
}

test.concurrent.for([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  '%s once: exit code %i; the step under way ends, nothing more begins, what stands is told',
  async ([signal, code]) => {
    const project = openNoteProject();
    const { wf, note, go } = startWaiting(project);
    await wf.line(WRITTEN);
    wf.kill(signal);
    expect(await wf.line(new RegExp(`^${signal}: `))).toContain('once more to stop at once');
    const running = await project.wf(['show', 'stopped', '--json']);
    expect(runRecordSchema.parse(running.json())).toMatchObject({ status: 'running' });
    project.write('go', '');
    const end = await wf.end;
    expect(end).toMatchObject({ exitCode: code, signal: undefined });
    expectNoStackTrace(end);
    expect(end.stdout).toMatch(/^note interrupted/m);
    expect(end.stderr).toContain('run stopped is interrupted');
    expect(`${end.stdout}${end.stderr}`).toContain(`rm ${note}`);
    expect(existsSync(go) && readFileSync(note, 'utf8')).toBe('a note');

    const record = runRecordSchema.parse((await project.wf(['show', 'stopped', '--json'])).json());
    expect(record).toMatchObject({
      status: 'interrupted',
      finishedAt: null,
      steps: [
        { id: 'writeNote', status: 'succeeded' },
        { id: 'waitForFile', status: 'succeeded' },
        { id: 'readNote', status: 'interrupted' },
      ],
      changes: [{ step: 'writeNote', status: 'applied', undo: `rm ${note}` }],
      verification: null,
    });
  },
);

test.concurrent('--json prints the record of the interrupted run', async () => {
  const project = openNoteProject();
  const { wf } = startWaiting(project, '--json');
  await wf.line(WRITTEN);
  wf.kill('SIGINT');
  await wf.line(/^SIGINT: /);
  project.write('go', '');
  const end = await wf.end;
  expect(end.exitCode).toBe(130);
  expect(runRecordSchema.parse(end.json())).toMatchObject({ id: 'stopped', status: 'interrupted' });
});

test.concurrent('twice: it ends at once, and what stands is known', async () => {
  const project = openNoteProject();
  const { wf, note } = startWaiting(project);
  await wf.line(WRITTEN);
  wf.kill('SIGINT');
  await wf.line(/^SIGINT: /);
  wf.kill('SIGINT');
  const end = await wf.end;
  expect(end).toMatchObject({ exitCode: 130, signal: undefined });
  expectNoStackTrace(end);
  const record = runRecordSchema.parse((await project.wf(['show', 'stopped', '--json'])).json());
  expect(record).toMatchObject({ status: 'interrupted', changes: [{ status: 'applied', undo: `rm ${note}` }] });
  project.write('go', '');
});

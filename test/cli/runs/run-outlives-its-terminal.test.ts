import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { type AskingProject, openAskingProject } from '../../support/workflows/asking-workflow.ts';

const startDetached = (project: AskingProject, ...more: readonly string[]) =>
  project.wf(['start', 'asking', '--input', `folder=${project.folder}`, '--detach', ...more]);

test.concurrent('a detached run prints its id and continues, and wf wait returns its exit code', async ({
  onTestFinished,
}) => {
  const project = openAskingProject();
  const started = await startDetached(project);
  expect(started, started.stderr).toMatchObject({ exitCode: 0, stderr: '' });
  const id = started.stdout.trim();
  onTestFinished(async () => void (await project.sharedWf(['cancel', id])));
  expect(await project.record(id)).toMatchObject({ id, status: 'running' });
  const impatient = await project.sharedWf(['wait', id, '--timeout', '1s']);
  expect(impatient).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('E_WAIT_TIMEOUT') });
  project.go('first');
  const follower = project.start(['show', id, '--follow', '--exit-code']);
  await follower.line(/^waiting for the event/);
  expect((await project.sharedWf(['send', id, 'reject'])).exitCode).toBe(0);
  expect(await project.sharedWf(['wait', id])).toMatchObject({ exitCode: 1 });
  expect(await follower.end).toMatchObject({ exitCode: 1 });
  expect(project.log()).toEqual(['first', 'not first']);
});

test.concurrent('a detached run that cannot start reports that, with the exit code of wf start', async ({
  onTestFinished,
}) => {
  const project = openAskingProject();
  const bad = await project.wf(['start', 'asking', '--detach', '--json']);
  expect(bad).toMatchObject({ exitCode: 2, stderr: '' });
  expect(bad.json()).toMatchObject({ error: { code: 'E_INPUT' } });
  expect(existsSync(project.database)).toBe(false);
  const first = await startDetached(project, '--id', 'taken', '--json');
  onTestFinished(async () => void (await project.sharedWf(['cancel', 'taken'])));
  expect(runRecordSchema.parse(first.json())).toMatchObject({ id: 'taken', status: 'running' });
  const second = await startDetached(project, '--id', 'taken');
  expect(second).toMatchObject({ exitCode: 4, stdout: '', stderr: expect.stringContaining('E_RUN_EXISTS') });
  expect((await project.sharedWf(['cancel', 'taken'])).exitCode).toBe(0);
});

test.concurrent('a detached run takes its inputs from standard input', async () => {
  const project = openAskingProject();
  const through = ['sh', '-c', 'echo "$0" | "$@"', JSON.stringify({ folder: project.folder })];
  const args = ['start', 'asking', '--detach', '--json', '--id', 'piped', '--input-file'];
  const started = await project.wf([...args, '/dev/stdin'], { through });
  expect(started, started.stdout).toMatchObject({ exitCode: 0 });
  expect(runRecordSchema.parse(started.json())).toMatchObject({ id: 'piped', input: { folder: project.folder } });
  expect((await project.sharedWf(['cancel', 'piped'])).exitCode).toBe(0);
  const missing = await project.wf([...args, '/dev/fd/99']);
  expect(missing.json()).toMatchObject({ error: { code: 'E_INPUT' } });
});

test.concurrent('a run whose terminal hangs up continues, or is interrupted with --on-hangup interrupt', async () => {
  const project = openAskingProject();
  const { folder } = project;
  const start = (id: string, ...more: readonly string[]) =>
    project.start(['start', 'asking', '--id', id, '--input', `folder=${folder}`, ...more]);
  const continues = start('left');
  await continues.line(/^run left of asking/);
  continues.kill('SIGHUP');
  expect(await continues.line(/^SIGHUP/)).toBe('SIGHUP: run left continues without a terminal');
  const stops = start('stops', '--on-hangup', 'interrupt');
  await stops.line(/^run stops of asking/);
  stops.kill('SIGHUP');
  project.go('first', 'second', 'third');
  expect(await stops.end).toMatchObject({ exitCode: 143 });
  await project.sharedWf(['send', 'left', 'approve', '--data', '{"by":"Ann"}']);
  expect(await continues.end).toMatchObject({ exitCode: 0 });
  expect(await project.sharedWf(['wait', 'stops'])).toMatchObject({ exitCode: 130 });
  expect((await project.sharedWf(['rollback', 'stops'])).exitCode).toBe(0);
});

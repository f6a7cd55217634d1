import { expect, test } from 'vitest';
import { readRecord } from '../../support/command/read-record.ts';
import { logsSchema, runRecordSchema } from '../../support/command/run-record.ts';
import { foldersRun, killInSecond, openFoldersProject } from '../../support/workflows/folders.ts';

test.concurrent('wf show --follow follows a run from its first step to its end', async () => {
  const project = openFoldersProject();
  const run = foldersRun(project);
  const started = run.start();
  await started.line(/^first {2}makeOne .* ok /);
  const shown = project.start(['show', run.id, '--follow']);
  const document = project.start(['show', run.id, '-f', '--json']);
  // Earlier events are printed too.
  await Promise.all([shown, document].map((follower) => follower.line(/^first {2}makeOne .* ok /)));
  run.go();
  const [own, text, json] = await Promise.all([started.end, shown.end, document.end]);
  expect(own.exitCode).toBe(0);
  // This line is about the process and not the run.
  const followed = own.stderr.replace(/^cgroups are not available: .*\n/m, '');
  expect(text).toMatchObject({ exitCode: 0, stderr: followed });
  expect(text.stdout).toMatch(/^folders succeeded in .*\n3 changes, all undone: 3 reverted\n/);
  expect(json.exitCode).toBe(0);
  expect(runRecordSchema.parse(json.json())).toEqual(readRecord(project, run.id));
});

test.concurrent('wf logs --follow prints the commands of all steps, or of one that has not begun', async () => {
  const project = openFoldersProject();
  const run = foldersRun(project);
  const started = run.start();
  await started.line(/^first {2}makeOne .* ok /);
  const followers = [[], ['makeThree'], ['--json']].map((more) => project.start(['logs', run.id, '-f', ...more]));
  // Only a follower that starts before the end of the run prints it.
  await followers[0]?.printed(/^--- makeOne /);
  run.go();
  const [all, one, json] = await Promise.all(followers.map((follower) => follower.end));
  await started.end;
  const later = async (...more: readonly string[]) => (await project.sharedWf(['logs', run.id, ...more])).stdout;
  expect(all).toMatchObject({ exitCode: 0, stdout: await later(), stderr: `run ${run.id} succeeded\n` });
  expect(one).toMatchObject({ exitCode: 0, stdout: await later('makeThree') });
  expect(json).toMatchObject({ exitCode: 0, stdout: await later('--json') });
  expect(logsSchema.parse(json?.json()).length).toBeGreaterThan(5);
});

test.concurrent('a signal ends a follower and does not affect the run', async () => {
  const project = openFoldersProject();
  const run = foldersRun(project);
  const started = run.start();
  await started.line(/^first {2}makeOne .* ok /);
  const followers = [
    project.start(['show', run.id, '--follow']),
    project.start(['logs', run.id, '--follow']),
    project.start(['show', run.id, '--follow', '--json']),
  ];
  const [shown, , document] = followers;
  await Promise.all([shown, document].map((follower) => follower?.line(/makeOne/)));
  shown?.kill('SIGINT');
  document?.kill('SIGTERM');
  const [end, , record] = await Promise.all([shown?.end, undefined, document?.end]);
  expect(end).toMatchObject({ exitCode: 0, signal: undefined, stdout: '' });
  expect(end?.stderr).toContain(`stopped following; run ${run.id} continues\n`);
  expect(record?.exitCode).toBe(0);
  expect(runRecordSchema.parse(record?.json())).toMatchObject({ status: 'running' });
  run.go();
  expect(await started.end).toMatchObject({ exitCode: 0 });
  expect(await followers[1]?.end).toMatchObject({ exitCode: 0 });
});

test.concurrent('a follower ends when the run is killed or pauses', async () => {
  const project = openFoldersProject();
  const run = foldersRun(project);
  const started = run.start('--pause-after', 'second');
  await started.line(/^first {2}makeOne .* ok /);
  const untilKilled = project.start(['show', run.id, '--follow']);
  await untilKilled.line(/makeOne/);
  started.kill('SIGKILL');
  const killed = await untilKilled.end;
  expect(killed.exitCode).toBe(0);
  expect(killed.stdout).toMatch(/^folders interrupted {2}run /);
  expect(killed.stdout).toContain(`next: wf resume ${run.id} --db ${project.database}  `);

  const resumed = project.start(['resume', run.id, '--pause-after', 'second']);
  await resumed.line(/^resumed by process /);
  const untilPaused = project.start(['show', run.id, '--follow']);
  await untilPaused.line(/^resumed by process /);
  run.go();
  const paused = await untilPaused.end;
  expect(paused.exitCode).toBe(0);
  expect(paused.stdout).toMatch(/^folders paused {2}run /);
  await resumed.end;
});

test.concurrent('wf show and wf logs follow a rollback', async () => {
  const project = openFoldersProject();
  const run = foldersRun(project);
  await killInSecond(run, ...run.undoWaits);
  run.go();
  const rollback = project.start(['rollback', run.id]);
  await rollback.line(/^rolling back/);
  const [shown, logs] = [project.start(['show', run.id, '-f']), project.start(['logs', run.id, '-f'])];
  await Promise.all([shown.line(/^rolling back/), logs.printed(/^--- makeOne /)]);
  run.goBack();
  const [text, commands] = await Promise.all([shown.end, logs.end]);
  expect(await rollback.end).toMatchObject({ exitCode: 0 });
  expect(text).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/^rollback {2}command .* {2}reverted$/m) });
  expect(text.stdout).toMatch(/^folders rolled-back in /);
  expect(commands.stdout).toMatch(/^=== rollback ===\n\n--- make/m);
  expect(commands.stderr).toBe(`run ${run.id} rolled-back\n`);
});

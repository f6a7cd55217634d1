import { expect, test } from 'vitest';
import { readRecord } from '../../support/command/read-record.ts';
import { logsSchema, runRecordSchema } from '../../support/command/run-record.ts';
import { foldersRun, killInSecond, openFoldersProject } from '../../support/workflows/folders.ts';

test.concurrent('wf show and wf logs follow a run, or the logs of a step that has not begun, to its end or a signal', async () => {
  const project = openFoldersProject();
  const run = foldersRun(project);
  const started = run.start();
  await started.line(/^first {2}makeOne .* ok /);
  const follow = (command: string, ...more: readonly string[]) => project.start([command, run.id, '--follow', ...more]);
  const [shown, document] = [follow('show'), follow('show', '--json')];
  const [logs, ofThree, logsDocument] = [follow('logs'), follow('logs', 'makeThree'), follow('logs', '--json')];
  const [stopped, stoppedDocument] = [follow('show'), follow('show', '--json')];
  // Earlier events are printed too. Only a follower that starts before the end of the run prints it.
  await Promise.all([
    ...[shown, document, stopped, stoppedDocument].map((one) => one.line(/^first {2}makeOne .* ok /)),
    logs.printed(/^--- makeOne /),
  ]);
  stopped.kill('SIGINT');
  stoppedDocument.kill('SIGTERM');
  const end = await stopped.end;
  expect(end).toMatchObject({ exitCode: 0, signal: undefined, stdout: '' });
  expect(end.stderr).toContain(`stopped following; run ${run.id} continues\n`);
  const record = await stoppedDocument.end;
  expect(record.exitCode).toBe(0);
  expect(runRecordSchema.parse(record.json())).toMatchObject({ status: 'running' });

  run.go();
  const own = await started.end;
  expect(own.exitCode).toBe(0);
  // This line is about the process and not the run.
  const followed = own.stderr.replace(/^cgroups are not available: .*\n/m, '');
  const text = await shown.end;
  expect(text).toMatchObject({ exitCode: 0, stderr: followed });
  expect(text.stdout).toMatch(/^folders succeeded in .*\n3 changes, all undone: 3 reverted\n/);
  const json = await document.end;
  expect(json.exitCode).toBe(0);
  expect(runRecordSchema.parse(json.json())).toEqual(readRecord(project, run.id));
  const later = async (...more: readonly string[]) => (await project.sharedWf(['logs', run.id, ...more])).stdout;
  expect(await logs.end).toMatchObject({ exitCode: 0, stdout: await later(), stderr: `run ${run.id} succeeded\n` });
  expect(await ofThree.end).toMatchObject({ exitCode: 0, stdout: await later('makeThree') });
  const commands = await logsDocument.end;
  expect(commands).toMatchObject({ exitCode: 0, stdout: await later('--json') });
  expect(logsSchema.parse(commands.json()).length).toBeGreaterThan(5);
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

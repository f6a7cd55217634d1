import { expect, test } from 'vitest';
import { expectRefusal } from '../../support/command/refusal.ts';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { withoutDatabase } from '../../support/command/run-wf.ts';
import { foldersRun, openFoldersProject } from '../../support/workflows/folders.ts';

test.concurrent('--pause-after stops a run after the stage with exit code 0, and wf resume completes it', async () => {
  const project = openFoldersProject();
  const run = foldersRun(project);
  run.go();
  const end = await run.start('--pause-after', 'second').end;
  expect(end).toMatchObject({ exitCode: 0, signal: undefined });
  expect(end.stdout).toMatch(/^folders paused {2}run /);
  expect(withoutDatabase(project, end.stdout)).toContain(
    `next: wf resume ${run.id}    wf changes ${run.id}    wf rollback ${run.id}\n`,
  );
  expect(run.folders()).toEqual(['one', 'two']);
  expect(run.log()).toEqual(['one', 'two']);
  const shown = await project.sharedWf(['show', run.id, '--json']);
  expect(runRecordSchema.parse(shown.json())).toMatchObject({ status: 'paused', finishedAt: null });

  const resumed = await project.sharedWf(['resume', '--json']);
  expect(resumed.exitCode, resumed.stderr).toBe(0);
  expect(runRecordSchema.parse(resumed.json())).toMatchObject({
    status: 'succeeded',
    verification: { restored: true },
  });
  expect(run.log()).toEqual(['one', 'two', 'three', 'not three', 'not two', 'not one']);
});

test.concurrent('--pause-after pauses after each stage in turn, and --json prints the record of the paused run', async () => {
  const project = openFoldersProject();
  const run = foldersRun(project);
  run.go();
  const started = await run.carryOut('--pause-after', 'first', '--json');
  expect(runRecordSchema.parse(started.json())).toMatchObject({ id: run.id, status: 'paused', error: null });
  for (const [stage, folders] of [
    ['second', ['one', 'two']],
    ['third', ['one', 'two', 'three']],
    ['look', ['one', 'two', 'three']],
  ] as const) {
    const again = await project.sharedWf(['resume', '--pause-after', stage, '--json']);
    expect(again.exitCode).toBe(0);
    expect(runRecordSchema.parse(again.json())).toMatchObject({ status: 'paused' });
    expect(run.folders()).toEqual([...folders].sort());
  }
  expect(await project.sharedWf(['resume'])).toMatchObject({ exitCode: 0 });
  expect(run.folders()).toEqual([]);
});

test.concurrent('wf rollback undoes a paused run', async () => {
  const project = openFoldersProject();
  const run = foldersRun(project);
  run.go();
  expect(await run.carryOut('--pause-after', 'third')).toMatchObject({ exitCode: 0 });
  const rolledBack = await project.sharedWf(['rollback', run.id, '--json']);
  expect(rolledBack.exitCode).toBe(0);
  expect(runRecordSchema.parse(rolledBack.json())).toMatchObject({
    status: 'rolled-back',
    verification: { restored: true },
  });
  expect(run.log()).toEqual(['one', 'two', 'three', 'not three', 'not two', 'not one']);
  expect(run.folders()).toEqual([]);
});

test.concurrent('--pause-after refuses an unknown stage, and no run starts', async () => {
  const project = openFoldersProject();
  const run = foldersRun(project);
  for (const [stage, next] of [
    ['secnd', 'Did you mean second? '],
    ['done', 'Its stages: first, second, third, look, teardown.'],
  ] as const) {
    const args = ['start', 'folders', '--input', `root=${project.folder}`, '--pause-after', stage];
    const refusal = { exitCode: 2, code: 'E_USAGE', message: [stage, 'folders'], next };
    await expectRefusal(project, args, refusal);
    await expectRefusal(project, [...args, '--dry-run'], refusal);
  }
  expect(run.folders()).toEqual([]);
});

import { expect, test } from 'vitest';
import { runRecordSchema, runSummariesSchema } from '../../support/command/run-record.ts';
import { withoutDatabase } from '../../support/command/run-wf.ts';
import { foldersRun, killInSecond, openFoldersProject } from '../../support/workflows/folders.ts';

test.concurrent('wf resume without an id resumes a killed run, and no completed step runs again', async () => {
  const project = openFoldersProject();
  const run = foldersRun(project);
  await killInSecond(run);
  const runs = runSummariesSchema.parse((await project.sharedWf(['runs', '--json'])).json());
  expect(runs).toMatchObject([{ id: run.id, status: 'interrupted' }]);
  expect(withoutDatabase(project, (await project.sharedWf(['show', run.id])).stdout)).toContain(
    `next: wf resume ${run.id}    wf changes ${run.id}    wf rollback ${run.id}\n`,
  );

  // The shell that waits for this is an orphaned process now: unless wf ends it, it makes the folder too.
  run.go();
  const resumed = await project.wf(['resume', '--json']);
  expect(resumed.exitCode, resumed.stderr).toBe(0);
  expect(runRecordSchema.parse(resumed.json())).toMatchObject({
    id: run.id,
    status: 'succeeded',
    steps: [
      { id: 'makeOne', status: 'succeeded', attempts: 1 },
      { id: 'makeTwo', status: 'succeeded', attempts: 2 },
      { id: 'makeThree', status: 'succeeded', attempts: 1 },
      { id: 'runProgram', status: 'succeeded' },
      { id: 'removeAll', status: 'succeeded' },
    ],
    verification: { restored: true },
  });
  expect(run.log()).toEqual(['one', 'two', 'three', 'not three', 'not two', 'not one']);
  expect(run.folders()).toEqual([]);
});

test.concurrent('a run that is killed again during its resume is resumed again, by one process at a time', async () => {
  const project = openFoldersProject();
  const run = foldersRun(project);
  await killInSecond(run);
  const resume = async () => {
    const resuming = project.start(['resume', run.id]);
    await resuming.line(/^resumed by process /);
    return resuming;
  };
  for (let times = 0; times < 2; times += 1) {
    const killed = await resume();
    killed.kill('SIGKILL');
    await killed.end;
  }
  const first = await resume();
  const second = await project.sharedWf(['resume', run.id, '--json']);
  expect(second).toMatchObject({ exitCode: 4, stderr: '' });
  expect(second.json()).toMatchObject({
    error: { code: 'E_LEASE_HELD', message: expect.stringContaining(`process ${first.pid}`) },
  });
  // No other run can be resumed.
  expect((await project.sharedWf(['resume'])).stderr).toMatch(/^error E_RUN_NOT_FOUND: nothing to resume/);
  run.go();
  expect(await first.end).toMatchObject({ exitCode: 0 });
  expect(run.log().slice(0, 3)).toEqual(['one', 'two', 'three']);
});

test.concurrent('a resumed run that fails is rolled back and exits with 1', async () => {
  const project = openFoldersProject();
  const run = foldersRun(project);
  await killInSecond(run, '--input', 'command=false');
  run.go();
  const resumed = await project.sharedWf(['resume', '--json']);
  expect(resumed.exitCode).toBe(1);
  expect(runRecordSchema.parse(resumed.json())).toMatchObject({
    status: 'rolled-back',
    verification: { restored: true },
  });
  expect(run.log()).toEqual(['one', 'two', 'three', 'not three', 'not two', 'not one']);
  expect(run.folders()).toEqual([]);
});

test.concurrent('wf resume --all resumes three runs in the order of their start', async () => {
  const project = openFoldersProject();
  const runs = Array.from({ length: 3 }, () => foldersRun(project));
  for (const run of runs) await killInSecond(run);
  for (const run of runs) {
    run.go();
  }
  const resumed = await project.sharedWf(['resume', '--all']);
  expect(resumed.exitCode, resumed.stderr).toBe(0);
  expect(resumed.stdout.replace(/ in .*/g, '')).toBe(runs.map(({ id }) => `${id}  folders  succeeded\n`).join(''));
  for (const run of runs) expect(run.log().slice(0, 3)).toEqual(['one', 'two', 'three']);
});

import { expect, test } from 'vitest';
import { expectNoStackTrace } from '../../support/command/refusal.ts';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { type Project, type RunningWf, withoutDatabase } from '../../support/command/run-wf.ts';
import { FOLDERS_WORKFLOW, type FoldersRun, foldersRun, openFoldersProject } from '../../support/workflows/folders.ts';

const UNDONE_THREE = /^rollback {2}command .* three .*reverted/;

/** Returns a paused run with three folders, whose rollback waits at the second one. */
async function pausedRun(project: Project): Promise<FoldersRun> {
  const run = foldersRun(project);
  run.go();
  expect(await run.carryOut('--pause-after', 'third', ...run.undoWaits)).toMatchObject({ exitCode: 0 });
  return run;
}

async function stopOnce(wf: RunningWf, signal: NodeJS.Signals): Promise<void> {
  await wf.line(UNDONE_THREE);
  wf.kill(signal);
  expect(await wf.line(new RegExp(`^${signal}: `))).toBe(
    `${signal}: stopping after the current undo; repeat it to stop at once`,
  );
}

test.concurrent.for([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  'one %s stops a rollback after the change under way, and wf rollback continues it',
  async ([signal, code]) => {
    const project = openFoldersProject();
    const run = await pausedRun(project);
    const wf = project.start(['rollback', run.id]);
    await stopOnce(wf, signal);
    run.goBack();
    const end = await wf.end;
    expect(end).toMatchObject({ exitCode: code, signal: undefined });
    expectNoStackTrace(end);
    expect(withoutDatabase(project, end.stderr)).toContain(
      `the rollback of run ${run.id} is interrupted; \`wf rollback ${run.id}\` continues it\n`,
    );
    expect(withoutDatabase(project, end.stdout)).toContain(`next: wf rollback ${run.id}\n`);
    expect(run.folders()).toEqual(['one']);

    const again = await project.sharedWf(['rollback', run.id, '--json']);
    expect(again.exitCode, again.stderr).toBe(0);
    expect(runRecordSchema.parse(again.json())).toMatchObject({
      status: 'rolled-back',
      verification: { restored: true },
    });
    expect(run.log().slice(3)).toEqual(['not three', 'not two', 'not one']);
  },
);

test.concurrent('two SIGINTs stop a rollback at once, and wf rollback continues it', async () => {
  const project = openFoldersProject();
  const run = await pausedRun(project);
  const wf = project.start(['rollback', run.id]);
  await stopOnce(wf, 'SIGINT');
  wf.kill('SIGINT');
  const end = await wf.end;
  expect(end).toMatchObject({ exitCode: 130, signal: undefined });
  expect(withoutDatabase(project, end.stderr)).toContain(`\`wf rollback ${run.id}\` continues it\n`);
  expect(run.folders()).toEqual(['one', 'two']);
  run.goBack();
  expect(await project.sharedWf(['rollback', run.id])).toMatchObject({ exitCode: 0 });
  expect(run.folders()).toEqual([]);
  expect(run.log().slice(3)).toEqual(['not three', 'not two', 'not one']);
});

test.concurrent('wf resume continues a killed rollback, even if the workflow has changed', async () => {
  const project = openFoldersProject();
  const run = await pausedRun(project);
  const wf = project.start(['rollback', run.id]);
  await wf.line(UNDONE_THREE);
  wf.kill('SIGKILL');
  await wf.end;
  const dry = await project.sharedWf(['resume', '--dry-run', '--json']);
  expect(dry.json()).toMatchObject({
    run: run.id,
    direction: 'back',
    steps: [
      { step: 'makeTwo', plan: 'undone' },
      { step: 'makeOne', plan: 'undone' },
    ],
  });
  project.write('workflows/folders.ts', FOLDERS_WORKFLOW.replace("version: '1'", "version: '2'"));
  run.goBack();
  const resumed = await project.sharedWf(['resume', '--json']);
  expect(resumed.exitCode).toBe(1);
  expect(runRecordSchema.parse(resumed.json())).toMatchObject({
    status: 'rolled-back',
    error: { code: 'E_ROLLED_BACK' },
    verification: { restored: true },
  });
  expect(run.log().slice(3)).toEqual(['not three', 'not two', 'not one']);
});

test.concurrent('one SIGINT stops the rollback of a failed run, and wf resume continues it', async () => {
  const project = openFoldersProject();
  const run = foldersRun(project);
  run.go();
  const wf = run.start('--input', 'command=false', ...run.undoWaits);
  await stopOnce(wf, 'SIGINT');
  run.goBack();
  const end = await wf.end;
  expect(end).toMatchObject({ exitCode: 130, signal: undefined });
  expect(run.folders()).toEqual(['one']);
  const resumed = await project.sharedWf(['resume', '--json']);
  expect(resumed.exitCode).toBe(1);
  expect(runRecordSchema.parse(resumed.json())).toMatchObject({
    status: 'rolled-back',
    error: { code: 'E_HOST_COMMAND' },
    verification: { restored: true },
  });
  expect(run.folders()).toEqual([]);
});

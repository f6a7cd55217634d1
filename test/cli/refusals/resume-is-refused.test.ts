import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { expectRefusal, expectTextRefusal } from '../../support/command/refusal.ts';
import { runRecordSchema } from '../../support/command/run-record.ts';
import type { Project } from '../../support/command/run-wf.ts';
import { FOLDERS_WORKFLOW, foldersRun, killInSecond, openFoldersProject } from '../../support/workflows/folders.ts';

async function withKilledRun() {
  const project = openFoldersProject();
  const run = foldersRun(project);
  await killInSecond(run);
  return { project, run };
}

/** The database files in the folder of the project, with their content. */
function databaseFiles({ folder }: Project): ReadonlyMap<string, string> {
  const names = readdirSync(folder).filter((name) => name.startsWith('wf.db') && !name.endsWith('-shm'));
  return new Map(names.sort().map((name) => [name, readFileSync(path.join(folder, name), 'base64')]));
}

test.concurrent('wf resume finds nothing to resume if there is no database, and creates none', async () => {
  const project = openFoldersProject();
  const refusal = { exitCode: 2, code: 'E_RUN_NOT_FOUND', message: ['nothing to resume'], next: 'wf runs' };
  await expectRefusal(project, ['resume'], refusal);
  await expectTextRefusal(project, ['resume', '--dry-run'], refusal);
  await expectRefusal(project, ['resume', 'x'], { ...refusal, message: ['"x"'], next: 'wf sweep --db ' });
  expect(await project.sharedWf(['resume', '--all', '--json'])).toMatchObject({
    exitCode: 0,
    stdout: '[]\n',
    stderr: '',
  });
  expect(databaseFiles(project).size).toBe(0);
});

test.concurrent('wf resume refuses a run that has ended', async () => {
  const project = openFoldersProject();
  const run = foldersRun(project);
  run.go();
  expect((await run.carryOut()).exitCode).toBe(0);
  const refusal = { exitCode: 2, code: 'E_RUN_ENDED', message: [run.id, 'succeeded'], next: 'wf start folders' };
  await expectTextRefusal(project, ['resume', run.id], refusal);
  await expectRefusal(project, ['resume', '@latest', '--dry-run'], refusal);
});

test.concurrent('wf resume refuses a changed definition, lists the differences, and accepts it with --accept-changes', async () => {
  const { project, run } = await withKilledRun();
  const newer = FOLDERS_WORKFLOW.replace("version: '1'", "version: '2'").replace(
    "input: ({ context }) => folder(context, 'three')",
    "input: ({ context }) => folder(context, 'drei')",
  );
  project.write('workflows/folders.ts', newer);
  const before = databaseFiles(project);
  const refusal = {
    exitCode: 4,
    code: 'E_DEFINITION_CHANGED',
    message: [`run ${run.id}`, 'version 1 -> 2; stage third: invoke makeThree: input changed'],
    next: `wf rollback ${run.id}`,
  };
  await expectRefusal(project, ['resume', run.id], { ...refusal, next: `wf resume ${run.id} --accept-changes` });
  await expectTextRefusal(project, ['resume', run.id, '--dry-run'], refusal);
  expect(databaseFiles(project)).toEqual(before);

  run.go();
  const accepted = await project.sharedWf(['resume', run.id, '--accept-changes', '--json']);
  expect(accepted.exitCode, accepted.stderr).toBe(0);
  const { definitionHash } = runRecordSchema.parse(accepted.json());
  expect(definitionHash).not.toBe('');
  expect(run.log().slice(0, 3)).toEqual(['one', 'two', 'drei']);
});

test.concurrent('wf resume refuses a missing or broken workflow file, and wf rollback needs none', async () => {
  const { project, run } = await withKilledRun();
  const next = `\`wf rollback ${run.id}\` undoes the run without a workflow file.`;
  project.write('workflows/folders.ts', 'const = ;');
  await expectRefusal(project, ['resume'], {
    exitCode: 2,
    code: 'E_WORKFLOW_INVALID',
    message: [`cannot resume run ${run.id}`, 'cannot be loaded'],
    next,
  });
  rmSync(path.join(project.folder, 'workflows'), { recursive: true });
  mkdirSync(path.join(project.folder, 'workflows'));
  await expectTextRefusal(project, ['resume'], {
    exitCode: 2,
    code: 'E_WORKFLOW_NOT_FOUND',
    message: [`cannot resume run ${run.id}`, '"folders"'],
    next,
  });
  expect(await project.sharedWf(['rollback', run.id])).toMatchObject({ exitCode: 0 });
  expect(run.folders()).toEqual([]);
});

test.concurrent('wf resume --dry-run prints the plan and writes nothing', async () => {
  const { project, run } = await withKilledRun();
  const before = databaseFiles(project);
  const dry = await project.sharedWf(['resume', '--dry-run', '--json']);
  expect(dry).toMatchObject({ exitCode: 0, stderr: '' });
  expect(dry.json()).toEqual({
    run: run.id,
    direction: 'forward',
    steps: [
      { step: 'makeOne', stage: 'first', kind: 'exec.command', plan: 'kept', why: expect.any(String) },
      { step: 'makeTwo', stage: 'second', kind: 'exec.command', plan: 'run', why: expect.any(String) },
    ],
  });
  expect((await project.sharedWf(['resume', run.id, '--dry-run'])).stdout).toMatch(
    /^ {2}makeOne +exec\.command +kept +/m,
  );
  expect(databaseFiles(project)).toEqual(before);
  run.go();
  expect((await project.sharedWf(['resume'])).exitCode).toBe(0);
});

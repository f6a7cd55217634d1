import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { runRecordSchema, runSummariesSchema, standingChangesSchema } from '../../support/command/run-record.ts';
import { openProject, type Project } from '../../support/command/run-wf.ts';

const WORKFLOW = `
import { defineStep, defineWorkflow } from 'wf-engine';
import { execCommand, execRead } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';

const folder = z.object({ folder: z.string() });
const keptFolder = defineStep({
  kind: 'kept.folder', description: 'x', input: folder, output: folder, record: folder, survivesReboot: true, alters: [],
  KEPT
  commands: () => [], rehearse: (input) => input,
  observe: async ({ folder }, _context, earlier) =>
    existsSync(folder) && earlier !== undefined
      ? { found: 'ours', target: 'folder', record: { folder }, output: { folder } }
      : { found: 'absent', target: 'folder', record: { folder } },
  apply: async ({ folder }, record) => { mkdirSync(folder); return record; },
  inspect: async ({ folder }) => (existsSync(folder) ? { found: 'in place' } : { found: 'gone', reason: 'x' }),
  undo: async ({ folder }) => rmdirSync(folder),
  undoCommands: ({ folder }) => [['rmdir', folder]],
});
const machine = setup({ actors: { keptFolder, execRead } }).createMachine({
  context: ({ input }) => input as { folder: string },
  initial: 'make',
  states: {
    make: { invoke: { id: 'make', src: 'keptFolder', input: ({ context: { folder } }) => ({ folder }), onDone: 'end' } },
    end: { invoke: { id: 'end', src: 'execRead', input: { argv: ['END'] }, onDone: 'done' } },
    done: { type: 'final' },
  },
});
export default defineWorkflow({ name: 'keeping', version: '1', description: 'x', input: folder, KEEPS machine });
`;

const withWorkflow = (kept: string, keeps: string, end: string) =>
  openProject({
    'workflows/keeping.ts': WORKFLOW.replace('KEPT', kept).replace('KEEPS', keeps).replace('END', end),
  });
const folderOf = (project: Project) => path.join(project.folder, 'made');
const prunedSchema = z.object({ onHost: z.number(), runs: z.record(z.string(), z.number()) });

/** Returns the number of changes in place of the only run, as each command reports it. */
async function inPlace({ sharedWf }: Project) {
  const { changes } = runRecordSchema.parse((await sharedWf(['show', '@latest', '--json'])).json());
  const listed = standingChangesSchema.parse((await sharedWf(['changes', '--json'])).json());
  const [summary] = runSummariesSchema.parse((await sharedWf(['runs', '--json'])).json());
  const pruned = prunedSchema.parse((await sharedWf(['prune', '--older-than', '0s', '--json'])).json());
  return {
    show: changes.filter(({ status }) => !['reverted', 'gone'].includes(status)).length,
    changes: listed.length,
    runs: summary?.changesInPlace,
    prunable: pruned.runs['keeping'] ?? 0,
    keptByPrune: pruned.onHost,
  };
}

const ALL_IN_PLACE = { show: 1, changes: 1, runs: 1, prunable: 0, keptByPrune: 1 };
const NONE_IN_PLACE = { show: 0, changes: 0, runs: 0, prunable: 1, keptByPrune: 0 };

test.concurrent.for([
  ['a workflow that keeps its changes', withWorkflow('', 'keepsChanges: true,', 'true'), [], [], 'kept'],
  ['a step runner that keeps its change', withWorkflow("kept: 'x',", '', 'true'), [], ['--remove-images'], 'kept'],
  ['--on-failure keep', withWorkflow('', '', 'false'), ['--on-failure', 'keep'], [], 'applied'],
] as const)(
  'show, changes, runs and prune report the same changes in place for %s',
  async ([, project, more, undo, status]) => {
    const folder = folderOf(project);
    const id = path.basename(project.folder);
    await project.sharedWf(['start', 'keeping', '--id', id, '--input', `folder=${folder}`, ...more]);
    expect(existsSync(folder)).toBe(true);
    expect(await inPlace(project)).toEqual(ALL_IN_PLACE);
    const shown = (await project.sharedWf(['show', '@latest'])).stdout;
    expect(shown).toMatch(status === 'kept' ? /host: as before .*in place by design: 1 change/ : /host: not as before/);
    const changes = await project.sharedWf(['changes']);
    expect(changes.stdout).toContain(`wf rollback ${id}`);
    expect(changes.stdout).toContain(`rmdir ${folder}`);
    expect(standingChangesSchema.parse((await project.sharedWf(['changes', '--json'])).json())).toMatchObject([
      { status },
    ]);
    expect(await project.sharedWf(['rollback', id, ...undo])).toMatchObject({ exitCode: 0 });
    expect(existsSync(folder)).toBe(false);
    expect(await inPlace(project)).toEqual(NONE_IN_PLACE);
    expect((await project.sharedWf(['changes'])).stderr).toBe('No changes of wf are in place on this host.\n');
  },
);

test.concurrent('a rollback that leaves a kept change prints how to undo it', async () => {
  const project = withWorkflow("kept: 'x',", '', 'true');
  const id = path.basename(project.folder);
  await project.sharedWf(['start', 'keeping', '--id', id, '--input', `folder=${folderOf(project)}`]);
  const rollback = await project.sharedWf(['rollback', id]);
  expect(rollback).toMatchObject({ exitCode: 0 });
  expect(rollback.stdout).toContain(`wf rollback ${id}`);
  expect(rollback.stdout).toContain('--remove-images');
  expect(existsSync(folderOf(project))).toBe(true);
});

import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { openProject, type Project } from '../../support/command/run-wf.ts';

/** Makes two files. The step runner of the first keeps it by design, like a pulled image. */
const KEEPER = `
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { defineStep, defineWorkflow } from 'wf-engine';
import { setup } from 'xstate';
import { z } from 'zod';

const record = z.object({ file: z.string() });
const step = (kind: string, kept: { kept?: string }) => defineStep({
  kind, description: 'A file.', input: record, output: record, record, survivesReboot: true, alters: [], ...kept,
  commands: ({ file }) => [['touch', file]],
  rehearse: (input) => input,
  async observe(input) {
    const target = 'file ' + input.file;
    if (!existsSync(input.file)) return { found: 'absent', target, record: input };
    return { found: 'ours', target, record: input, output: input };
  },
  async apply({ file }, made) {
    writeFileSync(file, '');
    return made;
  },
  inspect: async ({ file }) => (existsSync(file) ? { found: 'in place' } : { found: 'gone', reason: 'no such file' }),
  undo: async ({ file }) => rmSync(file),
  undoCommands: ({ file }) => [['rm', file]],
});
const input = z.object({ folder: z.string() });
const machine = setup({
  types: { context: {} as z.output<typeof input>, input: {} as z.output<typeof input> },
  actors: { costly: step('test.costly', { kept: 'it is costly to make' }), file: step('test.file', {}) },
}).createMachine({
  context: ({ input }) => input,
  initial: 'make',
  states: {
    make: { invoke: { id: 'costly', src: 'costly', input: ({ context }) => ({ file: context.folder + '/costly' }), onDone: 'more' } },
    more: { invoke: { id: 'cheap', src: 'file', input: ({ context }) => ({ file: context.folder + '/cheap' }), onDone: 'done' } },
    done: { type: 'final' },
  },
});
export default defineWorkflow({ name: 'keeper', version: '1', description: 'Makes files', input, machine, keepsChanges: true });
`;

/** Returns a run that has succeeded, and whose workflow keeps its changes. */
async function succeededRun() {
  const project = openProject({ 'workflows/keeper.ts': KEEPER });
  const id = path.basename(project.folder);
  const end = await project.sharedWf(['start', 'keeper', '--id', id, '--input', `folder=${project.folder}`]);
  expect(end.exitCode, end.stderr).toBe(0);
  return { project, id };
}

const files = ({ folder }: Project) => ['cheap', 'costly'].filter((name) => existsSync(path.join(folder, name)));
const recordOf = async (project: Project, id: string) =>
  runRecordSchema.parse((await project.sharedWf(['show', id, '--json'])).json());

test.concurrent('wf rollback undoes a run that succeeded, except the change that its step runner keeps', async () => {
  const { project, id } = await succeededRun();
  expect(files(project)).toEqual(['cheap', 'costly']);
  const end = await project.wf(['rollback', id]);
  expect(end).toMatchObject({ exitCode: 0 });
  expect(end.stdout).toContain(`\nrun ${id} was rolled back on request; it was succeeded\n`);
  expect(end.stdout).not.toContain('error');
  expect(files(project)).toEqual(['costly']);
  expect(await recordOf(project, id)).toMatchObject({
    status: 'rolled-back',
    changes: [
      { step: 'costly', status: 'kept' },
      { step: 'cheap', status: 'reverted' },
    ],
  });
  const again = await project.sharedWf(['rollback', id]);
  expect(again).toMatchObject({
    exitCode: 0,
    stderr: '',
    stdout: expect.stringContaining('left only changes that are kept by design'),
  });
});

test.concurrent('wf rollback --remove-images also undoes a kept change, even after an earlier rollback', async () => {
  const { project, id } = await succeededRun();
  expect(await project.sharedWf(['rollback', id])).toMatchObject({ exitCode: 0 });
  expect(await project.sharedWf(['rollback', id, '--remove-images'])).toMatchObject({ exitCode: 0 });
  expect(files(project)).toEqual([]);
  expect(await recordOf(project, id)).toMatchObject({ changes: [{ status: 'reverted' }, { status: 'reverted' }] });
});

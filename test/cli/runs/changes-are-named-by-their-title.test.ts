import path from 'node:path';
import { expect, test } from 'vitest';
import { openProject } from '../../support/command/run-wf.ts';

const workflow = (title: string) => `import { defineWorkflow } from 'wf-engine';
import { execCommand } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';
const input = z.object({ folder: z.string() });
const machine = setup({
  types: { context: {} as z.output<typeof input>, input: {} as z.output<typeof input> },
  actors: { execCommand },
}).createMachine({
  context: ({ input }) => input,
  initial: 'one',
  states: {
    one: {
      meta: { title: ${title} },
      invoke: {
        id: 'make',
        src: 'execCommand',
        input: ({ context: { folder } }) => ({ argv: ['mkdir', folder], undo: ['rmdir', folder] }),
        onDone: 'two',
      },
    },
    two: {
      invoke: { id: 'plain', src: 'execCommand', input: { argv: ['true'], undo: ['true'] }, onDone: 'end' },
    },
    end: { type: 'final' },
  },
});
export default defineWorkflow({ name: 'titled', version: '1', description: '', input, machine, keepsChanges: true });
`;

test('commands and pages name a change by the title of its state, beside the target', async () => {
  const project = openProject({ 'workflows/titled.ts': workflow("'Folder of the release'") });
  const folder = path.join(project.folder, 'made');
  const wf = async (...args: readonly string[]) => {
    const end = await project.sharedWf(args);
    expect(end.exitCode, end.stderr).toBe(0);
    return end;
  };
  await wf('start', 'titled', '--id', 'titled-1', '--input', `folder=${folder}`);
  const name = `Folder of the release (command mkdir ${folder})`;
  const changes = [
    { step: 'make', title: 'Folder of the release', target: `command mkdir ${folder}` },
    { step: 'plain', target: 'command true' },
  ];
  expect((await wf('show', 'titled-1', '--json')).json()).toMatchObject({ changes });
  expect((await wf('changes', '--json')).json()).toMatchObject(changes);
  expect((await wf('show', 'titled-1')).stdout).toContain(`1  ${name}`);
  expect((await wf('show', 'titled-1', 'make')).stdout).toContain(`change 1: ${name}`);
  expect((await wf('changes')).stdout).toContain(name);
  expect((await wf('report', 'titled-1', '--format', 'html')).stdout).toContain('Folder of the release (');

  // An exported run keeps it, and so does a rollback, which reads no workflow file.
  const file = path.join(project.folder, 'titled.wfrun');
  await wf('export', 'titled-1', '-o', file);
  const elsewhere = openProject();
  expect((await elsewhere.sharedWf(['import', file])).exitCode).toBe(0);
  expect((await elsewhere.sharedWf(['show', 'titled-1', '--json'])).json()).toMatchObject({ changes });
  project.write('workflows/titled.ts', '');
  expect((await wf('rollback', 'titled-1')).stderr).toContain(name);
});

test('a title that is not a string is refused', async () => {
  const project = openProject({ 'workflows/titled.ts': workflow('7') });
  const end = await project.sharedWf(['start', 'titled', '--input', 'folder=/nowhere']);
  expect(end).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('state one has an invalid meta.title') });
});

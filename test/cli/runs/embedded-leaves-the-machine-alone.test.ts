import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { openProject } from '../../support/command/run-wf.ts';

const WORKFLOW = `
import { defineWorkflow } from 'wf-engine';
import { execCommand, revertSteps } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';
export default defineWorkflow({
  name: 'writes', version: '1', description: 'writes a file',
  input: z.object({ file: z.string(), undo: z.string() }),
  machine: setup({ types: { context: {} as { file: string; undo: string }, input: {} as { file: string; undo: string } }, actors: { execCommand, revertSteps } }).createMachine({
    context: ({ input }) => input,
    initial: 'work',
    states: {
      work: { invoke: { id: 'write', src: 'execCommand', onDone: 'undo',
        input: ({ context }) => ({ argv: ['cp', 'text', context.file], undo: [context.undo, '-f', context.file] }) } },
      undo: { invoke: { id: 'undo', src: 'revertSteps', input: { steps: ['write'] }, onDone: 'done' } },
      done: { type: 'final' },
    },
  }),
});
`;

test('a command on the embedded runtime can read the files of the machine, but not change them', async () => {
  const project = openProject({ 'workflows/writes.ts': WORKFLOW, text: 'mine' });
  const start = (file: string, undo: string) =>
    project.sharedWf([
      'start',
      'writes',
      '--runtime',
      'embedded',
      '--input',
      `file=${file}`,
      '--input',
      `undo=${undo}`,
      '--json',
    ]);
  const own = await start('/run/copy', 'rm');
  expect(own.exitCode, own.stderr).toBe(0);
  expect(existsSync('/run/copy')).toBe(false);
  for (const file of ['text2', 'text']) {
    // An undo that fails would keep the private host for a later rollback.
    const end = await start(file, 'true');
    expect(end.exitCode, end.stderr).toBe(1);
    expect(runRecordSchema.parse(end.json()).steps[0]?.error?.message).toMatch(
      /cannot .*'text'|Read-only file system|are the same file/,
    );
  }
  expect(existsSync(path.join(project.folder, 'text2'))).toBe(false);
  expect(readFileSync(path.join(project.folder, 'text'), 'utf8')).toBe('mine');
});

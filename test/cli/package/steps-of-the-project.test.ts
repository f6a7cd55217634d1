import { chmodSync, existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { openProject } from '../../support/command/run-wf.ts';

/** A file that exports a step runner, with a discriminated union and a nullable one in its input. */
const stepFile = (kind: string) => `import { defineStep } from 'wf-engine';
import { z } from 'zod';
const at = z.discriminatedUnion('type', [
  z.object({ type: z.literal('file'), path: z.string(), mode: z.number().int().optional() }),
  z.object({ type: z.literal('text'), text: z.string() }),
]);
export const look = defineStep({
  kind: '${kind}',
  description: 'Reads ${kind}',
  input: z.object({ at, other: at.nullable().default(null), ends: z.array(at), size: z.union([z.string(), z.number()]) }),
  output: at,
  commands: () => [['true']],
  rehearse: () => ({ type: 'text', text: '' }),
  read: async () => ({ type: 'text', text: '' }),
});
export const noStep = 1;
`;

const workflowFile = `import { defineStep, defineWorkflow } from 'wf-engine';
import { execRead } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';
import { look } from '../steps/look.ts';
const note = defineStep({
  kind: 'site.note', description: 'Notes', input: z.object({}), output: z.object({}),
  commands: () => [['true']], rehearse: () => ({}), read: async () => ({}),
});
const machine = setup({ actors: { look, note, execRead } }).createMachine({
  initial: 'one',
  states: {
    one: { invoke: { id: 'a', src: 'note', input: {}, onDone: 'two' } },
    two: { invoke: { id: 'b', src: 'look', input: () => ({}), onDone: 'three' } },
    three: { invoke: { id: 'c', src: 'execRead', input: { argv: ['true'] }, onDone: 'end' } },
    end: { type: 'final' },
  },
});
export default defineWorkflow({ name: 'mine', version: '1', description: '', input: z.object({}), machine });
`;

test('wf steps lists the step runners of the project, and prints a union with one variant per line', async () => {
  const project = openProject({
    'steps/look.ts': stepFile('site.look'),
    'steps/deep/inner.ts': stepFile('site.inner'),
    'steps/look.test.ts': "throw new Error('a test is not executed');",
    'steps/broken.ts': "throw new Error('broken file');",
    'workflows/mine.ts': workflowFile,
  });
  const listed = await project.sharedWf(['steps']);
  expect(listed.exitCode, listed.stderr).toBe(0);
  const rows = listed.stdout.split('\n').filter((line) => line.startsWith('site.'));
  expect(rows.map((row) => row.split(/ {2,}/))).toEqual([
    ['site.inner', 'reads', path.join('steps', 'deep', 'inner.ts'), 'Reads site.inner'],
    ['site.look', 'reads', path.join('steps', 'look.ts'), 'Reads site.look'],
    ['site.note', 'reads', path.join('workflows', 'mine.ts'), 'Notes'],
  ]);
  expect(listed.stdout).toMatch(/^exec\.read +reads +wf /m);
  expect(listed.stderr).toContain('broken file');
  expect(listed.stderr).not.toContain('a test is not executed');

  const one = await project.sharedWf(['steps', 'site.look']);
  const variants = ['    { type: "file", path: string, mode?: integer }', '    { type: "text", text: string }'];
  expect(one.stdout.split('\n').slice(1)).toEqual([
    `  reads, and changes nothing; time-out 30 s, attempts 1; from ${path.join('steps', 'look.ts')}`,
    '',
    'input',
    '  name   type               default     description',
    '  at     one of 2 (below)   (required)',
    '  other  one of 3 (below)   null',
    '  ends   list of 2 (below)  (required)',
    '  size   string or number   (required)',
    '  at: one of',
    ...variants,
    '  other: one of',
    ...variants,
    '    null',
    '  ends: list of',
    ...variants,
    '',
    'output',
    '  one of',
    ...variants,
    '',
  ]);

  const file = path.join(project.folder, 'steps', 'look.ts');
  expect((await project.sharedWf(['steps', 'site.look', '--json'])).json()).toMatchObject([
    { kind: 'site.look', file, example: null },
  ]);
  expect((await project.sharedWf(['steps', 'exec.read', '--json'])).json()).toMatchObject([
    { kind: 'exec.read', file: null, example: expect.stringContaining("argv: ['cat', ") },
  ]);
  expect((await project.sharedWf(['steps', 'file.folder'])).stdout).toMatch(/\nexample\n {2}input: \{ path: '[^']+', /);
  expect((await project.sharedWf(['steps', 'site.lok'])).stderr).toMatch(
    /^error .*\n.*Did you mean site.look\?.* 1 file of the project could not be loaded/,
  );
});

test.skipIf(process.getuid?.() !== 0)(
  'wf steps does not execute a file that another user could have written',
  async () => {
    const project = openProject();
    const trace = path.join(project.folder, 'executed');
    const spy = project.write(
      'steps/spy.ts',
      `import { writeFileSync } from 'node:fs'; writeFileSync('${trace}', '');`,
    );
    chmodSync(spy, 0o666);
    const { exitCode, stderr } = await project.sharedWf(['steps']);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining(`E_UNTRUSTED: a file of step`),
    });
    expect(existsSync(trace)).toBe(false);
  },
);

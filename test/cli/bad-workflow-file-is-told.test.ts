import { expect, test } from 'vitest';
import { z } from 'zod';
import { openNoteProject } from '../support/note.ts';
import { expectNoStackTrace, expectRefusal, expectTextRefusal } from '../support/refusal.ts';

const BAD: Readonly<Record<string, { readonly text: string; readonly says: readonly string[] }>> = {
  'throws-error': { text: "throw new Error('no such planet');", says: ['no such planet'] },
  'throws-nonsense': { text: 'throw undefined;', says: ['could not be loaded'] },
  'not-typescript': { text: 'const = 1;', says: ['could not be loaded'] },
  'imports-nothing': { text: "import './nowhere.ts'; export default 1;", says: ['nowhere'] },
  'exports-nothing': { text: 'export const workflow = 1;', says: ['no default export'] },
  'exports-nonsense': {
    text: "export default { name: 'exports-nonsense', machine: 42 };",
    says: ['version', 'machine'],
  },
  'exports-null': { text: 'export default null;', says: ['could not be loaded'] },
  'is-empty': { text: '', says: ['no default export'] },
};

const project = openNoteProject(
  Object.fromEntries(Object.entries(BAD).map(([name, { text }]) => [`workflows/${name}.ts`, text])),
);

test.concurrent.for(Object.entries(BAD))('%s.ts', async ([name, { says }]) => {
  const told = [`workflow ${name}: `, `${name}.ts`, ...says];
  await expectRefusal(project, ['start', name], { exitCode: 2, code: 'E_WORKFLOW_INVALID', says: told, next: '' });
});

test.concurrent('for people', async () => {
  const refusal = { exitCode: 2, code: 'E_WORKFLOW_INVALID', says: ['no such planet'], next: 'Mend the file' };
  await expectTextRefusal(project, ['start', 'throws-error'], refusal);
});

test.concurrent('wf workflows lists the good with the bad, and is no failure', async () => {
  const listed = await project.wf(['workflows', '--json']);
  expect(listed).toMatchObject({ exitCode: 0, stderr: '' });
  const entry = z.object({ name: z.string(), error: z.object({ code: z.string() }).nullable() });
  const codes = z
    .array(entry)
    .parse(listed.json())
    .map(({ name, error }) => [name, error?.code ?? null]);
  expect(Object.fromEntries(codes)).toEqual({
    ...Object.fromEntries(Object.keys(BAD).map((name) => [name, 'E_WORKFLOW_INVALID'])),
    note: null,
    'lab-network': null,
    'lab-scale': null,
  });
  const text = await project.wf(['workflows']);
  expect(text.stdout).toMatch(/^throws-error .*E_WORKFLOW_INVALID$/m);
  expect(text.stderr).toContain('no such planet');
  expectNoStackTrace(text);
});

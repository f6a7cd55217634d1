import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { expectNoStackTrace, expectRefusal, expectTextRefusal } from '../../support/command/refusal.ts';
import { refusalSchema } from '../../support/command/run-record.ts';
import { openProject, WF } from '../../support/command/run-wf.ts';
import { openNoteProject } from '../../support/workflows/note.ts';

function withMachine(name: string, config: string): string {
  return `
    import { defineWorkflow } from 'wf-engine';
    import { createMachine } from 'xstate';
    import { z } from 'zod';
    const machine = createMachine(${config});
    export default defineWorkflow({ name: '${name}', version: '1', description: '', input: z.object({}), machine });`;
}

const BAD: Readonly<Record<string, { readonly text: string; readonly message: readonly string[] }>> = {
  'throws-error': { text: "throw new Error('no such planet');", message: ['no such planet'] },
  'throws-nonsense': { text: 'throw undefined;', message: ['cannot be loaded'] },
  'not-typescript': { text: 'const = 1;', message: ['cannot be loaded'] },
  'imports-nothing': { text: "import './nowhere.ts'; export default 1;", message: ['nowhere'] },
  'exports-nothing': { text: 'export const workflow = 1;', message: ['no default export'] },
  'exports-nonsense': {
    text: "export default { name: 'exports-nonsense', machine: 42 };",
    message: ['version', 'machine'],
  },
  'exports-null': { text: 'export default null;', message: ['cannot be loaded'] },
  'no-such-initial': {
    text: withMachine('no-such-initial', "{ initial: 'nowhere', states: { a: {} } }"),
    message: ['nowhere'],
  },
  'no-such-initial-within': {
    text: withMachine(
      'no-such-initial-within',
      "{ initial: 'a', states: { a: { initial: 'nowhere', states: { b: {} } } } }",
    ),
    message: ['nowhere', '.a'],
  },
  'is-empty': { text: '', message: ['no default export'] },
};

const project = openNoteProject(
  Object.fromEntries(Object.entries(BAD).map(([name, { text }]) => [`workflows/${name}.ts`, text])),
);

test.concurrent.for(Object.entries(BAD))('wf start refuses %s.ts', async ([name, { message }]) => {
  const parts = [`workflow ${name}: `, `${name}.ts`, ...message];
  await expectRefusal(project, ['start', name], { exitCode: 2, code: 'E_WORKFLOW_INVALID', message: parts, next: '' });
});

test.concurrent('wf start prints the refusal as text without --json', async () => {
  const refusal = { exitCode: 2, code: 'E_WORKFLOW_INVALID', message: ['no such planet'], next: 'Fix the file' };
  await expectTextRefusal(project, ['start', 'throws-error'], refusal);
});

test.concurrent('wf workflows lists valid and invalid files and exits with 0', async () => {
  const listed = await project.sharedWf(['workflows', '--json']);
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
    'lab-overlay': null,
    'lab-scale': null,
    'network-change': null,
    'web-release': null,
  });
  const text = await project.sharedWf(['workflows']);
  expect(text.stdout).toMatch(/^throws-error .*E_WORKFLOW_INVALID$/m);
  expect(text.stderr).toContain('no such planet');
  expectNoStackTrace(text);
});

test.concurrent.for([
  ['is missing', undefined, 'better_sqlite3.node'],
  ['is not an addon', 'no addon', 'better_sqlite3.node: '],
] as const)('a SQLite addon that %s is reported, with how to rebuild it', async ([_what, content, message]) => {
  const folder = path.join(project.folder, content ?? 'missing');
  cpSync(path.dirname(WF), path.join(folder, 'dist'), { recursive: true });
  const installed = path.join(path.dirname(WF), '../node_modules');
  const modules = path.join(folder, 'node_modules');
  const addon = path.join(modules, 'better-sqlite3/build/Release/better_sqlite3.node');
  for (const name of ['better-sqlite3/package.json', 'better-sqlite3/lib', 'bindings', 'file-uri-to-path']) {
    cpSync(path.join(installed, name), path.join(modules, name), { recursive: true });
  }
  mkdirSync(path.dirname(addon), { recursive: true });
  if (content !== undefined) writeFileSync(addon, content);
  const argv = [path.join(folder, 'dist/wf.cjs'), 'runs', '--db', project.write('some.db', ''), '--json'];
  const end = await execa(process.execPath, argv, { reject: false });
  expect(end.exitCode).toBe(3);
  const { error } = refusalSchema.parse(JSON.parse(end.stdout));
  expect(error).toMatchObject({ code: 'E_DATABASE', hint: expect.stringContaining('npm rebuild better-sqlite3') });
  expect(error.message).toContain('the native addon of better-sqlite3 cannot be loaded');
  expect(error.message).toContain(message);
});

test.concurrent('wf start refuses a workflow that wf check rejects, and creates nothing', async () => {
  const project = openProject();
  project.write(
    'workflows/broken.ts',
    `import { defineWorkflow } from 'wf-engine';
import { execCommand } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';
const machine = setup({ actors: { execCommand } }).createMachine({
  initial: 'make',
  states: {
    make: { invoke: { id: 'make', src: 'execCommand', input: { argv: ['touch', 'made'] }, onDone: 'end' } },
    lost: { always: 'end' },
    end: { type: 'final' },
  },
});
export default defineWorkflow({ name: 'broken', version: '1', description: 'd', input: z.object({}), machine });
`,
  );
  expect((await project.sharedWf(['check', 'broken'])).exitCode).toBe(2);
  for (const more of [[], ['--dry-run']]) {
    await expectRefusal(project, ['start', 'broken', ...more], {
      exitCode: 2,
      code: 'E_WORKFLOW_INVALID',
      message: ['workflow broken: lost: ', '(and 1 other error)'],
      next: '`wf check broken` shows all errors.',
    });
  }
  expect(existsSync(project.database)).toBe(false);
  expect(existsSync(path.join(project.folder, 'made'))).toBe(false);
});

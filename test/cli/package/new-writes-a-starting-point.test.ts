import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openPackageProject } from '../../support/command/package-project.ts';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { runSharedWf } from '../../support/command/shared-wf.ts';

test('a new workflow and new step runners compile in strict mode, and the tests of the step runners pass', async () => {
  const project = openPackageProject();
  expect(await project.run('wf', ['new', 'workflow', 'move-uplink'])).toMatchObject({ exitCode: 0 });
  for (const args of [
    ['workflow', 'my-lab', '--like', 'lab-network'],
    ['workflow', 'my-change', '--like', 'network-change'],
    ['step', 'site.lock'],
    ['step', 'command.line'],
    ['step', 'delete'],
  ]) {
    const { folder, environment } = project;
    expect(await runSharedWf({ argv: ['new', ...args], cwd: folder, env: environment })).toMatchObject({ exitCode: 0 });
  }
  expect(await project.compile()).toEqual({ exitCode: 0, output: '' });
  const tests = ['site-lock', 'command-line', 'delete'].map((name) => `import './steps/${name}.test.js';\n`);
  project.write({ 'out/all.test.js': tests.join('') });
  const { exitCode, output } = await project.run(process.execPath, [
    '--test',
    '--test-reporter=tap',
    'out/all.test.js',
  ]);
  expect(exitCode, output).toBe(0);
  expect(output).toMatch(/# pass 9\n# fail 0/);
});

test('a new workflow passes wf check and runs unchanged', async () => {
  const project = openProject();
  const { exitCode, stdout } = await project.sharedWf(['new', 'workflow', 'move-uplink']);
  expect({ exitCode, stdout }).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('wrote workflows/move-uplink.ts'),
  });
  const checked = await project.sharedWf(['check', 'move-uplink', '--json']);
  expect(checked.exitCode, checked.stdout).toBe(0);

  const folder = path.join(project.folder, 'made');
  const end = await project.sharedWf(['start', 'move-uplink', '--json', '--input', `folder=${folder}`]);
  expect(end.exitCode, end.stderr).toBe(0);
  expect(runRecordSchema.parse(end.json())).toMatchObject({
    status: 'succeeded',
    stages: [{ name: 'prepare' }, { name: 'look' }, { name: 'teardown' }],
    changes: [{ step: 'makeFolder', status: 'reverted' }],
    verification: { restored: true },
  });
  expect(existsSync(folder)).toBe(false);
});

test('wf new --like copies each workflow that ships, which passes wf check', async () => {
  const project = openProject();
  for (const like of ['lab-network', 'lab-overlay', 'lab-scale', 'network-change', 'web-release']) {
    const name = `my-${like}`;
    const { exitCode, stderr } = await project.sharedWf(['new', 'workflow', name, '--like', like]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const checked = await project.sharedWf(['check', name, '--json']);
    expect(checked.exitCode, checked.stdout).toBe(0);
    expect(checked.json()).toMatchObject([{ workflow: name, file: path.join(project.folder, `workflows/${name}.ts`) }]);
  }
  const text = readFileSync(path.join(project.folder, 'workflows/my-lab-network.ts'), 'utf8');
  expect(text).toContain("id: 'my-lab-network',");
  expect(text).toContain("await import('./my-lab-network/narrative.ts')");
  expect(text).not.toMatch(/["'/]lab-network/);
  const offered = await project.sharedWf(['__complete', 'fish', '--', 'new', 'workflow', 'x', '--like', 'lab-']);
  expect(offered.stdout.match(/^\S+/gm)).toEqual(['lab-network', 'lab-overlay', 'lab-scale']);
  const again = await project.sharedWf(['new', 'workflow', 'my-lab-scale', '--like', 'lab-scale']);
  expect(again).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('already exists') });
});

test('wf new --like copies a workflow of the project with the files of its folder, and the copy runs', async () => {
  const project = openProject({
    'steps/argv.ts': "export const argv = (name: string): [string, string] => ['echo', name];",
    'workflows/mine/deep/mine.ts': "import { shared } from '../shared.ts'; export const words = () => shared;",
    'workflows/mine/shared.ts': "import { other } from '../other/text.ts'; export const shared = other + ' lasts';",
    'workflows/other/text.ts': "export const other = 'mine';",
    'workflows/mine.ts': `import { defineWorkflow } from 'wf-engine';
import { execRead } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';
import { argv } from '../steps/argv.ts';
import { words } from './mine/deep/mine.ts';
const machine = setup({ actors: { mine: execRead } }).createMachine({
  id: 'mine',
  initial: 'print',
  states: {
    print: { invoke: { id: 'mine', src: 'mine', input: () => ({ argv: argv(words()) }), onDone: '#mine.end' } },
    end: { type: 'final' },
  },
});
export default defineWorkflow({
  version: '1', name: "mine", description: 'prints mine', input: z.object({}), machine,
});
`,
  });
  expect(await project.sharedWf(['new', 'workflow', 'yours', '--like', 'mine', '--json'])).toMatchObject({
    exitCode: 0,
  });
  // The copy depends only on the files that both import.
  for (const name of ['mine.ts', 'mine']) rmSync(path.join(project.folder, 'workflows', name), { recursive: true });
  expect(await project.sharedWf(['check', 'yours'])).toMatchObject({ exitCode: 0 });
  const end = await project.sharedWf(['start', 'yours', '--json']);
  expect(end.exitCode, end.stderr).toBe(0);
  expect(end.json()).toMatchObject({ workflow: 'yours', steps: [{ output: { stdout: 'mine lasts\n' } }] });
});

test('wf new --like refuses a workflow that it cannot copy, and writes nothing', async () => {
  const text = (name: string) =>
    `import { defineWorkflow } from 'wf-engine'; import { setup } from 'xstate'; import { z } from 'zod';
const machine = setup({}).createMachine({ initial: 'a', states: { a: { on: { go: 'b' } }, b: { type: 'final' } } });
export default defineWorkflow({ name: ${name}, version: '1', description: '', input: z.object({}), machine });`;
  const project = openProject({ 'workflows/mine.ts': text("['mine'].join('')") });
  for (const [args, message] of [
    [['workflow', 'yours', '--like', 'mine'], 'its name is no literal'],
    [['workflow', 'yours', '--like', 'mien'], 'Did you mean mine?'],
    [['workflow', 'mine', '--like', 'lab-scale'], 'already exists'],
    [['step', 'site.lock', '--like', 'lab-scale'], '--like is for'],
  ] as const) {
    const { exitCode, stderr } = await project.sharedWf(['new', ...args]);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(message) });
  }
  expect(readdirSync(path.join(project.folder, 'workflows'))).toEqual(['mine.ts']);
});

test('wf new never overwrites a file', async () => {
  const project = openProject({ 'workflows/mine.ts': 'mine', 'steps/site-lock.test.ts': 'mine too' });
  for (const args of [
    ['workflow', 'mine'],
    ['step', 'site.lock'],
    ['step', 'site-lock'],
    ['workflow', 'lab-network'],
  ]) {
    const end = await project.sharedWf(['new', ...args]);
    expect(end).toMatchObject({ exitCode: 2, stdout: '' });
    expect(end.stderr).toMatch(/E_USAGE: .* already exists\n {2}next: Choose another name/);
  }
  expect(readFileSync(path.join(project.folder, 'workflows/mine.ts'), 'utf8')).toBe('mine');
  expect(existsSync(path.join(project.folder, 'steps/site-lock.ts'))).toBe(false);
  expect(existsSync(path.join(project.folder, 'workflows/lab-network.ts'))).toBe(false);
});

test.for([
  [['workflow', 'Move_Uplink'], 'Move_Uplink'],
  [['workflow', '../up'], '../up'],
  [['step', 'a.b.c'], 'a.b.c'],
  [['step', 'docker.network'], 'docker.network'],
  [['machine', 'x'], 'workflow, step'],
  [['workflow'], 'name'],
] as const)('wf new %j is refused', async ([args, message]) => {
  const project = openProject();
  const end = await project.sharedWf(['new', ...args]);
  expect(end).toMatchObject({ exitCode: 2, stdout: '' });
  expect(end.stderr).toContain(message);
  expect(end.stderr).toMatch(/\n {2}next: /);
});

test('wf new makes the folder a project if no folder above it is one', async () => {
  const project = openPackageProject({ 'package.json': '{"type":"module"}' });
  const { exitCode, output } = await project.run('wf', ['new', 'workflow', 'first', '--json']);
  expect({ exitCode, written: JSON.parse(output) }).toEqual({
    exitCode: 0,
    written: { files: ['.wf', 'workflows/first.ts'].map((name) => path.join(project.folder, name)) },
  });
});

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openPackageProject } from '../../support/package-project.ts';
import { runRecordSchema } from '../../support/run-record.ts';
import { openProject } from '../../support/run-wf.ts';

test('a new workflow and new step runners compile in strict mode, and the tests of the step runners pass', async () => {
  const project = openPackageProject();
  for (const args of [
    ['workflow', 'move-uplink'],
    ['step', 'site.lock'],
    ['step', 'command.line'],
    ['step', 'delete'],
  ]) {
    expect(await project.run('wf', ['new', ...args])).toMatchObject({ exitCode: 0 });
  }
  expect(await project.compile()).toEqual({ exitCode: 0, output: '' });
  for (const name of ['site-lock', 'command-line', 'delete']) {
    const { exitCode, output } = await project.run(process.execPath, ['--test', `out/steps/${name}.test.js`]);
    expect(exitCode, output).toBe(0);
    expect(output).toMatch(/# pass 3\n# fail 0/);
  }
});

test('a new workflow passes wf check and runs unchanged', async () => {
  const project = openProject();
  const { exitCode, stdout } = await project.wf(['new', 'workflow', 'move-uplink']);
  expect({ exitCode, stdout }).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('wrote workflows/move-uplink.ts'),
  });
  const checked = await project.wf(['check', 'move-uplink', '--json']);
  expect(checked.exitCode, checked.stdout).toBe(0);

  const folder = path.join(project.folder, 'made');
  const end = await project.wf(['start', 'move-uplink', '--json', '--input', `folder=${folder}`]);
  expect(end.exitCode, end.stderr).toBe(0);
  expect(runRecordSchema.parse(end.json())).toMatchObject({
    status: 'succeeded',
    stages: [{ name: 'prepare' }, { name: 'look' }, { name: 'teardown' }],
    changes: [{ step: 'makeFolder', status: 'reverted' }],
    verification: { restored: true },
  });
  expect(existsSync(folder)).toBe(false);
});

test('wf new never overwrites a file', async () => {
  const project = openProject({ 'workflows/mine.ts': 'mine', 'steps/site-lock.test.ts': 'mine too' });
  for (const args of [
    ['workflow', 'mine'],
    ['step', 'site.lock'],
    ['step', 'site-lock'],
    ['workflow', 'lab-network'],
  ]) {
    const end = await project.wf(['new', ...args]);
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
] as const)('wf new %j is refused', async ([args, says]) => {
  const project = openProject();
  const end = await project.wf(['new', ...args]);
  expect(end).toMatchObject({ exitCode: 2, stdout: '' });
  expect(end.stderr).toContain(says);
  expect(end.stderr).toMatch(/\n {2}next: /);
});

test('wf new makes the folder a project if it is in none', async () => {
  const project = openPackageProject({ 'package.json': '{"type":"module"}' });
  const { exitCode, output } = await project.run('wf', ['new', 'workflow', 'first', '--json']);
  expect({ exitCode, written: JSON.parse(output) }).toEqual({
    exitCode: 0,
    written: { files: ['.wf', 'workflows/first.ts'].map((name) => path.join(project.folder, name)) },
  });
});

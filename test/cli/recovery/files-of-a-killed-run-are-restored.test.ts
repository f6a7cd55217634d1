import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openProject } from '../../support/command/run-wf.ts';

const WORKFLOW = readFileSync(new URL('../../fixtures/workflows/files.ts', import.meta.url), 'utf8');
const PASSWORD = 'S3cret-pa55word';

/** Opens a project with files that a run replaces, and a function that returns the state of all of them. */
function openFiles() {
  const project = openProject({ 'workflows/files.ts': WORKFLOW });
  const root = path.join(project.folder, 'etc');
  mkdirSync(path.join(root, '1'), { recursive: true });
  for (const name of ['conf', 'old']) writeFileSync(path.join(root, name), `previous ${name}\n`, { mode: 0o640 });
  symlinkSync('1', path.join(root, 'current'));
  return {
    project,
    args: (id: string) => [
      'start',
      'files',
      '--id',
      id,
      '--input',
      `root=${root}`,
      '--input',
      'password=@env:PASSWORD',
    ],
    env: { PASSWORD },
    state: () =>
      execFileSync('find', [root, '-printf', '%P %y %m %U %T@ %s %l\n'], { encoding: 'utf8' })
        .split('\n')
        .filter((line) => !/ d /.test(line))
        .toSorted(),
    traces: () =>
      filesBelow(project.folder)
        .filter((file) => readFileSync(file, 'latin1').includes(PASSWORD))
        .map((file) => path.relative(project.folder, file)),
  };
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

test('a run that is killed while it changes files is resumed, rolled back without its secrets, and pruned', async () => {
  const { project, args, env, state, traces } = openFiles();
  const id = `files-${path.basename(project.folder)}`;
  const before = state();
  for (const [point, verb] of [
    ['after touch writeConf apply 1 file create', 'resume'],
    ['after touch switch apply 1 file place', 'rollback'],
  ] as const) {
    const run = `${id}-${verb}`;
    const killed = await project.wf(args(run), { env: { ...env, WF_CRASH_AT: point } });
    expect(killed.signal).toBe('SIGKILL');
    if (verb === 'resume') {
      const resumed = await project.sharedWf(['resume', run, '--input', 'password=@env:PASSWORD'], { env });
      expect(resumed.exitCode, resumed.stderr).toBe(0);
      expect(readFileSync(path.join(project.folder, 'etc/conf'), 'utf8')).toBe(`password=${PASSWORD}\ndebug=1\n`);
      // The step that edits the file keeps a copy from before the edit, with the password, for this user alone.
      expect(traces().map((file) => file.split('/').slice(0, 2).join('/'))).toEqual(
        ['etc/conf', `wf.db.kept/${run}`].toSorted(),
      );
    }
    const undone = await project.sharedWf(['rollback', run]);
    expect(undone.exitCode, undone.stderr).toBe(0);
    expect(state()).toEqual(before);
  }
  expect((await project.sharedWf(['prune', '--keep', '1', '--yes'])).exitCode).toBe(0);
  expect(readdirSync(`${project.database}.kept`)).toEqual(['.key', `${id}-rollback`]);
  expect(existsSync(path.join(project.folder, 'etc/old'))).toBe(true);
});

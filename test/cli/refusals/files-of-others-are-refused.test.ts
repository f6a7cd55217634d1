import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { expectRefusal } from '../../support/command/refusal.ts';
import { openProject, type Project } from '../../support/command/run-wf.ts';
import { openNoteProject } from '../../support/workflows/note.ts';

const asRoot = test.skipIf(process.getuid?.() !== 0);
/** Some user that is neither root nor the one who runs the tests. */
const OTHER = 4242;
const SPY = path.join('workflows', 'spy.ts');

/** A workflow file that leaves a trace as soon as it is executed. */
function spy(project: Project): string {
  return `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(traceOf(project))}, ''); export default {};`;
}
const traceOf = (project: Project) => path.join(project.folder, 'executed');

function openSpyProject(): Project {
  const project = openProject();
  project.write(SPY, spy(project));
  return project;
}

const refusal = (project: Project, part: string) => ({
  exitCode: 3 as const,
  code: 'E_UNTRUSTED',
  message: ['could have been written by another user', path.join(project.folder, part)],
  next: 'WF_SAFE_DIRECTORY=',
});

asRoot.concurrent.each([
  ['the file', SPY],
  ['the folder workflows', 'workflows'],
  ['the folder of the project', ''],
])('a workflow is not executed if %s belongs to another user', async (_what, part) => {
  const project = openSpyProject();
  chownSync(path.join(project.folder, part), OTHER, OTHER);
  await expectRefusal(project, ['start', 'spy'], refusal(project, part));
  await expectRefusal(project, ['graph', `./${SPY}`], refusal(project, part));
  await project.sharedWf(['workflows']);
  await project.sharedWf(['check', 'spy']);
  expect(existsSync(traceOf(project))).toBe(false);
});

asRoot.concurrent.each([
  ['everybody may write the file', SPY, 0o666],
  ['everybody may write the folder workflows', 'workflows', 0o777],
  ['a group may write the folder of the project', '', 0o770],
])('a workflow is not executed if %s', async (_what, part, mode) => {
  const project = openSpyProject();
  const at = path.join(project.folder, part);
  chmodSync(at, mode);
  // A group with other members than the owner.
  chownSync(at, 0, OTHER);
  await expectRefusal(project, ['start', 'spy'], refusal(project, part));
  expect(existsSync(traceOf(project))).toBe(false);
});

asRoot.concurrent('an import of a workflow is not executed if another user could have written it', async () => {
  const project = openProject();
  project.write('parts/deep.mts', spy(project));
  project.write('parts/index.ts', `export { default } from './deep.mjs';`);
  project.write('node_modules/helper/index.js', spy(project).replace('export default {};', ''));
  project.write('node_modules/helper/package.json', '{"name":"helper","type":"module","exports":"./index.js"}');
  project.write('workflows/file.ts', `import part from '../parts'; export default part;`);
  project.write('workflows/package.ts', `import 'helper'; export default {};`);
  project.write('workflows/later.ts', `export default await import('../parts/deep.mjs');`);
  chownSync(path.join(project.folder, 'parts/deep.mts'), OTHER, OTHER);
  chownSync(path.join(project.folder, 'node_modules'), OTHER, OTHER);
  await expectRefusal(project, ['start', 'file'], refusal(project, 'parts/deep.mts'));
  await expectRefusal(project, ['start', 'later'], refusal(project, 'parts/deep.mts'));
  await expectRefusal(project, ['start', 'package'], refusal(project, 'node_modules'));
  expect(existsSync(traceOf(project))).toBe(false);
});

asRoot.concurrent('the target of a symbolic link on the path is checked too', async () => {
  const [project, elsewhere] = [openSpyProject(), openSpyProject()];
  symlinkSync(path.join(elsewhere.folder, 'workflows'), path.join(project.folder, 'linked'));
  chownSync(path.join(elsewhere.folder, 'workflows'), OTHER, OTHER);
  await expectRefusal(project, ['graph', './linked/spy.ts'], {
    ...refusal(elsewhere, 'workflows'),
    message: [path.join(elsewhere.folder, 'workflows')],
  });
  expect(existsSync(traceOf(elsewhere))).toBe(false);
});

asRoot.concurrent('a folder named workflows alone is not a project, and the hint makes it one', async () => {
  const project = openSpyProject();
  const above = path.join(project.folder, 'above');
  project.write('above/workflows/hidden.ts', spy(project));
  mkdirSync(path.join(above, 'work'));
  await expectRefusal(
    project,
    ['start', 'hidden'],
    { exitCode: 2, code: 'E_WORKFLOW_NOT_FOUND', message: ['hidden'], next: `touch ${above}/.wf` },
    { cwd: path.join(above, 'work') },
  );
  expect(existsSync(traceOf(project))).toBe(false);
});

asRoot.concurrent('root trusts only its own project, that of the sudo user, and WF_SAFE_DIRECTORY', async () => {
  const project = openNoteProject();
  const note = path.join(project.folder, 'the-note');
  const start = ['start', 'note', '--input', `file=${note}`];
  expect((await project.sharedWf(start)).exitCode, 'of its own').toBe(0);
  for (const name of ['', ...readdirSync(project.folder, { recursive: true, encoding: 'utf8' })]) {
    chownSync(path.join(project.folder, name), OTHER, OTHER);
  }
  await expectRefusal(project, start, { ...refusal(project, ''), message: [`belongs to uid ${OTHER}`] });
  await expectRefusal(project, ['runs'], {
    ...refusal(project, ''),
    message: ['the database', `belongs to uid ${OTHER}`],
  });
  for (const env of [{ SUDO_UID: String(OTHER) }, { WF_SAFE_DIRECTORY: `/nowhere:${project.folder}` }]) {
    const end = await project.sharedWf(start, { env });
    expect(end.exitCode, end.stderr).toBe(0);
  }
});

asRoot.concurrent('undo commands of a database that another user could have written are not executed', async () => {
  const project = openNoteProject();
  const note = path.join(project.folder, 'the-note');
  const kept = ['start', 'note', '--id', 'kept', '--input', `file=${note}`, '--input', 'command=false'];
  expect((await project.sharedWf([...kept, '--on-failure', 'keep'])).exitCode).toBe(1);
  const shared = path.join(project.folder, 'shared');
  mkdirSync(shared);
  const database = path.join(shared, 'wf.db');
  symlinkSync(project.database, database);
  chmodSync(shared, 0o777);
  const rollback = ['rollback', 'kept', '--db', database];
  await expectRefusal(project, rollback, {
    ...refusal(project, 'shared'),
    message: [shared, 'is writable by everybody'],
  });
  chmodSync(shared, 0o755);
  chownSync(project.database, OTHER, OTHER);
  await expectRefusal(project, rollback, { ...refusal(project, 'wf.db'), message: [project.database, `uid ${OTHER}`] });
  expect(existsSync(note)).toBe(true);
  chownSync(project.database, 0, 0);
  expect((await project.sharedWf(rollback)).exitCode).toBe(0);
  expect(existsSync(note)).toBe(false);
});

asRoot.concurrent.each<[string, (cache: string) => void]>([
  ['belongs to another user', (cache) => chownSync(cache, OTHER, OTHER)],
  ['can be written by others', (cache) => chmodSync(cache, 0o777)],
])('translated code is not executed from a cache that %s', async (_how, spoil) => {
  const project = openNoteProject();
  const cache = path.join(project.folder, 'cache/wf/translated');
  const env = { XDG_CACHE_HOME: path.join(project.folder, 'cache') };
  const start = ['start', 'note', '--input', `file=${path.join(project.folder, 'the-note')}`];
  expect((await project.sharedWf(start, { env })).exitCode).toBe(0);
  expect(statSync(cache).mode & 0o777).toBe(0o700);
  const kept = readdirSync(cache);
  expect(kept).not.toEqual([]);
  // A cached file ends with the digest of its source, which anybody can compute.
  for (const name of kept) {
    const file = path.join(cache, name);
    const evil = `process.getBuiltinModule('node:fs').writeFileSync(${JSON.stringify(traceOf(project))}, '');`;
    project.write(path.relative(project.folder, file), `${evil}\n${readFileSync(file, 'utf8')}`);
  }
  expect((await project.sharedWf(start, { env })).exitCode, 'what the user wrote there is executed').toBe(0);
  expect(existsSync(traceOf(project))).toBe(true);
  writeFileSync(traceOf(project), 'from before');
  spoil(cache);
  expect((await project.sharedWf(start, { env })).exitCode).toBe(0);
  expect(readFileSync(traceOf(project), 'utf8')).toBe('from before');
});

asRoot.concurrent('a symbolic link to a cache is not followed', async () => {
  const project = openNoteProject();
  const target = path.join(project.folder, 'target');
  mkdirSync(target, { mode: 0o700 });
  mkdirSync(path.join(project.folder, 'cache/wf'), { recursive: true });
  symlinkSync(target, path.join(project.folder, 'cache/wf/translated'));
  const start = ['start', 'note', '--input', `file=${path.join(project.folder, 'the-note')}`];
  const env = { XDG_CACHE_HOME: path.join(project.folder, 'cache') };
  expect((await project.sharedWf(start, { env })).exitCode).toBe(0);
  expect(readdirSync(target)).toEqual([]);
});

import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { canActAsOrdinaryUser } from '../../support/command/ordinary-user.ts';
import { expectRefusal } from '../../support/command/refusal.ts';
import type { Project } from '../../support/command/run-wf.ts';
import { inTurn } from '../../support/rotation.ts';
import { openNoteProject } from '../../support/workflows/note.ts';

const start = (project: Project, workflow = 'note') => [
  'start',
  workflow,
  '--input',
  `file=${path.join(project.folder, 'the-note')}`,
];

const UNUSABLE: readonly (readonly [what: string, env: Readonly<Record<string, string>>])[] = [
  ['HOME=/proc', { HOME: '/proc', XDG_CACHE_HOME: '' }],
  ['XDG_CACHE_HOME=/proc/1', { XDG_CACHE_HOME: '/proc/1' }],
  ['XDG_CACHE_HOME below a file', { XDG_CACHE_HOME: '/etc/passwd/cache' }],
  ['no HOME', { HOME: '' }],
];
test.concurrent.for(inTurn(UNUSABLE, 2))('a run succeeds without a usable cache folder (%s)', async ([, env]) => {
  const project = openNoteProject();
  const end = await project.wf(start(project), { env });
  expect(end.exitCode, end.stderr).toBe(0);
});

test.concurrent.each([
  ['HOME=/proc', { HOME: '/proc' }, '/proc/.local'],
  ['XDG_STATE_HOME=/proc/1', { XDG_STATE_HOME: '/proc/1' }, '/proc/1/wf'],
])('a start is refused if the history cannot be created (%s)', async (_what, env, message) => {
  const project = openNoteProject();
  const refusal = { exitCode: 3, code: 'E_DATABASE', message: [message], next: '--db' };
  const file = path.join(project.folder, 'workflows/note.ts');
  await expectRefusal(project, start(project, file), refusal, { cwd: '/', env: { WF_DB: '', ...env } });
});

test.concurrent.each<[string, Record<string, string>, string]>([
  ['XDG_STATE_HOME', { XDG_STATE_HOME: 'state', XDG_CACHE_HOME: 'cache' }, 'home/.local/state/wf/wf.db'],
  ['HOME', { HOME: 'home' }, ''],
])('a relative %s is ignored, as the specification requires', async (_name, relative, database) => {
  const project = openNoteProject();
  const home = path.join(project.folder, 'home');
  const end = await project.sharedWf(['doctor'], { env: { WF_DB: '', HOME: home, ...relative }, cwd: '/' });
  expect(end.stdout).toContain(path.join(database === '' ? userInfo().homedir : project.folder, database));
  expect(['/state', '/cache', '/home/.local', '/home/.cache'].filter((made) => existsSync(made))).toEqual([]);
});

test.skipIf(!canActAsOrdinaryUser())('a user without a home folder needs --db, and sees no stack trace', async () => {
  const project = openNoteProject();
  // The user has no entry in the user database, and no HOME.
  const through = [
    'setpriv',
    '--reuid',
    '61234',
    '--regid',
    '61234',
    '--clear-groups',
    'env',
    '-i',
    `PATH=${process.env['PATH']}`,
  ];
  const refused = await project.wf(['runs'], { through, cwd: '/' });
  expect(refused).toMatchObject({ exitCode: 3, stdout: '' });
  expect(refused.stderr).toBe(
    'error E_DATABASE: user 61234 has no home folder for the history\n  next: Set HOME, or choose a database with --db or WF_DB.\n',
  );
  const none = await project.wf(['runs', '--json', '--db', '/tmp/wf-there-is-none.db'], { through, cwd: '/' });
  expect(none).toMatchObject({ exitCode: 0, stdout: '[]\n', stderr: '' });
});

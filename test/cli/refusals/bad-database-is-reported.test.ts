import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { PinnedConnection } from '../../../src/sqlite/pinned-connection.ts';
import { canActAsOrdinaryUser, ORDINARY_USER } from '../../support/command/ordinary-user.ts';
import { expectRefusal, expectTextRefusal } from '../../support/command/refusal.ts';
import type { Project } from '../../support/command/run-wf.ts';
import { openNoteProject } from '../../support/workflows/note.ts';

const note = (project: Project) => ['start', 'note', '--input', `file=${path.join(project.folder, 'the-note')}`];

test.concurrent('a file that is not a database is refused and left unchanged', async () => {
  const project = openNoteProject({ 'wf.db': 'This is a letter to my aunt, and not a database at all.\n'.repeat(40) });
  chmodSync(project.database, 0o644);
  const refusal = { exitCode: 3, code: 'E_DATABASE', message: [project.database], next: '--db' };
  await expectRefusal(project, note(project), refusal);
  await expectRefusal(project, ['runs'], refusal);
  await expectTextRefusal(project, ['show', '@latest'], refusal);
  expect(readFileSync(project.database, 'utf8')).toMatch(/^This is a letter to my aunt/);
  expect(statSync(project.database).mode & 0o777).toBe(0o644);
});

test.concurrent.each<[string, (to: string, link: string) => void]>([
  ['a symbolic link', symlinkSync],
  ['a hard link', linkSync],
])('%s to a foreign file is refused, and the file, its mode and its folder stay unchanged', async (_what, make) => {
  const project = openNoteProject({ 'etc/shadow': 'root:*:1:2:3\n' });
  const file = path.join(project.folder, 'etc/shadow');
  chmodSync(file, 0o640);
  make(file, project.database);
  const refusal = { exitCode: 3, code: 'E_DATABASE', message: ['is not a database of wf'], next: '--db' };
  for (const args of [note(project), ['runs'], ['rollback', 'x']]) await expectRefusal(project, args, refusal);
  expect(readFileSync(file, 'utf8')).toBe('root:*:1:2:3\n');
  expect(statSync(file).mode & 0o777).toBe(0o640);
  expect(readdirSync(path.dirname(file))).toEqual(['shadow']);
});

test.concurrent.each(['-wal', '-shm', '-reserve'])(
  'a symbolic link in place of the %s file is not followed',
  async (end) => {
    const project = openNoteProject({ precious: 'precious' });
    const file = path.join(project.folder, 'precious');
    chmodSync(file, 0o644);
    symlinkSync(file, `${project.database}${end}`);
    await expectRefusal(project, note(project), {
      exitCode: 3,
      code: 'E_DATABASE',
      message: [`${project.database}${end}`, 'symbolic link'],
      next: '--db',
    });
    expect(readFileSync(file, 'utf8')).toBe('precious');
    expect(statSync(file).mode & 0o777).toBe(0o644);
  },
);

test.concurrent('a database of another program is refused', async () => {
  const project = openNoteProject();
  const other = new PinnedConnection(project.database);
  other.exec('CREATE TABLE birds (name TEXT)');
  other.close();
  await expectRefusal(project, note(project), {
    exitCode: 3,
    code: 'E_DATABASE',
    message: [project.database],
    next: '--db',
  });
});

test.concurrent('a truncated database is reported as damaged', async () => {
  const project = openNoteProject();
  expect((await project.sharedWf(note(project))).exitCode).toBe(0);
  truncateSync(project.database, 8192);
  await expectRefusal(project, ['runs'], {
    exitCode: 3,
    code: 'E_DATABASE_DAMAGED',
    message: [project.database],
    next: '',
  });
});

test.concurrent('a database of a newer wf is refused', async () => {
  const project = openNoteProject();
  expect((await project.sharedWf(note(project))).exitCode).toBe(0);
  const database = new PinnedConnection(project.database);
  database.pragma('user_version = 999');
  database.close();
  const refusal = { exitCode: 3, code: 'E_DATABASE_NEWER', message: [project.database], next: 'wf' };
  await expectRefusal(project, note(project), refusal);
  await expectRefusal(project, ['show', '@latest'], refusal);
});

test.concurrent('a folder and a path below a file are refused', async () => {
  const project = openNoteProject({ letter: 'Dear aunt' });
  mkdirSync(project.database);
  const refusal = { exitCode: 3, code: 'E_DATABASE', message: [project.database], next: '--db' };
  await expectRefusal(project, note(project), refusal);
  const below = path.join(project.folder, 'letter', 'wf.db');
  await expectRefusal(project, [...note(project), '--db', below], { ...refusal, message: [below] });
});

test.concurrent('a database that another process keeps locked is reported as locked', async () => {
  const project = openNoteProject();
  expect((await project.sharedWf(note(project))).exitCode).toBe(0);
  const other = new PinnedConnection(project.database);
  other.exec('BEGIN EXCLUSIVE');
  try {
    const refusal = { exitCode: 4, code: 'E_DATABASE_LOCKED', message: [project.database], next: '' };
    await expectRefusal(project, note(project), refusal);
  } finally {
    other.exec('ROLLBACK');
    other.close();
  }
});

test
  .skipIf(!canActAsOrdinaryUser())
  .concurrent('a database that the user may not write or read is refused', async () => {
    const project = openNoteProject();
    chmodSync(path.dirname(project.folder), 0o755);
    chmodSync(project.folder, 0o755);
    const through = { through: ORDINARY_USER };
    const refusal = { exitCode: 3, code: 'E_DATABASE_READONLY', message: [project.database], next: '--db' };
    await expectRefusal(project, note(project), refusal, through);
    expect((await project.sharedWf(note(project))).exitCode).toBe(0);
    expect(statSync(project.database).mode & 0o777).toBe(0o600);
    await expectRefusal(
      project,
      ['runs'],
      { ...refusal, code: 'E_DATABASE', message: ['has no permission to read'] },
      through,
    );
  });

test.concurrent('an invalid --db is refused even if WF_DB is valid', async () => {
  const project = openNoteProject({
    letter: 'Dear aunt, this is longer than the header of a database would have to be. '.repeat(3),
  });
  const letter = path.join(project.folder, 'letter');
  writeFileSync(path.join(project.folder, 'unused'), '');
  await expectRefusal(project, ['runs', '--db', letter], {
    exitCode: 3,
    code: 'E_DATABASE',
    message: [letter],
    next: 'Choose another file',
  });
});

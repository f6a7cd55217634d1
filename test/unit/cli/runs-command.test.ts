import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type FolderWf, openFolderWf } from '../../fixtures/cli/folder-services.ts';
import { testTerminal } from '../../fixtures/cli/test-terminal.ts';

function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), 'wf-runs-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Four runs: three that succeeded, one that failed and was undone. */
async function openWithRuns(): Promise<FolderWf> {
  const folderWf = openFolderWf();
  for (const [index, id] of ['one', 'two', 'three'].entries()) {
    const started = ['start', 'files', '--id', id, '--input', `pings=${index + 1}`, '--input', `name=${id}`];
    expect(await folderWf.wf(started)).toMatchObject({ exitCode: 0 });
  }
  expect(await folderWf.wf(['start', 'files', '--id', 'bad', '--input', 'broken=true'])).toMatchObject({ exitCode: 1 });
  return folderWf;
}

test('`wf runs` filters runs and prints ids, JSON or a table', async () => {
  const { wf } = await openWithRuns();
  const ids = async (...argv: readonly string[]) => {
    const { out, exitCode, err } = await wf(['runs', '--format', 'ids', ...argv]);
    expect(exitCode, err).toBe(0);
    return out.split('\n').filter((id) => id !== '');
  };
  expect(await ids()).toHaveLength(4);
  expect(await ids('--status', 'rolled-back')).toEqual(['bad']);
  expect(await ids('--status', 'interrupted')).toEqual([]);
  expect(await ids('--where', 'pings=2')).toEqual(['two']);
  expect(await ids('--where', 'broken=true')).toEqual(['bad']);
  expect(await ids('--where', 'pings=3', '--where', 'name=one')).toEqual([]);
  expect(await ids('--text', 'E_PROBE')).toEqual(['bad']);
  expect(await ids('--text', 'THREE')).toEqual(['three']);
  expect(await ids('--last', '1h', '--workflow', 'files')).toHaveLength(4);
  expect(await ids('--until', '1h')).toEqual([]);
  expect(await ids('--since', '2200-01-01')).toEqual([]);
  expect(JSON.parse((await wf(['runs', '--format', 'json', '--status', 'rolled-back'])).out)).toMatchObject([
    { id: 'bad' },
  ]);
  const table = await wf(['runs', '--status', 'rolled-back']);
  expect(table.out).toMatch(
    /^id +workflow +status +started +time +on host +remarks\nbad +files +rolled-back .* 0 +E_PROBE_FAILED\n$/,
  );
});

test('a page prints the command for the next page on stderr, with all its filters', async () => {
  const { wf } = await openWithRuns();
  const first = await wf(['runs', '--format', 'ids', '--limit', '2', '--last', '1h', '--text', 'files']);
  const [, last = ''] = first.out.trim().split('\n');
  expect(first.err).toBe(`Older runs: wf runs --last 1h --text files --limit 2 --format ids --before ${last}\n`);
  const second = await wf(['runs', '--format', 'ids', '--limit', '2', '--before', last]);
  expect(second).toMatchObject({ err: '', exitCode: 0 });
  expect(new Set([...first.out.trim().split('\n'), ...second.out.trim().split('\n')]).size).toBe(4);
  expect((await wf(['runs', '--json', '--limit', '2'])).err).toBe('');
});

test('an empty list prints the reason', async () => {
  const { wf } = await openWithRuns();
  expect((await wf(['runs', '--workflow', 'file'])).err).toBe(
    'No runs of file. Did you mean files? Workflows with runs: files.\n',
  );
  expect((await wf(['runs', '--status', 'paused'])).err).toBe('No runs match.\n');
});

test.each([
  [
    ['--status', 'done'],
    ['running', 'interrupted', 'needs-attention'],
  ],
  [
    ['--since', 'yesterday'],
    ['2026-11-01', '2h'],
  ],
  [['--last', '2026-11-01'], ['7d']],
  [['--until', 'x'], ['2026-11-01']],
  [
    ['--since', '1h', '--last', '2h'],
    ['--since', '--last'],
  ],
  [['--since', '1h', '--until', '2h'], ['earlier']],
  [['--where', 'pings'], ['name=value']],
  [
    ['--format', 'yaml'],
    ['table', 'json', 'ids'],
  ],
  [['--limit', '0'], ['positive integer']],
])('%j is refused with a hint', async (argv, message) => {
  const { wf } = openFolderWf();
  const refused = await wf(['runs', ...argv]);
  expect(refused).toMatchObject({ exitCode: 2, out: '' });
  for (const words of ['error E_USAGE', 'next: ', ...message]) expect(refused.err).toContain(words);
});

test('--json with --format ids is refused with an error in JSON', async () => {
  const { wf } = openFolderWf();
  const refused = await wf(['runs', '--json', '--format', 'ids']);
  expect([refused.exitCode, JSON.parse(refused.out).error.code]).toEqual([2, 'E_USAGE']);
});

test('--before an unknown run is refused', async () => {
  const { wf } = await openWithRuns();
  expect((await wf(['runs', '--before', 'nowhere'])).err).toContain('E_RUN_NOT_FOUND');
});

test('an unknown input is reported with a suggestion', async () => {
  const { wf } = await openWithRuns();
  const { err } = await wf(['runs', '--where', 'pigns=2']);
  expect(err).toBe(
    'No runs match.\nNo recent run has an input pigns. Did you mean pings? Inputs: name, pings, broken, undoable.\n',
  );
  expect((await wf(['runs', '--where', 'pings=9'])).err).toBe('No runs match.\n');
});

test('a list fits 80 columns, with as much of the error as fits', async () => {
  const { wf } = await openWithRuns();
  const { out } = await wf(['runs'], testTerminal({ columns: 80, env: { NO_COLOR: '1' } }));
  for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  expect(out).toContain('E_PROBE_FAILED: a');
});

test('an imported run reads like the original, and cannot be resumed or rolled back', async () => {
  const there = await openWithRuns();
  const here = openFolderWf();
  const file = path.join(folder(), 'bad.json');
  expect(await there.wf(['export', 'bad', '-o', file])).toMatchObject({
    exitCode: 0,
    out: '',
    err: `Wrote run bad to ${file}. Import it on another machine with \`wf import ${file}\`.\n`,
  });
  expect((await there.wf(['export', 'bad'])).out).toBe(readFileSync(file, 'utf8'));
  expect((await there.wf(['export', 'bad', '-o', file])).exitCode).toBe(2);

  here.version = null; // no workflow file
  const imported = await here.wf(['import', file]);
  expect(imported).toMatchObject({ exitCode: 0, err: '' });
  expect(imported.out).toMatch(/^Imported run bad of files from \S+ \(rolled-back\), read-only\.\nnext: wf show bad/);
  expect((await here.wf(['export', 'bad'])).out).toBe(readFileSync(file, 'utf8'));
  expect((await here.wf(['runs'])).out).toMatch(/ - +imported from .*; E_PROBE_FAILED\n/);

  const [recordHere, recordThere] = [here, there].map(async ({ wf }) =>
    JSON.parse((await wf(['show', 'bad', '--json'])).out),
  );
  const { importedFrom, ...rest } = await recordHere;
  expect(rest).toEqual(await recordThere);
  expect(importedFrom).toMatch(/./);
  expect((await here.wf(['logs', 'bad'])).out).toBe((await there.wf(['logs', 'bad'])).out);
  for (const command of ['show', 'report', 'graph', 'diff']) {
    const shown = await here.wf([command, 'bad']);
    expect({ command, ...shown, out: '' }).toEqual({ command, exitCode: 0, err: '', out: '' });
    if (command !== 'graph')
      expect({ command, out: shown.out }).toMatchObject({ out: expect.stringMatching(/[Ii]mported/) });
  }
  for (const argv of [
    ['resume', 'bad'],
    ['resume', 'bad', '--dry-run'],
    ['rollback', 'bad'],
  ]) {
    const refused = await here.wf(argv);
    expect({ argv, ...refused }).toMatchObject({
      exitCode: 2,
      out: '',
      err: expect.stringContaining('E_RUN_IMPORTED'),
    });
  }
  expect(await here.wf(['import', file])).toMatchObject({ exitCode: 4, err: expect.stringContaining('E_RUN_EXISTS') });
  expect((await here.wf(['import', file, '--id', 'again', '--json'])).out).toContain('"id": "again"');
});

test('changes in place of an imported run do not count as changes on this host', async () => {
  const there = openFolderWf();
  await there.wf(['start', 'files', '--id', 'kept', '--input', 'broken=true', '--on-failure', 'keep']);
  expect((await there.wf(['changes', 'kept', '--json'])).out).toContain('"status": "applied"');
  const file = path.join(folder(), 'kept.json');
  await there.wf(['export', 'kept', '-o', file]);
  const here = openFolderWf();
  await here.wf(['import', file]);
  for (const argv of [['changes'], ['changes', 'kept']]) {
    expect(await here.wf(argv)).toMatchObject({
      exitCode: 0,
      out: '',
      err: 'No changes of wf are in place on this host.\n',
    });
  }
  expect((await here.wf(['resume'])).err).toContain('nothing to resume');
  for (const command of ['show', 'diff']) {
    const { out } = await here.wf([command, 'kept']);
    expect(out).toMatch(
      /in place on \S+ when the run was exported: 1 change; undo by hand there in this order:\n {2}file a/,
    );
    expect(out).not.toContain('wf rollback');
  }
});

test('a run exported while running is shown with an owner at its export, not as abandoned', async () => {
  const there = openFolderWf();
  const file = path.join(folder(), 'running.json');
  there.whileReading = async () => {
    expect((await there.wf(['export', 'running', '-o', file])).exitCode).toBe(0);
  };
  await there.wf(['start', 'files', '--id', 'running']);
  const here = openFolderWf();
  await here.wf(['import', file]);
  for (const command of ['show', 'report']) {
    const { out } = await here.wf([command, 'running']);
    expect(out).toMatch(/process \d+ (of \S+ )?still had the run when it was exported/);
    expect(out).not.toContain('was gone');
  }
});

test.each(['nothing', 'a folder', 'not ours', 'an id that is none'])('import of %s is refused', async (what) => {
  const { wf } = openFolderWf();
  const made = folder();
  const file = path.join(made, 'x.json');
  if (what !== 'nothing') writeFileSync(file, '{"format":"tar"}');
  const argv = what === 'a folder' ? [made] : what === 'an id that is none' ? [file, '--id', '../x'] : [file];
  const refused = await wf(['import', ...argv]);
  expect(refused).toMatchObject({ exitCode: 2, out: '' });
  expect(refused.err).toContain(what === 'not ours' ? 'E_RUN_FILE_INVALID' : 'E_USAGE');
});

test('`wf prune` prints what it would remove and keep, and removes it with --yes', async () => {
  const { wf } = await openWithRuns();
  await wf(['start', 'files', '--id', 'left', '--input', 'broken=true', '--on-failure', 'keep']);
  const all = ['prune', '--older-than', '0s'];
  const dry = await wf(all);
  expect(dry).toEqual({
    exitCode: 0,
    err: 'Nothing removed. Add --yes to remove them.\n',
    out: 'Would remove 4 runs (files 4).\nKept 1 run of that age: they have changes in place (`wf changes`), or need attention.\n',
  });
  expect(JSON.parse((await wf(['runs', '--json'])).out)).toHaveLength(5);
  expect((await wf([...all, '--keep', '3'])).out).toMatch(/^Would remove [12] runs? \(files [12]\)\.\n/);
  expect((await wf(['prune', '--older-than', '90d', '--yes'])).out).toMatch(
    /^Removed nothing: no run is old enough\.\n/,
  );
  const done = await wf([...all, '--json', '--compact', '--yes']);
  expect(JSON.parse(done.out)).toMatchObject({
    dryRun: false,
    runs: { files: 4 },
    onHost: 1,
    unfinished: 0,
    isBusy: false,
    freeBytes: 0,
  });
  expect((await wf(['runs', '--format', 'ids'])).out).toBe('left\n');
  expect((await wf(['rollback', 'left'])).exitCode).toBe(0);
});

test.each([
  [['prune'], '--older-than 90d'],
  [['prune', '--older-than', 'old'], '7d'],
  [['prune', '--older-than', '2026-01-01'], '7d'],
  [['prune', '--keep', '-1'], 'positive integer'],
])('%j is refused with a hint', async (argv, message) => {
  const { wf } = await openWithRuns();
  expect(await wf(argv)).toMatchObject({ exitCode: 2, out: '', err: expect.stringContaining(message) });
  expect(JSON.parse((await wf(['runs', '--json'])).out)).toHaveLength(4);
});

test('an export into a missing folder is refused and creates nothing', async () => {
  const { wf } = await openWithRuns();
  const made = folder();
  const refused = await wf(['export', 'one', '-o', path.join(made, 'no', 'such', 'x.json')]);
  expect(refused.exitCode).toBe(2);
  expect(existsSync(path.join(made, 'no'))).toBe(false);
});

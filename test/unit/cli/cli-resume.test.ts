import { expect, test } from 'vitest';
import { ownProcess } from '../../../src/host/processes/process.ts';
import { type FolderWf, openFolderWf } from '../../fixtures/cli/folder-services.ts';
import { testTerminal } from '../../fixtures/cli/test-terminal.ts';

const steady = (text: string) => text.replace(/\d+ ms|\d+\.\d s/g, 'N ms');
const paused = ({ wf }: FolderWf, id: string, ...more: readonly string[]) =>
  wf(['start', 'files', '--id', id, '--input', `name=${id}`, '--pause-after', 'setup', ...more]);
const statusOf = async ({ wf }: FolderWf, id: string) => JSON.parse((await wf(['show', id, '--json'])).out).status;

test('--pause-after pauses the run after the stage, exits with 0, and prints changes in place and next commands', async () => {
  const opened = openFolderWf();
  const ran = await paused(opened, 'mine');
  expect(ran.exitCode).toBe(0);
  expect(steady(ran.out).split('\n')).toEqual([
    'files paused  run mine',
    '1 change: 1 applied',
    'host: not compared',
    'may still be on this host: 1 change; undo with `wf rollback mine`, or by hand in this order:',
    '  file mine (applied)',
    '    rm mine',
    'next: wf resume mine    wf changes mine    wf rollback mine',
    '',
  ]);
  expect(opened.host.files()).toEqual(['mine']);
  const shown = await opened.wf(['show', 'mine']);
  expect(shown.out).toContain('\nnext: wf resume mine    wf changes mine    wf rollback mine\n');
});

test('--pause-after --json prints the record of a paused run', async () => {
  const ran = await paused(openFolderWf(), 'mine', '--json');
  expect(ran.exitCode).toBe(0);
  expect(JSON.parse(ran.out)).toMatchObject({ id: 'mine', status: 'paused', finishedAt: null, error: null });
});

test('a resumed run skips completed steps and runs to its end', async () => {
  const opened = openFolderWf();
  await paused(opened, 'mine');
  const ran = await opened.wf(['resume']);
  expect(ran.exitCode).toBe(0);
  expect(steady(ran.err).split('\n')).toEqual([
    'run mine of files',
    expect.stringMatching(/^resumed by process \d+/),
    'test  look  test.look  ok  N ms',
    'teardown  takeAway  test.revert  ok  N ms',
    'host: as before (no residue; drift: none)',
    '',
  ]);
  expect(ran.out).toMatch(/^files succeeded in /);
  expect(ran.out).toContain('  seen  the file was there\n');
  expect(opened.host.files()).toEqual([]);
});

test('a resumed run can pause again; an unknown stage is refused', async () => {
  const opened = openFolderWf();
  await paused(opened, 'mine');
  const again = await opened.wf(['resume', 'mi', '--pause-after', 'test', '--json']);
  expect(again.exitCode).toBe(0);
  expect(JSON.parse(again.out)).toMatchObject({ id: 'mine', status: 'paused' });
  const wrong = await opened.wf(['resume', 'mine', '--pause-after', 'tset']);
  expect(wrong).toMatchObject({ exitCode: 2, out: '' });
  expect(wrong.err).toContain(
    'E_USAGE: --pause-after tset: workflow files has no stage of that name\n  next: Did you mean test? ',
  );
  expect((await opened.wf(['resume', 'mine', '--json'])).exitCode).toBe(0);
});

test('a resumed run exits with the code of its result', async () => {
  const opened = openFolderWf();
  await paused(opened, 'one', '--input', 'broken=true');
  expect((await opened.wf(['resume'])).exitCode).toBe(1);
  await paused(opened, 'two', '--input', 'broken=true', '--input', 'undoable=false');
  const bad = await opened.wf(['resume', '--json']);
  expect(bad.exitCode).toBe(5);
  expect(JSON.parse(bad.out)).toMatchObject({ status: 'needs-attention' });
});

test('`wf resume` reports that no run can be resumed', async () => {
  const opened = openFolderWf();
  await opened.wf(['start', 'files', '--id', 'ended']);
  const refused = await opened.wf(['resume']);
  expect(refused).toEqual({
    exitCode: 2,
    out: '',
    err: 'error E_RUN_NOT_FOUND: nothing to resume: no run is interrupted, paused or waiting\n  next: List the runs with `wf runs`. If the database of a run was deleted, find its leftovers on this host with `wf sweep`.\n',
  });
  expect(await opened.wf(['resume', '--all'])).toEqual({ exitCode: 0, out: '', err: 'Nothing to resume.\n' });
  expect(await opened.wf(['resume', '--all', '--json'])).toEqual({ exitCode: 0, out: '[]\n', err: '' });
});

test('`wf resume` refuses to choose among several runs, and lists each with its command', async () => {
  const opened = openFolderWf();
  await paused(opened, 'one');
  await paused(opened, 'two');
  const refused = await opened.wf(['resume']);
  expect(refused).toMatchObject({ exitCode: 2, out: '' });
  const [titles, ...rest] = refused.err.split('\n');
  expect(titles).toMatch(/^id +workflow +status +since +on host +type$/);
  expect(rest.slice(0, 2).toSorted()).toEqual([
    expect.stringMatching(/^one +files +paused +just now +1 +wf resume one$/),
    expect.stringMatching(/^two +files +paused +just now +1 +wf resume two$/),
  ]);
  expect(refused.err).toMatch(
    /^error E_RUN_AMBIGUOUS: 2 runs can be resumed: \w+ \(files, paused\), \w+ \(files, paused\)$/m,
  );
  const json = await opened.wf(['resume', '--json']);
  expect(json).toMatchObject({ exitCode: 2, err: '' });
  expect(JSON.parse(json.out)).toMatchObject({
    error: { code: 'E_RUN_AMBIGUOUS', hint: expect.stringContaining('wf resume --all') },
  });
});

test.each([
  [
    'without changes in place',
    [],
    /^Retry it with `wf retry mine`\. Check its result with `wf show mine`, or start another run with `wf start files`\.$/,
  ],
  ['with changes in place', ['--on-failure', 'keep'], /^Undo its changes with `wf rollback mine`\. /],
])('an ended run %s is not resumed, and the hint names the next command', async (_what, more, hint) => {
  const { wf, host } = openFolderWf();
  await wf(['start', 'files', '--id', 'mine', '--input', 'broken=true', ...more]);
  const entries = host.history.journal(runIdOf(host)).length;
  const refused = await wf(['resume', 'mine', '--json']);
  expect(refused.exitCode).toBe(2);
  expect(JSON.parse(refused.out)).toEqual({
    error: {
      code: 'E_RUN_ENDED',
      message: expect.stringMatching(/^run mine has ended \((?:rolled-back|failed)\): there is nothing to resume$/),
      hint: expect.stringMatching(hint),
    },
  });
  expect(host.history.journal(runIdOf(host))).toHaveLength(entries);
});

function runIdOf({ history }: FolderWf['host']) {
  const [run] = history.runs({ limit: 1 });
  if (run === undefined) throw new Error('no run');
  return run.id;
}

test.each(['resume', 'rollback'])('`wf %s` refuses a run that a living process advances', async (command) => {
  const opened = openFolderWf();
  const seen: unknown[] = [];
  opened.whileReading = async () => {
    const refused = await opened.wf([command, 'mine', '--json']);
    seen.push(refused.exitCode, JSON.parse(refused.out).error);
  };
  expect((await opened.wf(['start', 'files', '--id', 'mine'])).exitCode).toBe(0);
  expect(seen).toEqual([
    4,
    {
      code: 'E_LEASE_HELD',
      message: `run mine is being advanced by process ${ownProcess().pid}`,
      hint: expect.stringContaining('`wf cancel mine`'),
    },
  ]);
});

test('a changed definition is refused with the difference, and accepted with --accept-changes', async () => {
  const opened = openFolderWf();
  await paused(opened, 'mine');
  opened.version = '2';
  for (const more of [[], ['--dry-run']]) {
    const refused = await opened.wf(['resume', ...more]);
    expect(refused).toEqual({
      exitCode: 4,
      out: '',
      err: [
        'error E_DEFINITION_CHANGED: workflow files has changed since run mine started: version 1 -> 2',
        '  next: Resume it under the new definition with `wf resume mine --accept-changes`, or undo it with `wf rollback mine`.',
        '',
      ].join('\n'),
    });
  }
  expect(await statusOf(opened, 'mine')).toBe('paused');
  expect((await opened.wf(['resume', '--accept-changes', '--pause-after', 'test'])).exitCode).toBe(0);
  // The run keeps the accepted definition.
  expect((await opened.wf(['resume'])).exitCode).toBe(0);
});

test('a run without its workflow file cannot be resumed, but can be rolled back', async () => {
  const opened = openFolderWf();
  await paused(opened, 'mine');
  opened.version = null;
  const refused = await opened.wf(['resume']);
  expect(refused).toEqual({
    exitCode: 2,
    out: '',
    err: 'error E_WORKFLOW_NOT_FOUND: cannot resume run mine: there is no workflow "files"\n  next: There is: files. If its file has another place now, add --workflow FILE. `wf rollback mine` undoes the run without a workflow file.\n',
  });
  expect((await opened.wf(['rollback', 'mine'])).exitCode).toBe(0);
  expect(opened.host.files()).toEqual([]);
});

test('a dry run prints the plan of each step and its reason, and writes nothing', async () => {
  const opened = openFolderWf();
  const { host, wf } = opened;
  await paused(opened, 'mine');
  const before = host.history.journal(runIdOf(host));
  const text = await wf(['resume', '--dry-run']);
  expect(text).toMatchObject({ exitCode: 0, err: '' });
  expect(text.out.split('\n')).toEqual([
    'mine would be resumed; 2 steps so far: 1 kept, 1 run; nothing was touched',
    '',
    expect.stringMatching(/^ {2}step +kind +plan +why$/),
    'setup',
    expect.stringMatching(/^ {2}make +test\.file +kept +\S.*file mine/),
    'test',
    expect.stringMatching(/^ {2}look +test\.look +run +\S/),
    '',
    'then, as the machine decides: teardown',
    '',
  ]);
  const json = await wf(['resume', 'mine', '--dry-run', '--json']);
  expect(JSON.parse(json.out)).toEqual({
    run: 'mine',
    direction: 'forward',
    steps: [
      { step: 'make', stage: 'setup', kind: 'test.file', plan: 'kept', why: expect.any(String) },
      { step: 'look', stage: 'test', kind: 'test.look', plan: 'run', why: expect.any(String) },
    ],
  });
  const all = await wf(['resume', '--all', '--dry-run', '--json']);
  expect(JSON.parse(all.out)).toEqual([JSON.parse(json.out)]);
  expect(host.history.journal(runIdOf(host))).toEqual(before);
});

test('--all resumes runs oldest first, continues after a failed one, and exits with the worst code', async () => {
  const opened = openFolderWf();
  await paused(opened, 'first');
  await paused(opened, 'second', '--input', 'broken=true');
  opened.version = '2';
  await paused(opened, 'third');
  opened.version = '1';
  const ran = await opened.wf(['resume', '--all']);
  expect(ran.exitCode).toBe(1);
  expect(steady(ran.out).split('\n')).toEqual([
    'first  files  succeeded in N ms',
    'second  files  rolled-back in N ms: E_PROBE_FAILED: second is broken',
    '  next: Give --input broken=false.',
    'third  files  not resumed: E_DEFINITION_CHANGED: workflow files has changed since run third started: version 2 -> 1',
    expect.stringContaining('  next: Resume it under the new definition with `wf resume third --accept-changes`'),
    '',
  ]);
  expect(opened.host.files()).toEqual(['third']);
  const rest = await opened.wf(['resume', '--all', '--json', '--accept-changes']);
  expect(rest.exitCode).toBe(0);
  expect(JSON.parse(rest.out)).toMatchObject([{ id: 'third', status: 'succeeded' }]);
});

test('--all --json prints an array with the record or the error of each run', async () => {
  const opened = openFolderWf();
  await paused(opened, 'first');
  opened.version = '2';
  await paused(opened, 'second');
  const ran = await opened.wf(['resume', '--all', '--json']);
  expect(ran.exitCode).toBe(4);
  expect(JSON.parse(ran.out)).toMatchObject([
    { run: 'first', error: { code: 'E_DEFINITION_CHANGED' } },
    { id: 'second', status: 'succeeded', steps: [{ id: 'make' }, { id: 'look' }, { id: 'takeAway' }] },
  ]);
});

test('--all skips a run that another process has resumed meanwhile', async () => {
  const opened = openFolderWf();
  await paused(opened, 'first');
  await paused(opened, 'second');
  let taken = false;
  opened.whileReading = async () => {
    if (taken) return;
    taken = true;
    expect((await opened.wf(['resume', 'second'])).exitCode).toBe(0);
  };
  const ran = await opened.wf(['resume', '--all']);
  expect(ran.exitCode).toBe(0);
  expect(ran.out).toMatch(/^second {2}files {2}passed over: E_RUN_ENDED: run second has ended \(succeeded\)/m);
});

test('a signal stops --all after the current step; later runs stay unchanged', async () => {
  const opened = openFolderWf();
  for (const id of ['first', 'second']) await paused(opened, id);
  const terminal = testTerminal();
  opened.whileReading = async () => terminal.signal('SIGTERM');
  const ran = await opened.wf(['resume', '--all'], terminal);
  expect(ran.exitCode).toBe(143);
  expect(ran.out).toBe('first  files  interrupted\n');
  expect(ran.err).toContain('SIGTERM: stopping after the current step; repeat it to stop at once\n');
  expect(ran.err).toContain('run first is interrupted; `wf resume first` resumes it');
  expect([await statusOf(opened, 'first'), await statusOf(opened, 'second')]).toEqual(['interrupted', 'paused']);
  opened.whileReading = async () => {};
  expect((await opened.wf(['resume', '--all'])).exitCode).toBe(0);
  expect(opened.host.files()).toEqual([]);
});

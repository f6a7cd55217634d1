import { expect, test } from 'vitest';
import { openFolderWf } from '../../fixtures/cli/folder-services.ts';

test('`wf show RUN STEP` prints a step in full, as text or as JSON', async () => {
  const { wf } = openFolderWf();
  await wf(['start', 'files', '--id', 'mine']);
  const shown = await wf(['show', 'mine', 'make']);
  expect(shown).toMatchObject({ exitCode: 0, err: '' });
  expect(shown.out).toMatch(/^make {2}test\.file {2}succeeded\n {2}run {9}mine of files \(succeeded\)\n/);
  expect(shown.out).toContain('\nchange 1: file a (reverted)\n');
  expect(shown.out).toContain('\n$ touch a\n');
  const document = JSON.parse((await wf(['show', 'mine', 'make', '--json'])).out);
  expect(Object.keys(document)).toEqual([
    ...['run', 'workflow', 'id', 'stage', 'kind', 'status', 'startedAt', 'finishedAt', 'durationMs'],
    ...['input', 'output', 'error', 'attempts', 'changes', 'evidence'],
  ]);
  expect(document).toMatchObject({ input: { name: 'a', fail: 'no' }, output: { file: 'a' }, error: null });
  const history = document.changes[0].history.map(({ status }: { readonly status: string }) => status);
  expect(history).toEqual(['intended', 'applied', 'reverting', 'reverted']);
});

test('`wf show` refuses an unknown step with a suggestion, and --follow with a step', async () => {
  const { wf } = openFolderWf();
  await wf(['start', 'files', '--id', 'mine']);
  expect(await wf(['show', 'mine', 'mkae'])).toMatchObject({
    exitCode: 2,
    err: 'error E_STEP_NOT_FOUND: run mine has no step "mkae"\n  next: Did you mean make? List its steps with `wf show mine`.\n',
  });
  const followed = await wf(['show', 'mine', 'make', '--follow']);
  expect(followed).toMatchObject({ exitCode: 2, out: '' });
  expect(followed.err).toContain('`wf logs mine make --follow`');
});

test('--follow of an ended run prints the same as without it', async () => {
  const { wf } = openFolderWf();
  await wf(['start', 'files', '--id', 'mine']);
  const withoutTime = (out: string) => out.replace(/\(.* ago\)|\(just now\)/, '');
  const [shown, followed] = [await wf(['show', 'mine']), await wf(['show', 'mine', '--follow'])];
  expect(withoutTime(followed.out)).toBe(withoutTime(shown.out));
  expect(await wf(['logs', 'mine', '-f'])).toEqual(await wf(['logs', 'mine']));
});

test('`wf diff` prints the changes of one run, or the differences of two', async () => {
  const { wf } = openFolderWf();
  await wf(['start', 'files', '--id', 'one']);
  await wf(['start', 'files', '--id', 'two', '--input', 'name=b', '--input', 'broken=true']);
  const changed = await wf(['diff', 'one']);
  expect(changed).toMatchObject({ exitCode: 0, err: '' });
  expect(changed.out).toMatch(/^ {4}\+ file a {2}.* reverted {2}/m);
  expect(JSON.parse((await wf(['diff', 'one', '--json'])).out)).toMatchObject({
    run: 'one',
    changed: [{ seq: 1, step: 'make', kind: 'test.file', object: 'file', change: 'made', status: 'reverted' }],
    fullest: { count: 1 },
    compared: { equal: true, sections: [], leftOut: [] },
    verification: { restored: true },
  });
  const compared = await wf(['diff', 'one', 'two']);
  expect(compared).toMatchObject({ exitCode: 0, err: '' });
  expect(compared.out).toContain(
    '\noutcomes\n  of       one        two\n  the run  succeeded  rolled-back: E_PROBE_FAILED',
  );
  expect(JSON.parse((await wf(['diff', 'one', 'two', '--json'])).out)).toMatchObject({
    definition: { equal: true, differences: [] },
    inputs: [
      { member: 'name', first: 'a', second: 'b' },
      { member: 'broken', first: false, second: true },
    ],
    path: { onlyFirst: ['teardown', 'done'], onlySecond: [] },
    steps: { onlyFirst: ['takeAway'], onlySecond: [] },
  });
});

test('`wf diff` of two runs lists the differences of their definitions', async () => {
  const folder = openFolderWf();
  await folder.wf(['start', 'files', '--id', 'one']);
  folder.version = '2';
  await folder.wf(['start', 'files', '--id', 'two']);
  const { out } = await folder.wf(['diff', 'one', 'two']);
  expect(out).toMatch(/^definition\n {2}[0-9a-f]{12} and [0-9a-f]{12}\n {2}version 1 -> 2$/m);
});

test('`wf diff` refuses to compare a run with itself', async () => {
  const { wf } = openFolderWf();
  await wf(['start', 'files', '--id', 'one']);
  expect(await wf(['diff', 'one', '@latest'])).toMatchObject({
    exitCode: 2,
    out: '',
    err: expect.stringMatching(
      /^error E_USAGE: cannot compare run one with itself\n {2}next: See what it changed on the host with `wf diff one`, /,
    ),
  });
});

test.each(['show', 'logs'])('`wf %s --follow --exit-code` exits with the code of the run', async (command) => {
  const folderWf = openFolderWf();
  const { wf } = folderWf;
  const follow = (id: string) => wf([command, id, '--follow', '--exit-code']);
  await wf(['start', 'files', '--id', 'good']);
  await wf(['start', 'files', '--id', 'bad', '--input', 'broken=true']);
  await wf(['start', 'files', '--id', 'paused', '--pause-after', 'setup']);
  expect((await follow('good')).exitCode).toBe(0);
  expect((await follow('bad')).exitCode).toBe(1);
  expect((await wf([command, 'bad', '--follow'])).exitCode).toBe(0);
  expect((await follow('paused')).exitCode).toBe(0);
  expect((await wf(['rollback', 'paused'])).exitCode).toBe(0);

  let following: Promise<{ readonly exitCode: number }> | undefined;
  folderWf.whileReading = async () => {
    following ??= follow('going');
  };
  await wf(['start', 'files', '--id', 'going', '--input', 'broken=true', '--input', 'undoable=false']);
  expect((await following)?.exitCode).toBe(5);
});

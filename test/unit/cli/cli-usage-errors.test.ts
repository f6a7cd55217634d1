import { expect, test } from 'vitest';
import { openFolderWf } from '../../fixtures/cli/folder-services.ts';

test.each([
  [['strat', 'files'], "unknown command 'strat'", 'Did you mean start? '],
  [['start'], "missing required argument 'workflow'", 'List the workflows with `wf workflows`. See `wf start --help`'],
  [['start', 'files', '--on-failur', 'keep'], "unknown option '--on-failur'", 'Did you mean --on-failure? '],
  [['start', 'files', '--runtime', 'podman'], 'Allowed choices are auto, docker, embedded', '`wf start --help`'],
  [['start', 'files', '--input'], "'--input <name=value>' argument missing", '`wf start --help`'],
  [['start', 'files', 'more'], 'too many arguments', '`wf start --help`'],
  [['start', 'files', '--notify', ''], '--notify [""]: not an array of strings', '`--notify '],
  [
    ['start', 'files', '--notify', '[]'],
    '--notify []: not an array of strings that begins with a program',
    'JSON array',
  ],
  [['start', 'files', '--notify', '["a",1]'], '--notify ["a",1]: not an array of strings', 'JSON array'],
  [['start', 'files', '--notify', '["a"'], '--notify ["a": not JSON: ', 'JSON array'],
  [['start', 'files', '--id', '../x'], '--id "../x" is not a valid run id', 'letters, digits'],
  [
    ['start', 'files', '--pause-after', 'stup'],
    '--pause-after stup: workflow files has no stage of that name',
    'Did you mean setup? ',
  ],
  [['start', 'files', '--pause-after', 'done'], 'has no stage of that name', 'Its stages: setup, test, teardown.'],
  [['runs', '--status', 'faild'], "'faild' is invalid", 'Did you mean failed? '],
  [['completion', 'bsh'], "'bsh' is invalid", 'Did you mean bash? '],
  [['help', 'shw'], "unknown command 'shw'", 'Did you mean show? See `wf --help`'],
  [['runs', '--limit', '0'], 'positive integer', '`wf runs --help`'],
  [['resume', 'x', '--all'], '--all and the run x exclude each other', 'Specify one of the two'],
  [['resume', '--all', '--workflow', 'a.ts'], '--all and --workflow exclude each other', 'Specify the run'],
  [['show', '--exit-code'], '--exit-code needs --follow', 'Add --follow'],
  [['logs', '--exit-code'], '--exit-code needs --follow', 'Add --follow'],
  [['resume', '--pause-after'], "'--pause-after <stage>' argument missing", '`wf resume --help`'],
  [['rollback'], "missing required argument 'run'", '`@latest` is the newest. See `wf rollback --help`'],
])('wf %j is refused, as text and as JSON', async (argv, message, hint) => {
  const { wf, host } = openFolderWf();
  const text = await wf(argv);
  expect(text.exitCode).toBe(2);
  expect(text.out).toBe('');
  const [first, second, ...rest] = text.err.split('\n');
  expect(first).toMatch(/^error E_USAGE: /);
  expect(first).toContain(message);
  expect(second).toMatch(/^ {2}next: /);
  expect(second).toContain(hint);
  expect(rest).toEqual(['']);

  const json = await wf(['--json', ...argv]);
  expect(json.exitCode).toBe(2);
  expect(json.err).toBe('');
  expect(JSON.parse(json.out)).toEqual({
    error: { code: 'E_USAGE', message: expect.stringContaining(message), hint: expect.stringContaining(hint) },
  });
  expect(host.history.runs({ limit: 1 })).toEqual([]);
});

test('wf without a command prints help on stderr and exits with 2', async () => {
  const { wf } = openFolderWf();
  const bare = await wf([]);
  expect(bare).toMatchObject({ exitCode: 2, out: '' });
  expect(bare.err).toContain('Usage: wf');
  expect(bare.err).toContain('error E_USAGE: no command');
  const json = await wf(['--json']);
  expect(JSON.parse(json.out)).toMatchObject({ error: { code: 'E_USAGE' } });
});

test('requested help and version are printed on stdout with exit code 0', async () => {
  const { wf } = openFolderWf();
  const help = await wf(['start', '--help']);
  expect(help).toMatchObject({ exitCode: 0, err: '' });
  expect(help.out).toContain('Usage: wf start');
  expect(help.out).toContain('--json');
  expect(await wf(['help', 'runs'])).toMatchObject({ exitCode: 0, out: expect.stringContaining('Usage: wf runs') });
  expect(await wf(['--db', 'x', '--version'])).toEqual({ exitCode: 0, out: '1.2.3\n', err: '' });
  expect(JSON.parse((await wf(['--version', '--json'])).out)).toEqual({ version: '1.2.3' });
});

test('an unreadable input file is reported without a stack trace', async () => {
  const { wf } = openFolderWf();
  const defect = await wf(['start', 'files', '--input-file', '/nowhere/input.json']);
  expect(defect).toMatchObject({ exitCode: 2, out: '' });
  expect(defect.err).toMatch(/^error E_INPUT: input file \/nowhere\/input.json: cannot read: ENOENT/);
  expect(defect.err).not.toContain('    at ');
});

import { expect, test } from 'vitest';
import { WfError } from '../../../src/engine/model/errors.ts';
import { openFolderWf, requirement } from '../../fixtures/cli/folder-services.ts';
import { testTerminal } from '../../fixtures/cli/test-terminal.ts';

const SUMMARY_FIELDS = [
  'id',
  'workflow',
  'definitionHash',
  'status',
  'runtime',
  'input',
  'output',
  'createdAt',
  'startedAt',
  'finishedAt',
  'durationMs',
  'waitingFor',
  'plan',
  'error',
  'changesInPlace',
];

test('`wf runs` lists runs, filtered and limited', async () => {
  const { wf } = openFolderWf();
  for (const id of ['one', 'two', 'three']) await wf(['start', 'files', '--id', id]);
  const ids = async (...argv: readonly string[]) => {
    const listed: readonly { readonly id: string }[] = JSON.parse((await wf(['runs', '--json', ...argv])).out);
    return listed.map(({ id }) => id);
  };
  expect((await ids()).toSorted()).toEqual(['one', 'three', 'two']);
  expect(await ids('--limit', '1')).toHaveLength(1);
  expect(await ids('--workflow', 'other')).toEqual([]);
  const [first] = JSON.parse((await wf(['runs', '--json'])).out);
  expect(Object.keys(first).toSorted()).toEqual(SUMMARY_FIELDS.toSorted());

  const text = await wf(['runs']);
  expect(text).toMatchObject({ exitCode: 0, err: '' });
  expect(text.out.split('\n')[0]).toMatch(/^id +workflow +status +started +time +on host$/);
});

test('an empty history prints one line on stderr, or an empty JSON array', async () => {
  const { wf, host } = openFolderWf();
  expect(await wf(['runs'])).toEqual({
    exitCode: 0,
    out: '',
    err: `No runs in ${host.database}. List the workflows with \`wf workflows\`.\n`,
  });
  expect(await wf(['runs', '--json'])).toEqual({ exitCode: 0, out: '[]\n', err: '' });
  expect(await wf(['changes'])).toMatchObject({
    exitCode: 0,
    out: '',
    err: expect.stringContaining('No changes of wf are in place'),
  });
  expect(await wf(['changes', '--json'])).toEqual({ exitCode: 0, out: '[]\n', err: '' });
});

test('`wf show` prints the proven claims of a run without its workflow file', async () => {
  const opened = openFolderWf();
  const { wf } = opened;
  await wf(['start', 'files', '--id', 'mine']);
  opened.version = null;
  const shown = await wf(['show', 'm']);
  expect(shown).toMatchObject({ exitCode: 0, err: '' });
  expect(shown.out).toContain('mine  files  succeeded\n');
  expect(shown.out).toContain('proven\n  seen  the file was there\n');
});

test('`wf logs` prints the commands of all steps, of one step, and of the rollback', async () => {
  const { wf } = openFolderWf();
  await wf(['start', 'files', '--id', 'mine', '--input', 'broken=true']);
  const all = await wf(['logs', '@latest']);
  expect(all.out.split('\n')).toEqual([
    '=== setup ===',
    '',
    '--- make (test.file) ---',
    '$ touch a',
    '[exit 0, 1 ms]',
    '',
    '=== test ===',
    '',
    '--- look (test.look) ---',
    '[E_PROBE_FAILED: a is broken]',
    '',
    '=== rollback ===',
    '',
    '--- make (test.file) ---',
    '$ rm a',
    '[exit 0, 1 ms]',
    '',
  ]);
  expect((await wf(['logs', 'mine', 'look'])).out).toBe(
    '=== test ===\n\n--- look (test.look) ---\n[E_PROBE_FAILED: a is broken]\n',
  );
  expect((await wf(['logs', 'mine', 'test'])).out).toBe((await wf(['logs', 'mine', 'look'])).out);
  const json = JSON.parse((await wf(['logs', 'mine', 'make', '--json'])).out);
  expect(json[0]).toEqual({
    stage: 'setup',
    step: 'make',
    attempt: 1,
    command: 'touch a',
    output: '',
    exitCode: 0,
    startedAt: '1970-01-01T00:00:00.000Z',
    durationMs: 1,
  });
  const unknown = await wf(['logs', 'mine', 'mkae']);
  expect(unknown.exitCode).toBe(2);
  expect(unknown.err).toBe(
    'error E_STEP_NOT_FOUND: run mine has neither a step nor a stage "mkae"\n  next: Did you mean make? List its steps with `wf show mine`.\n',
  );
});

test('`wf steps` prints a table of step runners, or the input and output of one', async () => {
  const { wf } = openFolderWf();
  expect((await wf(['steps'])).out.split('\n')).toEqual([
    'kind         does     from  description',
    'test.file    changes  wf    makes a file',
    'test.look    reads    wf    reads the file',
    'test.revert  reads    wf    undoes the making',
    '',
  ]);
  expect((await wf(['steps', 'test.file'])).out.split('\n')).toEqual([
    'test.file  makes a file',
    '  changes the host; undone at rollback; time-out 30 s, attempts 1; from wf',
    '',
    'input',
    '  name  type                                   default     description',
    '  name  string                                 (required)',
    '  fail  "before" or "after" or "undo" or "no"  "no"',
    '',
    'output',
    '  name  type    default     description',
    '  file  string  (required)',
    '',
  ]);
  const json = JSON.parse((await wf(['steps', 'test.look', '--json'])).out);
  expect(json).toMatchObject([{ kind: 'test.look', file: null, changes: false, timeoutMs: 30_000, attempts: 1 }]);
  expect(json[0].input.properties.name.type).toBe('string');
  expect((await wf(['steps', 'test.lok'])).err).toContain('Did you mean test.look? ');
});

test('`wf workflows` lists the workflows', async () => {
  const { wf } = openFolderWf();
  expect((await wf(['workflows'])).out).toBe(
    'workflow  version  description\nfiles     1        makes a file and takes it away\n',
  );
  expect(JSON.parse((await wf(['workflows', '--json'])).out)).toEqual([
    { name: 'files', version: '1', description: 'makes a file and takes it away', file: '/w/files.ts', error: null },
  ]);
});

test('`wf doctor` exits with 0 if every requirement is met, else with 3 and lists the missing ones', async () => {
  const { wf, requirements } = openFolderWf();
  requirements.push(requirement('tool x'));
  const well = await wf(['doctor']);
  expect(well).toMatchObject({ exitCode: 0, err: '' });
  expect(well.out).toMatch(/^ok {7}node +20\.|^ok {7}node +2\d\./m);
  expect(well.out).toMatch(/^ok {7}tool x +version 1 \(for tool x\)$/m);
  expect(well.out).toMatch(/\n\nEverything wf needs is here\..*\n$/);

  const noEngine = new WfError('E_DOCKER_UNREACHABLE', 'no engine', { hint: 'Start one.' });
  requirements.push(requirement('docker', noEngine), requirement('bridges', noEngine));
  const missing = await wf(['doctor']);
  expect(missing.exitCode).toBe(3);
  expect(missing.out).toMatch(
    /^missing {2}docker +E_DOCKER_UNREACHABLE: no engine\n {9}needed for: for docker\n {9}next: Start one\.\nmissing {2}bridges +E_DOCKER_UNREACHABLE: as above$/m,
  );
  expect(missing.out).toMatch(/^2 things missing\./m);
  const json = await wf(['doctor', '--json']);
  expect(json.exitCode).toBe(3);
  const findings: unknown[] = JSON.parse(json.out);
  expect(findings).toContainEqual({
    title: 'tool x',
    purpose: 'for tool x',
    needed: true,
    met: true,
    found: 'version 1',
    error: null,
  });
  expect(findings).toContainEqual({
    title: 'docker',
    purpose: 'for docker',
    needed: true,
    met: false,
    found: null,
    error: { code: 'E_DOCKER_UNREACHABLE', message: 'no engine', hint: 'Start one.' },
  });
});

test('`wf doctor` warns of changes that earlier runs left, and exits with 0', async () => {
  const { wf, host } = openFolderWf();
  await wf(['start', 'files', '--input', 'undoable=false', '--input', 'broken=true']);
  const doctor = await wf(['doctor']);
  expect(doctor.exitCode).toBe(0);
  const [run] = host.history.runs({ limit: 1 });
  expect(doctor.out).toMatch(/^warning {2}changes +E_RESIDUE: left of run1-\d+: file a\n/m);
  expect(doctor.out).toContain(`List them with \`wf changes\`; undo them with \`wf rollback ${run?.id}\`.`);
  const findings: { title: string; needed: boolean }[] = JSON.parse((await wf(['doctor', '--json'])).out);
  expect(findings.find(({ title }) => title === 'changes')).toMatchObject({ needed: false, met: false });
});

test('colour depends on the terminal, NO_COLOR, FORCE_COLOR and TERM', async () => {
  const { wf } = openFolderWf();
  await wf(['start', 'files']);
  const isColoured = async (columns: number | undefined, env: Record<string, string> = {}) =>
    (await wf(['runs'], testTerminal({ env, ...(columns === undefined ? {} : { columns }) }))).out.includes('\u001b[');
  expect(await isColoured(80)).toBe(true);
  expect(await isColoured(80, { NO_COLOR: '1' })).toBe(false);
  expect(await isColoured(80, { NO_COLOR: '1', FORCE_COLOR: '1' })).toBe(false);
  expect(await isColoured(80, { NO_COLOR: '' })).toBe(true);
  expect(await isColoured(80, { TERM: 'dumb' })).toBe(false);
  expect(await isColoured(undefined)).toBe(false);
  expect(await isColoured(undefined, { FORCE_COLOR: '1' })).toBe(true);
});

test('a closed standard output is no error', async () => {
  const { wf } = openFolderWf();
  const terminal = testTerminal();
  terminal.readerLeaves();
  const ran = await wf(['start', 'files'], terminal);
  expect(ran).toMatchObject({ exitCode: 0, out: '' });
});

test.each(['show', 'logs', 'diff', 'report', 'graph', 'export'])(
  '`wf %s` reads the newest run by default',
  async (command) => {
    const { wf } = openFolderWf();
    for (const id of ['older', 'newer']) await wf(['start', 'files', '--id', id, '--input', `name=${id}`]);
    const newest = await wf([command, 'newer', '--json']);
    expect(newest.exitCode).toBe(0);
    expect(newest.out).not.toBe((await wf([command, 'older', '--json'])).out);
    expect(await wf([command, '--json'])).toEqual(newest);
    expect(await wf([command, '@latest', '--json'])).toEqual(newest);
  },
);

test.each(['show', 'logs', 'diff', 'report', 'export'])('`wf %s` reports that there are no runs', async (command) => {
  const { wf } = openFolderWf();
  expect(await wf([command])).toMatchObject({
    exitCode: 2,
    out: '',
    err: expect.stringContaining('there are no runs'),
  });
});

test('`wf workflows NAME` prints the stages and inputs of a workflow', async () => {
  const { wf } = openFolderWf();
  const { out, exitCode } = await wf(['workflows', 'files']);
  expect(exitCode).toBe(0);
  expect(out).toMatchInlineSnapshot(`
    "files  version 1  makes a file and takes it away
      /w/files.ts

    stages
      setup, test, teardown

    inputs
      name      type     default  description
      name      string   "a"      of the file
      pings     integer  3
      broken    boolean  false
      undoable  boolean  true
    "
  `);
  const record = JSON.parse((await wf(['workflows', 'files', '--json'])).out);
  expect(record).toMatchObject({
    name: 'files',
    version: '1',
    stages: ['setup', 'test', 'teardown'],
    input: { properties: { name: { default: 'a', description: 'of the file' } } },
    secretInputs: [],
  });
  const refused = await wf(['workflows', 'file']);
  expect(refused).toMatchObject({ exitCode: 2, out: '', err: expect.stringContaining('E_WORKFLOW_NOT_FOUND') });
});

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { WfError } from '../../../src/engine/model/errors.ts';
import { openFolderWf, requirement } from '../../fixtures/cli/folder-services.ts';
import { testTerminal } from '../../fixtures/cli/test-terminal.ts';
import { screenOf } from '../../support/command/screen.ts';

/** The id of the first run of a folder host. */
const FIRST_RUN = `run1-${process.pid}`;

/** Durations differ from run to run. */
const steady = (text: string) => text.replace(/\d+ ms|\d+\.\d s/g, 'N ms');

test('a run prints its progress on stderr and its result on stdout', async () => {
  const { wf, host } = openFolderWf();
  const ran = await wf(['start', 'files', '--input', 'pings=5', '--id', 'mine']);
  expect(ran.exitCode).toBe(0);
  expect(steady(ran.err)).toBe(
    [
      'run mine of files',
      'setup  make  test.file  ok  N ms',
      'test  look  test.look  ok  N ms',
      'teardown  takeAway  test.revert  ok  N ms',
      'host: as before (no residue; drift: none)',
      '',
    ].join('\n'),
  );
  expect(steady(ran.out)).toBe(
    [
      'files succeeded in N ms  run mine',
      '  seen  the file was there',
      '1 change, all undone: 1 reverted',
      'host: as before (no residue; drift: none)',
      'next: wf show mine    wf logs mine',
      '',
    ].join('\n'),
  );
  expect(host.files()).toEqual([]);
});

test('--json prints the run record as one document, also for a failed run', async () => {
  const { wf } = openFolderWf();
  const good = await wf(['start', 'files', '--json']);
  expect(good.exitCode).toBe(0);
  const record = JSON.parse(good.out);
  expect(record).toMatchObject({ workflow: 'files', status: 'succeeded', error: null, input: { name: 'a', pings: 3 } });
  expect(JSON.parse((await wf(['show', record.id, '--json'])).out)).toEqual(record);

  const bad = await wf(['start', 'files', '--json', '--input', 'broken=true']);
  expect(bad.exitCode).toBe(1);
  expect(JSON.parse(bad.out)).toMatchObject({
    status: 'rolled-back',
    error: { code: 'E_PROBE_FAILED', message: 'a is broken' },
    changes: [{ status: 'reverted' }],
    verification: { restored: true },
  });
});

test('a failed run prints its error, the failed step and the state of the host', async () => {
  const { wf, host } = openFolderWf();
  const ran = await wf(['start', 'files', '--input', 'broken=true']);
  expect(ran.exitCode).toBe(1);
  expect(steady(ran.out).split('\n')).toEqual([
    `files rolled-back in N ms  run ${FIRST_RUN}`,
    'failed at test / look (test.look)',
    'error E_PROBE_FAILED: a is broken',
    '  next: Give --input broken=false.',
    '1 change, all undone: 1 reverted',
    'host: as before (no residue; drift: none)',
    `next: wf show ${FIRST_RUN}    wf logs ${FIRST_RUN}`,
    '',
  ]);
  expect(ran.err).toContain('rollback  file a  reverted');
  expect(host.files()).toEqual([]);
});

test('--on-failure keep leaves changes in place, and prints how to undo them', async () => {
  const { wf, host } = openFolderWf();
  const ran = await wf(['start', 'files', '--input', 'broken=true', '--on-failure', 'keep']);
  expect(ran.exitCode).toBe(1);
  expect(ran.out).toContain('may still be on this host: 1 change');
  expect(ran.out).toContain('    rm a\n');
  expect(host.files()).toEqual(['a']);
  const changes = await wf(['changes', '--json']);
  expect(JSON.parse(changes.out)).toEqual([
    {
      run: FIRST_RUN,
      workflow: 'files',
      seq: 1,
      step: 'make',
      kind: 'test.file',
      target: 'file a',
      status: 'applied',
      reason: null,
      undo: ['rm a'],
    },
  ]);
});

test('a run with a change that cannot be undone exits with 5', async () => {
  const { wf } = openFolderWf();
  const ran = await wf(['start', 'files', '--input', 'broken=true', '--input', 'undoable=false']);
  expect(ran.exitCode).toBe(5);
  expect(ran.out).toContain('files needs-attention');
  expect(ran.out).toContain('file a (stuck');
});

test('an unmet requirement ends the command with its error and exit code, and creates no run', async () => {
  const { wf, host, requirements } = openFolderWf();
  const taken = new WfError('E_NAME_IN_USE', 'container name AppDev is in use', { hint: 'Give another prefix.' });
  requirements.push(requirement('tool ip'), requirement('name', taken));
  const text = await wf(['start', 'files']);
  expect(text).toMatchObject({ exitCode: 4, out: '' });
  expect(text.err).toBe('error E_NAME_IN_USE: container name AppDev is in use\n  next: Give another prefix.\n');
  const json = await wf(['start', 'files', '--json']);
  expect(json.exitCode).toBe(4);
  expect(JSON.parse(json.out)).toEqual({ error: taken.toRecord() });
  expect(host.history.runs({ limit: 1 })).toEqual([]);
});

test('a conflict at the first change exits with 4, and nothing is touched', async () => {
  const { wf, host } = openFolderWf();
  writeFileSync(path.join(host.folder, 'a'), 'not wf');
  const ran = await wf(['start', 'files']);
  expect(ran.exitCode).toBe(4);
  expect(ran.out).toContain('error E_NAME_IN_USE: a is somebody else');
  expect(host.files()).toEqual(['a']);
});

test('an existing run id is refused with 4', async () => {
  const { wf } = openFolderWf();
  await wf(['start', 'files', '--id', 'mine']);
  const again = await wf(['start', 'files', '--id', 'mine']);
  expect(again).toMatchObject({ exitCode: 4, out: '', err: expect.stringMatching(/^error E_RUN_EXISTS: /) });
});

test('a dry run prints the steps and their commands, warns of unmet requirements, and touches nothing', async () => {
  const { wf, host, requirements } = openFolderWf();
  requirements.push(requirement('tool ip', new WfError('E_TOOL_MISSING', 'there is no ip', { hint: 'Install it.' })));
  const text = await wf(['start', 'files', '--dry-run', '--input', 'name=b c']);
  expect(text).toEqual({
    exitCode: 0,
    err: 'warning E_TOOL_MISSING: there is no ip\n  next: Install it.\n',
    out: [
      'files: 3 steps, 1 of them changing the host; nothing was touched',
      '',
      'setup',
      '  make  test.file  changes  makes a file',
      "    $ touch 'b c'",
      '    observed: file b c is not in place',
      '',
      'test',
      '  look  test.look  reads  reads the file',
      "    $ cat 'b c'",
      '',
      'teardown',
      '  takeAway  test.revert  reads  undoes the making',
      "    $ rm 'the file'",
      '',
    ].join('\n'),
  });
  const json = await wf(['start', 'files', '--dry-run', '--json']);
  expect(JSON.parse(json.out)).toMatchObject({
    id: null,
    run: null,
    workflow: 'files',
    input: { name: 'a', pings: 3, broken: false, undoable: true },
    steps: [
      { step: 'make', stage: 'setup', kind: 'test.file', changes: true, commands: ['touch a'] },
      { step: 'look', stage: 'test', kind: 'test.look', changes: false, commands: ['cat a'] },
      { step: 'takeAway', stage: 'teardown', kind: 'test.revert', changes: false, commands: ["rm 'the file'"] },
    ],
  });
  expect(host.files()).toEqual([]);
  expect(host.history.runs({ limit: 1 })).toEqual([]);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s interrupts the run after the current step', async (signal, exitCode) => {
  const opened = openFolderWf();
  const terminal = testTerminal();
  opened.whileReading = async () => terminal.signal(signal);
  const ran = await opened.wf(['start', 'files', '--json'], terminal);
  expect(ran.exitCode).toBe(exitCode);
  expect(terminal.exits).toEqual([]);
  const record = JSON.parse(ran.out);
  expect(record.status).toBe('interrupted');
  expect(record.steps.map(({ id, status }: { id: string; status: string }) => `${id} ${status}`)).toEqual([
    'make succeeded',
    'look succeeded',
    'takeAway pending',
  ]);
  expect(ran.err).toContain(`${signal}: stopping after the current step; repeat it to stop at once\n`);
  expect(opened.host.files()).toEqual(['a']);
});

test('an interrupted run prints the commands that resume and undo it', async () => {
  const opened = openFolderWf();
  const terminal = testTerminal();
  opened.whileReading = async () => terminal.signal('SIGINT');
  const ran = await opened.wf(['start', 'files'], terminal);
  expect(ran.err.trimEnd().split('\n').at(-1)).toBe(
    `run ${FIRST_RUN} is interrupted; \`wf resume ${FIRST_RUN}\` resumes it, \`wf rollback ${FIRST_RUN}\` undoes it`,
  );
  expect(ran.out).toContain(`next: wf resume ${FIRST_RUN}    wf changes ${FIRST_RUN}    wf rollback ${FIRST_RUN}\n`);
});

test('a second signal ends the process at once, with the exit code of the first', async () => {
  const opened = openFolderWf();
  const terminal = testTerminal();
  const exitsAfter: (readonly number[])[] = [];
  opened.whileReading = async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      terminal.signal(signal);
      exitsAfter.push([...terminal.exits]);
    }
  };
  const ran = await opened.wf(['start', 'files'], terminal);
  expect(ran.exitCode).toBe(143);
  expect(exitsAfter).toEqual([[], [143]]);
  // Printed before the exit; the test terminal does not exit, so it is printed again afterwards.
  const advice = `run ${FIRST_RUN} is interrupted; \`wf resume ${FIRST_RUN}\` resumes it`;
  expect(ran.err.indexOf(advice)).toBeLessThan(ran.err.lastIndexOf(advice));
});

test('a terminal keeps the last frame with one line per stage, and no signal listener remains', async () => {
  const { wf } = openFolderWf();
  const terminal = testTerminal({ columns: 80, env: { NO_COLOR: '1' } });
  const ran = await wf(['start', 'files'], terminal);
  const shown = steady(screenOf(ran.err).join('\n'));
  expect(shown).toContain('✓ setup     N ms  1 step\n✓ test      N ms  1 step\n✓ teardown  N ms  1 step');
  expect(ran.err).toContain(`run ${FIRST_RUN} of files`);
  // A listener that remained would exit at the second signal.
  terminal.signal('SIGINT');
  terminal.signal('SIGINT');
  expect(terminal.exits).toEqual([]);
});

test('a run whose journal cannot be written exits with 5', async () => {
  const opened = openFolderWf();
  opened.whileReading = async () => opened.host.history.close();
  const ran = await opened.wf(['start', 'files', '--id', 'lost']);
  expect(ran.exitCode).toBe(5);
  expect(ran.err).toMatch(/^error E_/m);
  expect(ran.err).toContain('run lost stopped there; `wf resume lost` resumes it, `wf rollback lost` undoes it');
  expect(opened.host.files()).toEqual(['a']);
});

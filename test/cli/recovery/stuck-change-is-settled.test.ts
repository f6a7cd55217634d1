import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readRecord } from '../../support/command/read-record.ts';
import { openProject, type Project } from '../../support/command/run-wf.ts';

/** Makes a file that its undo cannot remove, and fails. */
const WORKFLOW = `
  import { defineWorkflow } from 'wf-engine';
  import { execCommand } from 'wf-engine/steps';
  import { setup } from 'xstate';
  import { z } from 'zod';
  export default defineWorkflow({
    name: 'stuck', version: '1', description: 'Leaves a file.', input: z.object({ file: z.string() }),
    machine: setup({ types: { context: {}, input: {} }, actors: { run: execCommand.with({ alters: [] }) } }).createMachine({
      context: ({ input }) => input, initial: 'make',
      states: {
        make: { invoke: { id: 'make', src: 'run', input: ({ context }) => ({ argv: ['touch', context.file], undo: ['false'] }), onDone: 'fail' } },
        fail: { invoke: { id: 'fail', src: 'run', input: () => ({ argv: ['false'], undo: ['true'] }), onDone: 'done' } },
        done: { type: 'final' },
      },
    }),
  });`;

function startBelow(project: Project, below: string, args: readonly string[]) {
  const cwd = path.join(project.folder, below);
  mkdirSync(cwd);
  return project.wf(args, { cwd });
}

async function openStuckRun(id: string, below?: string) {
  const project = openProject({ 'workflows/stuck.ts': WORKFLOW });
  const file = path.join(project.folder, 'left');
  const args = ['start', 'stuck', '--id', id, '--input', `file=${file}`];
  const start = await (below === undefined ? project.sharedWf(args) : startBelow(project, below, args));
  expect(start, start.stderr).toMatchObject({ exitCode: 5 });
  const settle = (...more: readonly string[]) =>
    project.sharedWf(['settle', id, '1', '--reason', 'removed by hand', ...more]);
  const record = async () => readRecord(project, id);
  return { project, file, settle, record };
}

test.concurrent('a change that a person has removed is settled as gone, and its run needs no more attention', async () => {
  const { project, file, settle, record } = await openStuckRun('settled');
  expect(await record()).toMatchObject({ status: 'needs-attention', changes: [{ status: 'stuck' }, {}] });
  expect(await project.sharedWf(['rollback', 'settled'])).toMatchObject({ exitCode: 5 });
  expect(await project.sharedWf(['settle', 'settled', '1', '--as', 'gone'])).toMatchObject({ exitCode: 2 });
  rmSync(file);
  const settled = await settle('--as', 'gone', '--json');
  expect(settled, settled.stderr).toMatchObject({ exitCode: 0 });
  expect(settled.json()).toMatchObject({
    request: { kind: 'settle', outcome: { type: 'handled' } },
    run: { status: 'rolled-back' },
  });
  expect(await record()).toMatchObject({
    status: 'rolled-back',
    error: { code: 'E_HOST_COMMAND' },
    changes: [{ status: 'gone', reason: `settled by ${userInfo().username}: removed by hand` }, {}],
    verification: { restored: true },
  });
  const again = await settle('--as', 'kept');
  expect(again).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('is gone already') });
  expect(await project.sharedWf(['settle', 'settled', '7', '--as', 'gone', '--reason', 'x'])).toMatchObject({
    exitCode: 4,
  });
  expect((await record()).requests).toHaveLength(1);
});

test.concurrent('a change that stays is settled as kept', async () => {
  const { file, settle, record } = await openStuckRun('stays');
  expect(await settle('--as', 'kept')).toMatchObject({ exitCode: 0 });
  expect(await record()).toMatchObject({ status: 'rolled-back', changes: [{ status: 'kept' }, {}] });
  expect(existsSync(file)).toBe(true);
});

test.concurrent('a killed wf settle is settled once, and the next rollback compares the host', async () => {
  const { project, file, settle, record } = await openStuckRun('cut-off');
  rmSync(file);
  const args = ['settle', 'cut-off', '1', '--as', 'gone', '--reason', 'removed by hand'];
  const killed = await project.start(args, { env: { WF_CRASH_AT: 'before commit ended' } }).end;
  expect(killed.signal).toBe('SIGKILL');
  expect(await settle('--as', 'gone')).toMatchObject({
    exitCode: 4,
    stderr: expect.stringContaining('is gone already'),
  });
  expect(await project.sharedWf(['rollback', 'cut-off'])).toMatchObject({ exitCode: 0 });
  const { status, requests } = await record();
  expect({ status, outcomes: requests.map(({ outcome }) => outcome?.type) }).toEqual({
    status: 'rolled-back',
    outcomes: ['handled'],
  });
});

test.concurrent('a run that has not ended settles nothing', async () => {
  const { project } = await openStuckRun('open');
  const env = { WF_CRASH_AT: 'after commit step.succeeded make' };
  const file = path.join(project.folder, 'other');
  await project.start(['start', 'stuck', '--id', 'open-killed', '--input', `file=${file}`], { env }).end;
  const refused = await project.sharedWf(['settle', 'open-killed', '1', '--as', 'gone', '--reason', 'x']);
  expect(refused).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('it has not ended') });
});

test.concurrent('a change whose place is gone is settled, and the run reports that the host was not compared', async () => {
  const { project, file, record } = await openStuckRun('elsewhere', 'inner');
  rmSync(file);
  // The undo of a command needs the folder in which it was started.
  rmSync(path.join(project.folder, 'inner'), { recursive: true });
  expect(await project.sharedWf(['rollback', 'elsewhere'])).toMatchObject({ exitCode: 4 });
  const settled = await project.sharedWf(['settle', 'elsewhere', '1', '--as', 'gone', '--reason', 'removed by hand']);
  expect(settled, settled.stderr).toMatchObject({ exitCode: 0 });
  expect(await record()).toMatchObject({
    status: 'failed',
    error: { message: expect.stringContaining('nobody has compared the host since') },
    changes: [{ status: 'gone' }, {}],
  });
});

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { PinnedConnection } from '../../../src/sqlite/pinned-connection.ts';
import { readRecord } from '../../support/command/read-record.ts';
import type { runRecordSchema } from '../../support/command/run-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { killIfThere } from '../../support/host/kill.ts';

/** Checks for a file before and after it creates a bridge, which it removes again. */
const WORKFLOW = `
  import { defineWorkflow } from 'wf-engine';
  import { execCommand, execRead, revertSteps } from 'wf-engine/steps';
  import { setup } from 'xstate';
  import { z } from 'zod';
  const checkFor = (name) => ({ context }) => ({ argv: ['test', '-e', context.folder + '/' + name] });
  export default defineWorkflow({
    name: 'bridge', version: '1', description: 'Makes a bridge.', input: z.object({ folder: z.string() }),
    machine: setup({ types: { context: {}, input: {} }, actors: { run: execCommand, read: execRead, revert: revertSteps } }).createMachine({
      context: ({ input }) => input, initial: 'before',
      states: {
        before: { invoke: { id: 'before', src: 'read', input: checkFor('before'), onDone: 'make' } },
        make: { invoke: { id: 'make', src: 'run', onDone: 'after', input: {
          argv: ['ip', 'link', 'add', 'wfretry', 'type', 'bridge'], check: ['ip', 'link', 'show', 'wfretry'], undo: ['ip', 'link', 'del', 'wfretry'] } } },
        after: { invoke: { id: 'after', src: 'read', input: checkFor('after'), onDone: 'remove' } },
        remove: { invoke: { id: 'remove', src: 'revert', input: { steps: ['make'] }, onDone: 'done' } },
        done: { type: 'final' },
      },
    }),
  });`;

/** Opens a project with these files, whose run has failed on a private host. */
async function openFailedRun(id: string, ...files: readonly string[]) {
  const project = openProject({ 'workflows/bridge.ts': WORKFLOW });
  const { folder, database, sharedWf } = project;
  const write = (name: string) => writeFileSync(path.join(folder, name), '');
  for (const name of files) write(name);
  onTestFinished(async () => void (await sharedWf(['rollback', id])));
  const args = ['start', 'bridge', '--id', id, '--runtime', 'embedded', '--on-failure', 'keep'];
  const start = await sharedWf([...args, '--input', `folder=${folder}`]);
  expect(start, start.stderr).toMatchObject({ exitCode: 1 });
  const hosts = () => {
    const db = new PinnedConnection(database, { readonly: true });
    const rows = db.prepare(`SELECT data FROM journal WHERE type = 'host.made' ORDER BY seq`).pluck().all();
    db.close();
    const made = z.object({ process: z.object({ pid: z.number() }) });
    return rows.map((data) => made.parse(JSON.parse(z.string().parse(data))).process.pid);
  };
  const record = async () => readRecord(project, id);
  return { ...project, write, hosts, record };
}

const stepsOf = ({ steps }: z.output<typeof runRecordSchema>) =>
  steps.map(({ id, status, attempts }) => `${id} ${status} ${attempts}`);

test('a retry continues a run on its private host, which was kept with its changes', async () => {
  const { wf, write, hosts, record } = await openFailedRun('kept-host', 'before');
  expect(stepsOf(await record())).toEqual(['before succeeded 1', 'make succeeded 1', 'after failed 1']);
  write('after');
  const retried = await wf(['retry', 'kept-host']);
  expect(retried, retried.stderr).toMatchObject({ exitCode: 0 });
  expect(hosts()).toHaveLength(1);
  expect(stepsOf(await record())).toEqual([
    ...['before succeeded 1', 'make succeeded 1', 'after succeeded 2', 'remove succeeded 1'],
  ]);
});

test('a retry continues a run that had changed nothing on another private host', async () => {
  const { sharedWf, write, hosts, record } = await openFailedRun('other-host');
  for (const name of ['before', 'after']) write(name);
  const retried = await sharedWf(['retry', 'other-host']);
  expect(retried, retried.stderr).toMatchObject({ exitCode: 0 });
  expect(hosts()).toHaveLength(2);
  expect(stepsOf(await record())[0]).toBe('before succeeded 2');
});

test('a run whose changes are gone with its private host is refused, and is started anew after a rollback', async () => {
  const { sharedWf, write, hosts, record } = await openFailedRun('lost-host', 'before');
  write('after');
  for (const pid of hosts()) killIfThere(pid);
  const refused = await sharedWf(['retry', 'lost-host']);
  expect(refused.stderr).toMatch(/^error E_NAMESPACE_GONE: the private host of run lost-host is gone/m);
  expect(refused.stderr).toContain('`wf rollback lost-host');
  expect(await record()).toMatchObject({ status: 'failed', requests: [{ outcome: { type: 'refused' } }] });
  expect(await sharedWf(['rollback', 'lost-host'])).toMatchObject({ exitCode: 0 });
  const anew = await sharedWf(['retry', 'lost-host', '--json']);
  expect(anew, anew.stderr).toMatchObject({ exitCode: 0 });
  expect(anew.json()).toMatchObject({ run: { status: 'succeeded', runtime: 'embedded', retryOf: 'lost-host' } });
});

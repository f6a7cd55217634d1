import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PinnedConnection } from '../../src/sqlite/pinned-connection.ts';
import {
  canActAsOrdinaryUser,
  ORDINARY_USER,
  ORDINARY_USER_ID,
  ownedByOrdinaryUser,
} from '../support/command/ordinary-user.ts';
import { runRecordSchema } from '../support/command/run-record.ts';
import { openProject, type WfEnd } from '../support/command/run-wf.ts';
import { runSharedWf } from '../support/command/shared-wf.ts';

const isRoot = process.getuid?.() === 0;

const WORKFLOW = `
import { defineWorkflow } from 'wf-engine';
import { execCommand, execRead } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';

const link = (verb: string) => ['ip', 'link', verb, 'dev', 'wfplace'] as [string, ...string[]];
const machine = setup({ actors: { execCommand, execRead } }).createMachine({
  initial: 'make',
  states: {
    make: {
      initial: 'folder',
      onDone: 'list',
      states: {
        folder: {
          invoke: { id: 'folder', src: 'execCommand', onDone: 'link',
            input: { argv: ['mkdir', 'release'], undo: ['rm', '-rf', 'release'] } },
        },
        link: {
          invoke: { id: 'link', src: 'execCommand', onDone: 'made', input: LINK },
        },
        made: { type: 'final' },
      },
    },
    list: {
      invoke: { id: 'list', src: 'execRead', input: { argv: ['ls', '-d', 'release'] }, onDone: 'done' },
    },
    done: { type: 'final' },
  },
});
export default defineWorkflow({ name: 'release', version: '1', description: 'x', input: z.object({}), keepsChanges: true, machine });
`;
const NO_LINK = `{ argv: ['true'], undo: ['true'] }`;
const LINK = `{ argv: ['ip', 'link', 'add', 'name', 'wfplace', 'type', 'bridge'], check: link('show'), undo: link('delete') }`;

const project = (link = NO_LINK) => openProject({ 'workflows/release.ts': WORKFLOW.replace('LINK', link) });
const PAUSED = ['start', 'release', '--id', 'placed', '--pause-after', 'make', '--runtime', 'docker'];

/** Returns the statuses of the changes of a run. Other changes of the machine are ignored. */
const statuses = (end: WfEnd) => runRecordSchema.parse(end.json()).changes.map(({ status }) => status);
const UNDONE = ['reverted', 'reverted'];

describe('the working directory', () => {
  test('of a resume or rollback from another folder is that of the run; objects of the same name elsewhere are not touched', async () => {
    const { wf, sharedWf, folder, environment: env } = project();
    expect(await sharedWf(PAUSED)).toMatchObject({ exitCode: 0 });
    expect(existsSync(path.join(folder, 'release'))).toBe(true);
    const elsewhere = path.join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    const resumed = await wf(['resume', 'placed', '--json'], { cwd: elsewhere });
    const list = runRecordSchema.parse(resumed.json()).steps.find(({ id }) => id === 'list');
    expect(list, resumed.stdout + resumed.stderr).toMatchObject({ status: 'succeeded' });

    mkdirSync(path.join(elsewhere, 'release'));
    const changes = await runSharedWf({ argv: ['changes', 'placed'], cwd: elsewhere, env });
    expect(changes.stdout).toContain(`env --chdir=${folder} rm -rf release`);
    const undone = await wf(['rollback', 'placed', '--json'], { cwd: elsewhere });
    expect(statuses(undone), undone.stdout).toEqual(UNDONE);
    expect(existsSync(path.join(folder, 'release'))).toBe(false);
    expect(readdirSync(elsewhere)).toEqual(['release']);
  });

  test('is named if it is gone, and nothing is touched', async () => {
    const { sharedWf, folder, environment: env } = project();
    const inside = path.join(folder, 'inside');
    mkdirSync(inside);
    expect(await runSharedWf({ argv: PAUSED, cwd: inside, env })).toMatchObject({ exitCode: 0 });
    renameSync(inside, `${inside}-moved`);
    for (const args of [
      ['rollback', 'placed'],
      ['resume', 'placed'],
      ['resume', 'placed', '--dry-run'],
    ]) {
      const refused = await sharedWf([...args, '--json']);
      expect(refused).toMatchObject({ exitCode: 4 });
      expect(refused.json()).toMatchObject({
        error: {
          code: 'E_WRONG_PLACE',
          message: expect.stringContaining(`run placed was started in ${inside}, and wf runs`),
        },
      });
    }
    expect(existsSync(path.join(`${inside}-moved`, 'release'))).toBe(true);
    renameSync(`${inside}-moved`, inside);
    expect(statuses(await sharedWf(['rollback', 'placed', '--json']))).toEqual(UNDONE);
    expect(readdirSync(inside)).toEqual([]);
  });
});

describe.skipIf(!isRoot)('the network namespace', () => {
  test('is named if wf is in another one, and a rollback in the right one succeeds', async () => {
    const { wf, sharedWf } = project(LINK);
    const there = await ownNetwork();
    expect(await wf(PAUSED, { through: there.enter })).toMatchObject({ exitCode: 0 });
    expect(there.hasLink()).toBe(true);
    for (const args of [
      ['rollback', 'placed'],
      ['resume', 'placed'],
      ['resume', 'placed', '--dry-run'],
    ]) {
      const refused = await sharedWf([...args, '--json']);
      expect(refused).toMatchObject({ exitCode: 4 });
      expect(refused.json()).toMatchObject({
        error: { code: 'E_WRONG_PLACE', hint: expect.stringContaining(`nsenter --net=/proc/${there.pid}/ns/net wf `) },
      });
    }
    expect(there.hasLink()).toBe(true);
    expect(statuses(await sharedWf(['show', 'placed', '--json']))).toEqual(['applied', 'applied']);
    const undone = await wf(['rollback', 'placed', '--json'], { through: there.enter });
    expect(statuses(undone), undone.stdout).toEqual(UNDONE);
    expect(runRecordSchema.parse(undone.json())).toMatchObject({ verification: { residues: [] } });
    expect(there.hasLink()).toBe(false);
  });

  test('leaves all changes stuck if it has ended, as no command runs in another one', async () => {
    const { wf, sharedWf, folder, database } = project(LINK);
    const there = await ownNetwork();
    expect(await wf(PAUSED, { through: there.enter })).toMatchObject({ exitCode: 0 });
    await there.end();
    // The kernel reuses the inode of an ended namespace. No namespace has inode 1.
    const db = new PinnedConnection(database);
    db.exec(`UPDATE runs SET place = json_set(place, '$.networkNamespace.inode', 1)`);
    db.close();
    const undone = await sharedWf(['rollback', 'placed', '--json']);
    expect(undone.exitCode, undone.stdout).toBe(5);
    expect(statuses(undone)).toEqual(['stuck', 'stuck']);
    const changes = await sharedWf(['changes', 'placed']);
    expect(changes.stdout.match(/stuck: .*network namespace 1, in which .* is gone/g)).toHaveLength(2);
    expect(existsSync(path.join(folder, 'release'))).toBe(true);
  });
});

describe.skipIf(!canActAsOrdinaryUser())('the user', () => {
  test('is the only one who may undo the commands of a run', async () => {
    const { wf, sharedWf, folder } = project();
    ownedByOrdinaryUser(folder);
    // This lane has the /tmp of the machine.
    const locks = `/tmp/wf-${ORDINARY_USER_ID}`;
    if (!existsSync(locks)) onTestFinished(() => rmSync(locks, { recursive: true, force: true }));
    const started = await wf(PAUSED, { through: ORDINARY_USER });
    expect(started.exitCode, started.stderr).toBe(0);
    // An ordinary user cannot create a cgroup, and wf prints a warning.
    expect(started.stderr).toContain('cgroups are not available');
    for (const args of [
      ['rollback', 'placed'],
      ['resume', 'placed'],
    ]) {
      const refused = await sharedWf([...args, '--json'], { env: { WF_SAFE_DIRECTORY: folder } });
      expect(refused).toMatchObject({ exitCode: 4 });
      expect(refused.json()).toMatchObject({
        error: {
          code: 'E_WRONG_PLACE',
          message: expect.stringContaining(`by user ${ORDINARY_USER_ID}, and wf runs as user 0`),
        },
      });
    }
    expect(existsSync(path.join(folder, 'release'))).toBe(true);
    expect(statuses(await wf(['rollback', 'placed', '--json'], { through: ORDINARY_USER }))).toEqual(UNDONE);
    expect(existsSync(path.join(folder, 'release'))).toBe(false);
  });
});

/** Creates a network namespace, and returns the command that enters it. It ends with the test at the latest. */
async function ownNetwork() {
  const holder = spawn('unshare', ['--net', 'sleep', '600'], { stdio: 'ignore' });
  const ended = new Promise((resolve) => holder.once('exit', resolve));
  const end = async () => {
    holder.kill('SIGKILL');
    await ended;
  };
  onTestFinished(end);
  const { pid } = holder;
  if (pid === undefined) throw new Error('unshare could not be started');
  const net = `/proc/${pid}/ns/net`;
  while (readlinkSync(net) === readlinkSync('/proc/self/ns/net')) await new Promise((done) => setTimeout(done, 5));
  const enter = ['nsenter', `--net=${net}`];
  const hasLink = () => spawnSync('nsenter', [`--net=${net}`, 'ip', 'link', 'show', 'wfplace']).status === 0;
  return { pid, enter, end, hasLink };
}

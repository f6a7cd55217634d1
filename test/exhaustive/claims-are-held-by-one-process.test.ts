import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ProcessMark } from '../../src/engine/model/identity/process-mark.ts';
import { isRunActive, lockedClaims } from '../../src/host/locks/claims.ts';
import { lockFolder } from '../../src/host/locks/lock-folder.ts';
import { systemClock } from '../../src/host/machine/clock.ts';
import { createOrphanedProcesses } from '../../src/host/processes/orphaned-processes.ts';
import { processStat } from '../../src/host/processes/process.ts';
import { startChild } from '../fixtures/history/child.ts';
import { runId } from '../fixtures/history/samples.ts';
import { canActAsOrdinaryUser } from '../support/command/ordinary-user.ts';
import { notAfterTest, running } from '../support/host/processes.ts';

const unique = `${process.pid}-${process.hrtime.bigint()}`;

test('a claim in use is refused with its run, and the rest of the set is released', async () => {
  const held = await lockedClaims.acquire([`link a ${unique}`], runId('one'));
  await expect(lockedClaims.acquire([`link b ${unique}`, `link a ${unique}`], runId('two'))).rejects.toMatchObject({
    code: 'E_NAME_IN_USE',
    message: expect.stringContaining('run one'),
  });
  const other = await lockedClaims.acquire([`link b ${unique}`], runId('three'));
  other.release();
  held.release();
});

test('a released claim is free', async () => {
  const claims = [`network x ${unique}`, `network y ${unique}`];
  (await lockedClaims.acquire(claims, runId('one'))).release();
  (await lockedClaims.acquire(claims, runId('two'))).release();
});

test('claims that were released take no memory', async () => {
  const claimed = async (times: number) => {
    for (let n = 0; n < times; n += 1) (await lockedClaims.acquire([`network z ${unique}`], runId(`m${n}`))).release();
    const { rss, external } = process.memoryUsage();
    return (rss - getHeapStatistics().total_physical_size - external) / 2 ** 20;
  };
  const before = await claimed(1_000);
  expect(await claimed(4_000)).toBeLessThan(before + 6);
});

test('exactly one of many concurrent requests gets all claims', async () => {
  const claims = ['c', 'a', 'b'].map((name) => `container ${name} ${unique}`);
  const tries = await Promise.allSettled(
    Array.from({ length: 20 }, (_, n) =>
      lockedClaims.acquire(n % 2 === 0 ? claims : claims.toReversed(), runId(`r${n}`)),
    ),
  );
  const winners = tries.flatMap((tried) => (tried.status === 'fulfilled' ? [tried.value] : []));
  expect(winners).toHaveLength(1);
  for (const winner of winners) winner.release();
});

test('a run is locked by one process, which is named to the others', async () => {
  const run = runId(`held-${process.pid}`);
  expect(await isRunActive(run)).toBe(false);
  const tries = await Promise.allSettled(Array.from({ length: 20 }, () => lockedClaims.acquireRun(run, 60_000)));
  const winners = tries.flatMap((tried) => (tried.status === 'fulfilled' ? [tried.value] : []));
  expect(winners).toHaveLength(1);
  for (const tried of tries) {
    if (tried.status === 'fulfilled') continue;
    expect(tried.reason).toMatchObject({
      code: 'E_LEASE_HELD',
      message: `run ${run} is being advanced by process ${process.pid}`,
    });
  }
  expect(await isRunActive(run)).toBe(true);
  for (const winner of winners) winner.release();
  expect(await isRunActive(run)).toBe(false);
});

test('a run stays locked while its process is stopped, and is free once it is killed', async () => {
  const run = runId(`stopped-${process.pid}`);
  const holder = startChild('host/run-marked', [run, 'none']);
  await holder.line(1);
  holder.process.kill('SIGSTOP');
  await vi.waitFor(() => expect(processStat(holder.process.pid ?? 0)?.state).toBe('T'), 10_000);
  await expect(lockedClaims.acquireRun(run, 50)).rejects.toMatchObject({
    code: 'E_LEASE_HELD',
    message: expect.stringContaining(`process ${holder.process.pid}, which was stopped`),
    hint: expect.stringContaining('kill -CONT'),
  });
  expect(await isRunActive(run)).toBe(true);
  holder.process.kill('SIGKILL');
  await holder.ended;
  expect(await isRunActive(run)).toBe(false);
  (await lockedClaims.acquireRun(run, 0)).release();
});

/** Kills a process that starts a child, and stops the child between fork and exec. Returns its process id. */
async function copyBeforeExec(run: string): Promise<number> {
  for (;;) {
    const wf = startChild('host/start-slowly', [run, '181.25']);
    await wf.line(1);
    const copy = firstChildOf(wf.process.pid ?? 0);
    process.kill(copy, 'SIGSTOP');
    const ended = once(wf.process, 'exit'); // the copy may still hold its standard output open
    wf.process.kill('SIGKILL');
    await ended;
    if (readlinkSync(`/proc/${copy}/exe`) === readlinkSync('/proc/self/exe')) return copy;
    // The kill came too late: the child has called exec.
    process.kill(copy, 'SIGKILL');
  }
}

test('a child between fork and exec keeps the run locked after a kill of wf, and has its mark after exec', async () => {
  const run = runId(`slow-${process.pid}`);
  const orphans = createOrphanedProcesses(systemClock);
  const ofRun = (mark: ProcessMark) => mark.run === run;
  notAfterTest('sleep 181.25');
  const copy = await copyBeforeExec(run);
  expect(await isRunActive(run)).toBe(true);
  await expect(lockedClaims.acquireRun(run, 20)).rejects.toMatchObject({ code: 'E_LEASE_HELD' });
  expect(await orphans.end(ofRun), 'no scan can know yet what it will be').toEqual([]);

  process.kill(copy, 'SIGCONT');
  const held = await lockedClaims.acquireRun(run, 10_000);
  expect(await orphans.end(ofRun)).toMatchObject([{ pid: copy, command: 'sleep 181.25' }]);
  expect(running('sleep 181.25')).toEqual([]);
  held.release();
});

const asRoot = test.skipIf(!canActAsOrdinaryUser());
const OTHER_USER = ['setpriv', '--reuid', '4242', '--regid', '4242', '--clear-groups'];

asRoot('another user cannot block a run with the same id, which still counts as active', async () => {
  const run = runId(`users-${process.pid}`);
  const runtime = mkdtempSync(path.join(tmpdir(), 'wf-runtime-'));
  onTestFinished(() => rmSync(runtime, { recursive: true, force: true }));
  chownSync(runtime, 4242, 4242);
  const other = startChild('host/run-marked', [run, 'none'], [...OTHER_USER, 'env', `XDG_RUNTIME_DIR=${runtime}`]);
  await other.line(1);
  // The run counts as active, so sweep does not touch its objects.
  expect(await isRunActive(run)).toBe(true);
  const held = await lockedClaims.acquireRun(run, 0);
  held.release();
});

asRoot('the lock folder is accessible only to its user', async () => {
  const held = await lockedClaims.acquireRun(runId(`folder-${process.pid}`), 0);
  const { mode, uid } = statSync(lockFolder());
  expect({ mode: mode & 0o7777, uid }).toEqual({ mode: 0o700, uid: process.getuid?.() });
  for (const name of readdirSync(lockFolder())) {
    const reached = spawnSync('setpriv', [...OTHER_USER.slice(1), 'test', '-e', path.join(lockFolder(), name)]);
    expect(reached.status, name).toBe(1);
  }
  held.release();
});

asRoot(
  'a run is locked across network and PID namespaces, and a PID of another namespace is reported as such',
  async () => {
    const run = runId(`namespaces-${process.pid}`);
    const away = ['unshare', '--net', '--pid', '--fork', '--mount-proc', '--kill-child'];
    const holder = startChild('host/run-marked', [run, 'none'], away);
    expect(JSON.parse(await holder.line(1))).toMatchObject({ pid: 1 });
    expect(await isRunActive(run)).toBe(true);
    const refusal = lockedClaims.acquireRun(run, 0);
    await expect(refusal).rejects.toMatchObject({
      code: 'E_LEASE_HELD',
      message: expect.stringContaining('another PID namespace'),
      hint: expect.not.stringMatching(/kill/),
    });
    holder.process.kill('SIGKILL');
    await holder.ended;
    (await lockedClaims.acquireRun(run, 5_000)).release();
  },
);

asRoot('a name is claimed per network namespace', async () => {
  const claim = `link n ${unique}`;
  const held = await lockedClaims.acquire([claim], runId('here'));
  const there = startChild('host/hold-claim', [claim], ['unshare', '--net']);
  expect(await there.line(1)).toBe('held');
  const beside = startChild('host/hold-claim', [claim]);
  expect(await beside.line(1)).toContain('is claimed by run here');
  held.release();
});

test('the next process removes the locks of a killed one', async () => {
  const killed = startChild('host/run-marked', [`left-${process.pid}`, 'none']);
  await killed.line(1);
  const before = new Set(readdirSync(lockFolder()));
  killed.process.kill('SIGKILL');
  await killed.ended;
  const next = startChild('host/hold-claim', [`link next ${unique}`]);
  await next.line(1);
  expect(readdirSync(lockFolder()).filter((name) => before.has(name)).length).toBeLessThan(before.size);
});

test('damaged locks of an earlier boot are removed and block no run, and those of another machine stay', async () => {
  const tableOf = (name: string) => path.join(lockFolder(), `locks-0f2c9a54-${name}.db`);
  const [earlier, beside] = [tableOf('earlier'), tableOf('beside')];
  for (const file of [earlier, beside]) writeFileSync(file, 'half a page');
  onTestFinished(() => rmSync(beside));
  utimesSync(earlier, 0, 0);
  const next = startChild('host/hold-claim', [`link boot ${unique}`]);
  expect(await next.line(1)).toBe('held');
  expect([earlier, beside].map((file) => existsSync(file))).toEqual([false, true]);
});

/** Waits for the first child of a process, and returns its pid. */
function firstChildOf(pid: number): number {
  const until = Date.now() + 5_000;
  while (Date.now() < until) {
    const [child = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
    if (child === '') continue;
    onTestFinished(() => {
      if (existsSync(`/proc/${child}`)) process.kill(Number(child), 'SIGKILL');
    });
    return Number(child);
  }
  throw new Error(`process ${pid} has started nothing`);
}

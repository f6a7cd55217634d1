import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import type { ProcessMark } from '../../src/engine/process-mark.ts';
import { runIsUnderWay, socketClaims } from '../../src/host/claims.ts';
import { systemClock } from '../../src/host/clock.ts';
import { createGhosts } from '../../src/host/ghosts.ts';
import { startChild } from '../fixtures/history/child.ts';
import { runId } from '../fixtures/history/samples.ts';
import { notAfterTest, running } from '../support/processes.ts';

const unique = `${process.pid}-${process.hrtime.bigint()}`;

test('a claim that is held is refused, naming the run that holds it; nothing else of the set stays held', async () => {
  const held = await socketClaims.hold([`link a ${unique}`], runId('one'));
  await expect(socketClaims.hold([`link b ${unique}`, `link a ${unique}`], runId('two'))).rejects.toMatchObject({
    code: 'E_NAME_IN_USE',
    message: expect.stringContaining('run one'),
  });
  const other = await socketClaims.hold([`link b ${unique}`], runId('three'));
  other.release();
  held.release();
});

test('a claim that was released is free', async () => {
  const claims = [`network x ${unique}`, `network y ${unique}`];
  (await socketClaims.hold(claims, runId('one'))).release();
  (await socketClaims.hold(claims, runId('two'))).release();
});

test('of many at the same moment exactly one gets all of them', async () => {
  const claims = ['c', 'a', 'b'].map((name) => `container ${name} ${unique}`);
  const tries = await Promise.allSettled(
    Array.from({ length: 20 }, (_, n) => socketClaims.hold(n % 2 === 0 ? claims : claims.toReversed(), runId(`r${n}`))),
  );
  const winners = tries.flatMap((tried) => (tried.status === 'fulfilled' ? [tried.value] : []));
  expect(winners).toHaveLength(1);
  for (const winner of winners) winner.release();
});

test('a run is held by one process, which is named to the others at once', async () => {
  const run = runId(`held-${process.pid}`);
  expect(await runIsUnderWay(run)).toBe(false);
  const tries = await Promise.allSettled(Array.from({ length: 20 }, () => socketClaims.holdRun(run, 60_000)));
  const winners = tries.flatMap((tried) => (tried.status === 'fulfilled' ? [tried.value] : []));
  expect(winners).toHaveLength(1);
  for (const tried of tries) {
    if (tried.status === 'fulfilled') continue;
    expect(tried.reason).toMatchObject({
      code: 'E_LEASE_HELD',
      message: `run ${run} is being advanced by process ${process.pid}`,
    });
  }
  expect(await runIsUnderWay(run)).toBe(true);
  for (const winner of winners) winner.release();
  expect(await runIsUnderWay(run)).toBe(false);
});

test('a run stays held while its process is stopped, and is free when that is killed', async () => {
  const run = runId(`stopped-${process.pid}`);
  const holder = startChild('../host/run-marked.ts', [run, 'none']);
  await holder.line(1);
  holder.process.kill('SIGSTOP');
  await expect(socketClaims.holdRun(run, 50)).rejects.toMatchObject({
    code: 'E_LEASE_HELD',
    message: expect.stringContaining('does not answer'),
    hint: expect.stringContaining('kill -CONT'),
  });
  expect(await runIsUnderWay(run)).toBe(true);
  holder.process.kill('SIGKILL');
  await holder.ended;
  expect(await runIsUnderWay(run)).toBe(false);
  (await socketClaims.holdRun(run, 0)).release();
});

test('a child that is not yet what it was started as keeps the run held after the death of wf; then it has its mark', async () => {
  const run = runId(`slow-${process.pid}`);
  const ghosts = createGhosts(systemClock);
  const ofRun = (mark: ProcessMark) => mark.run === run;
  notAfterTest('sleep 181.25');
  const wf = startChild('../host/start-slowly.ts', [run, '181.25']);
  await wf.line(1);
  const copy = firstChildOf(wf.process.pid ?? 0);
  process.kill(copy, 'SIGSTOP');
  const ended = once(wf.process, 'exit'); // its standard output the copy may still have open
  wf.process.kill('SIGKILL');
  await ended;
  expect(wf.lines, 'it was killed while it started the child').toEqual(['starting']);

  expect(await runIsUnderWay(run)).toBe(true);
  await expect(socketClaims.holdRun(run, 20)).rejects.toMatchObject({ code: 'E_LEASE_HELD' });
  expect(await ghosts.end(ofRun), 'no scan can tell yet what it will be').toEqual([]);

  process.kill(copy, 'SIGCONT');
  const held = await socketClaims.holdRun(run, 10_000);
  expect(await ghosts.end(ofRun)).toMatchObject([{ pid: copy, command: 'sleep 181.25' }]);
  expect(running('sleep 181.25')).toEqual([]);
  held.release();
});

/** The first child that a process has, as soon as it has one. */
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

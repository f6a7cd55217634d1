import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { NO_CRASH_POINTS } from '../../../src/engine/ports/crash-points.ts';
import { createCrashPoints } from '../../../src/host/workflow-code/crash-points.ts';
import { startChild } from '../../fixtures/history/child.ts';

const A = 'before commit step.attempted pull#2';
const B = 'after touch splice apply 1 ip link set';

function reach(env: Readonly<Record<string, string>>, ...points: readonly string[]) {
  return startChild('../host/reach.ts', points, [
    'env',
    ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
  ]);
}

test('a process dies at its crash point, and nothing of it runs after that', async () => {
  const child = reach({ WF_CRASH_AT: B }, A, `${B} more`, B, A);
  expect(await child.ended).toBe('SIGKILL');
  expect(child.lines).toEqual([A, `${B} more`]);
});

test('at its second time where that is asked for', async () => {
  const child = reach({ WF_CRASH_AT: `${A}@2` }, A, B, A, B);
  expect(await child.ended).toBe('SIGKILL');
  expect(child.lines).toEqual([A, B]);
});

test('a process stands still where that is asked for, once, until it is told to go on', async () => {
  const child = reach({ WF_HALT_AT: A }, B, A, A, B);
  const status = () => readFileSync(`/proc/${child.process.pid}/status`, 'utf8');
  await expect.poll(status, { timeout: 10_000 }).toMatch(/^State:\s+T/m);
  await expect.poll(() => child.lines).toEqual([B]);
  child.process.kill('SIGCONT');
  expect(await child.ended).toBe(0);
  expect(child.lines).toEqual([B, A, A, B, 'handlers ran']);
});

test('each point is noted before the process dies there', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'wf-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const log = path.join(folder, 'points');
  expect(await reach({ WF_CRASH_LOG: log }, A, B).ended).toBe(0);
  expect(await reach({ WF_CRASH_LOG: log, WF_CRASH_AT: B }, A, B).ended).toBe('SIGKILL');
  expect(readFileSync(log, 'utf8')).toBe(`${A}\n${B}\n${A}\n${B}\n`);
});

test('a touch of the host fails where that is asked for', () => {
  const points = createCrashPoints({ WF_FAIL_AT: B });
  points.reach(A);
  expect(() => points.reach(B)).toThrow(
    expect.objectContaining({ code: 'E_STEP_FAILED', message: expect.stringContaining(B) }),
  );
});

test('without being asked for there are none', () => {
  expect(createCrashPoints({})).toBe(NO_CRASH_POINTS);
});

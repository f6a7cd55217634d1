import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { NO_CRASH_POINTS } from '../../../../src/engine/ports/crash-points.ts';
import { createCrashPoints } from '../../../../src/host/workflow-code/crash-points.ts';
import { startChild } from '../../../fixtures/history/child.ts';

const A = 'before commit step.attempted pull#2';
const B = 'after touch splice apply 1 ip link set';

function reach(env: Readonly<Record<string, string>>, ...points: readonly string[]) {
  return startChild('host/reach', points, ['env', ...Object.entries(env).map(([name, value]) => `${name}=${value}`)]);
}

test('WF_CRASH_AT kills a process at its crash point, and nothing runs after it', async () => {
  const child = reach({ WF_CRASH_AT: B }, A, `${B} more`, B, A);
  expect(await child.ended).toBe('SIGKILL');
  expect(child.lines).toEqual([A, `${B} more`]);
});

test('WF_CRASH_AT=POINT@2 kills a process at the second visit of the point', async () => {
  const child = reach({ WF_CRASH_AT: `${A}@2` }, A, B, A, B);
  expect(await child.ended).toBe('SIGKILL');
  expect(child.lines).toEqual([A, B]);
});

test('WF_HALT_AT stops a process once, until SIGCONT', async () => {
  const child = reach({ WF_HALT_AT: A }, B, A, A, B);
  const status = () => readFileSync(`/proc/${child.process.pid}/status`, 'utf8');
  await expect.poll(status, { timeout: 10_000 }).toMatch(/^State:\s+T/m);
  await expect.poll(() => child.lines).toEqual([B]);
  child.process.kill('SIGCONT');
  expect(await child.ended).toBe(0);
  expect(child.lines).toEqual([B, A, A, B, 'handlers ran']);
});

test('WF_CRASH_LOG logs each point before the process is killed there', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'wf-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const log = path.join(folder, 'points');
  expect(await reach({ WF_CRASH_LOG: log }, A, B).ended).toBe(0);
  expect(await reach({ WF_CRASH_LOG: log, WF_CRASH_AT: B }, A, B).ended).toBe('SIGKILL');
  expect(readFileSync(log, 'utf8')).toBe(`${A}\n${B}\n${A}\n${B}\n`);
});

test('WF_FAIL_AT makes a touch of the host fail', () => {
  const points = createCrashPoints({ WF_FAIL_AT: B });
  points.reach(A);
  expect(() => points.reach(B)).toThrow(
    expect.objectContaining({ code: 'E_STEP_FAILED', message: expect.stringContaining(B) }),
  );
});

test('WF_FAIL_STEP makes a step fail', () => {
  const points = createCrashPoints({ WF_FAIL_STEP: 'second' });
  points.beginStep?.('first');
  expect(() => points.beginStep?.('second')).toThrow(
    expect.objectContaining({ code: 'E_STEP_FAILED', message: expect.stringContaining('step second') }),
  );
});

test('an empty environment has no crash points', () => {
  expect(createCrashPoints({})).toBe(NO_CRASH_POINTS);
});

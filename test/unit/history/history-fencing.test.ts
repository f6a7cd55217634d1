import fs from 'node:fs';
import { expect, test } from 'vitest';
import { WfError } from '../../../src/engine/model/errors.ts';
import { asStepId } from '../../../src/engine/model/ids.ts';
import type { HistoryPort, Lease } from '../../../src/engine/ports/history.ts';
import {
  AT,
  DEFINITION,
  decidedToStart,
  ENDED,
  headerOf,
  INTERRUPTED,
  intended,
  OWNER,
  PAUSED,
  runId,
} from '../../fixtures/history/samples.ts';
import { errorOf, openForTest, openRaw } from '../../fixtures/history/temporary.ts';

const EVIDENCE = {
  step: asStepId('a'),
  attempt: 1,
  command: 'ip link',
  output: '',
  exitCode: 0,
  startedAt: AT,
  durationMs: 0.5,
};

function appendOnce(history: HistoryPort, lease: Lease): unknown {
  return history.append(lease, { events: [decidedToStart('a'), intended(1, 'a')], evidence: [EVIDENCE] }, AT);
}

function rowsOf(path: string): unknown {
  const raw = openRaw(path);
  return ['runs', 'journal', 'steps', 'changes', 'evidence', 'claims'].map((table) =>
    raw.prepare(`SELECT * FROM ${table}`).all(),
  );
}

test.each<[string, (history: HistoryPort, lease: Lease, path: string) => Lease]>([
  [
    'another process has taken over the run',
    (_history, lease, path) => {
      openRaw(path).exec('UPDATE runs SET fence = fence + 1, owner_pid = 99');
      return lease;
    },
  ],
  [
    'the lease was released',
    (history, lease) => {
      history.release(lease);
      return lease;
    },
  ],
  [
    'the run has ended',
    (history, lease) => {
      history.append(lease, { events: [ENDED] }, AT);
      return lease;
    },
  ],
  ['the run does not exist', (_history, lease) => ({ ...lease, run: runId('nowhere') })],
  ['the fence is from the future', (_history, lease) => ({ ...lease, fence: lease.fence + 1 })],
])('nothing is written without the lease: %s', (_why, lose) => {
  const { history, path } = openForTest();
  const lease = lose(history, history.create(headerOf('fenced'), DEFINITION, OWNER, ['network devops'], AT), path);
  const before = rowsOf(path);
  expect(errorOf(() => appendOnce(history, lease))).toMatchObject({
    code: 'E_LEASE_LOST',
    message: expect.stringContaining(lease.run),
    hint: expect.stringContaining(`wf show ${lease.run}`),
  });
  expect(rowsOf(path)).toEqual(before);
});

test('an append with the lease is one commit', () => {
  const { history, path } = openForTest();
  const lease = history.create(headerOf('fenced'), DEFINITION, OWNER, [], AT);
  const raw = openRaw(path);
  const before = Number(raw.pragma('data_version', { simple: true }));
  appendOnce(history, lease);
  expect(raw.pragma('data_version', { simple: true })).toBe(before + 1);
  expect(history.journal(lease.run)).toHaveLength(2);
  expect(history.evidence(lease.run)).toEqual([EVIDENCE]);
});

test('a batch with one event that does not follow is refused whole', () => {
  const { history, path } = openForTest();
  const lease = history.create(headerOf('fenced'), DEFINITION, OWNER, [], AT);
  const before = rowsOf(path);
  const events = [decidedToStart('a'), { type: 'change.reverting', seq: 1 }, decidedToStart('a')] as const;
  expect(errorOf(() => history.append(lease, { events }, AT))).toMatchObject({
    code: 'E_INTERNAL',
    message: expect.stringContaining('step a'),
  });
  for (const last of [ENDED, PAUSED, INTERRUPTED]) {
    const further = [decidedToStart('a'), last, { type: 'waiting', events: [] }] as const;
    expect(errorOf(() => history.append(lease, { events: further }, AT)).code).toBe('E_INTERNAL');
  }
  expect(rowsOf(path)).toEqual(before);
});

test('release gives up the lease and keeps the claims; a lost lease cannot be released', () => {
  const { history, path } = openForTest();
  const lease = history.create(headerOf('fenced'), DEFINITION, OWNER, ['network devops'], AT);
  const before = history.run(lease.run);
  expect(before).toMatchObject({ owner: OWNER, fence: 1 });
  history.release({ ...lease, fence: 2 });
  expect(history.run(lease.run)).toEqual(before);
  history.release(lease);
  expect(history.run(lease.run)).toEqual({ ...before, owner: null });
  expect(openRaw(path).prepare('SELECT count(*) FROM claims').pluck().get()).toBe(1);
});

test.each([
  ['a pause', PAUSED, 'paused'],
  ['an interruption', INTERRUPTED, 'running'],
] as const)('%s gives up the lease in its own commit and keeps the claims', (_what, last, status) => {
  const { history, path } = openForTest();
  const lease = history.create(headerOf('fenced'), DEFINITION, OWNER, ['network devops'], AT);
  const raw = openRaw(path);
  const before = Number(raw.pragma('data_version', { simple: true }));
  expect(history.holds(lease)).toBe(true);
  history.append(lease, { events: [decidedToStart('a'), last] }, AT);
  expect(raw.pragma('data_version', { simple: true })).toBe(before + 1);
  expect(history.run(lease.run)).toMatchObject({ status, owner: null, fence: 1, finishedAt: null });
  expect(history.holds(lease)).toBe(false);
  expect(errorOf(() => appendOnce(history, lease)).code).toBe('E_LEASE_LOST');
  expect(history.claimsOf(lease.run)).toEqual(['network devops']);
});

test('holds is true only for the latest lease', () => {
  const { history, path } = openForTest();
  const lease = history.create(headerOf('fenced'), DEFINITION, OWNER, [], AT);
  expect([lease, { ...lease, fence: 2 }, { ...lease, run: runId('nowhere') }].map(history.holds)).toEqual([
    true,
    false,
    false,
  ]);
  const other = openForTest(path).history;
  const later = other.takeOver(lease.run, { ...OWNER, pid: 4712 }, () => false);
  expect([history.holds(lease), history.holds(later), other.holds(later)]).toEqual([false, true, true]);
  fs.rmSync(path);
  expect(errorOf(() => history.holds(lease))).toMatchObject({ code: 'E_DATABASE' });
});

test('only the first of 20 processes takes over the run of a dead process', () => {
  const { history } = openForTest();
  const lease = history.create(headerOf('fenced'), DEFINITION, OWNER, [], AT);
  const alive = new Set<number>();
  const outcomes = Array.from({ length: 20 }, (_, index) => {
    const pid = 5000 + index;
    try {
      const { fence } = history.takeOver(lease.run, { ...OWNER, pid }, (owner) => alive.has(owner.pid));
      alive.add(pid);
      return fence;
    } catch (thrown) {
      return thrown instanceof WfError ? thrown.code : thrown;
    }
  });
  expect(outcomes).toEqual([2, ...Array.from({ length: 19 }, () => 'E_LEASE_HELD')]);
});

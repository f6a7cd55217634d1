import { expect, test } from 'vitest';
import type { Lease } from '../../../src/engine/ports/history.ts';
import type { History } from '../../../src/history/history.ts';
import { startChild } from '../../fixtures/history/child.ts';
import { AT, DEFINITION, decidedToStart, ENDED, headerOf, leaseTaken, OWNER } from '../../fixtures/history/samples.ts';
import { errorOf, openForTest, openRaw } from '../../fixtures/history/temporary.ts';

const WAITS = { events: [{ type: 'waiting', events: [] }] } as const;
const OTHER = { ...OWNER, pid: 4712 };

/** Creates a run and appends to it. */
function createRun(history: History): Lease {
  const lease = history.create(headerOf('known'), DEFINITION, OWNER, [], AT);
  history.append(lease, { events: [leaseTaken('start')] }, AT);
  return lease;
}

const seqs = (history: History, { run }: Lease) => history.journal(run).map(({ seq }) => seq);

test('after a takeover by another connection, the earlier owner cannot write until it takes the run over again', () => {
  const { history, path } = openForTest();
  const lease = createRun(history);
  const other = openForTest(path).history;
  const later = other.takeOver(lease.run, OTHER, () => false);
  expect(errorOf(() => history.append(lease, WAITS, AT)).code).toBe('E_LEASE_LOST');
  other.append(later, WAITS, AT);
  expect(errorOf(() => history.append(lease, WAITS, AT)).code).toBe('E_LEASE_LOST');
  other.release(later);
  const again = history.takeOver(lease.run, OWNER, () => false);
  expect(history.append(again, WAITS, AT)).toMatchObject([{ seq: 3 }]);
  expect(errorOf(() => other.append(later, WAITS, AT)).code).toBe('E_LEASE_LOST');
  expect(seqs(history, lease)).toEqual([1, 2, 3]);
});

test('after a takeover by another process, the earlier owner cannot write', async () => {
  const { history, path } = openForTest();
  const lease = createRun(history);
  const child = startChild('history/take-over', [path, lease.run]);
  expect(await child.line(1)).toBe('2');
  const asked = history.groupedCommit(() => history.append(lease, WAITS, AT));
  await expect(asked).rejects.toMatchObject({ code: 'E_LEASE_LOST' });
  expect(await child.ended).toBe(0);
  expect(errorOf(() => history.append(lease, WAITS, AT)).code).toBe('E_LEASE_LOST');
  expect(seqs(history, lease)).toEqual([1, 2]);
});

test('an append sees the commits of other connections, also after a checkpoint', () => {
  const { history, path } = openForTest();
  const lease = createRun(history);
  const raw = openRaw(path);
  raw.exec(`INSERT INTO journal (run, seq, at, type, data) VALUES (1, 2, ${AT}, 'waiting', '{}')`);
  raw.exec(`UPDATE runs SET status = 'waiting'`);
  raw.pragma('wal_checkpoint(TRUNCATE)');
  expect(history.append(lease, { events: [leaseTaken('resume')] }, AT)).toMatchObject([{ seq: 3 }]);
  expect(history.run(lease.run)?.status).toBe('running');
  raw.pragma('wal_checkpoint(TRUNCATE)');
  expect(history.append(lease, WAITS, AT)).toMatchObject([{ seq: 4 }]);
  raw.pragma('user_version = 1000');
  expect(errorOf(() => history.append(lease, WAITS, AT)).code).toBe('E_DATABASE_NEWER');
  expect(errorOf(() => history.append(lease, WAITS, AT)).code).toBe('E_DATABASE_NEWER');
});

test('an append after a rolled-back transaction starts from the committed rows', () => {
  const { history } = openForTest();
  const lease = createRun(history);
  // The second decision does not follow: it starts the same step.
  const begun = decidedToStart('a');
  expect(errorOf(() => history.append(lease, { events: [begun, begun] }, AT)).code).toBe('E_INTERNAL');
  expect(history.run(lease.run)?.startedAt).toBeNull();
  history.append(lease, { events: [begun] }, AT + 1);
  expect(history.run(lease.run)?.startedAt).toBe(AT + 1);
  expect(seqs(history, lease)).toEqual([1, 2]);
});

test('a request that fails in a grouped commit leaves nothing behind', async () => {
  const { history } = openForTest();
  const lease = createRun(history);
  const failing = () => {
    history.append(lease, { events: [decidedToStart('a')] }, AT);
    throw new Error('after it has written');
  };
  const outcomes = await Promise.allSettled([
    history.groupedCommit(failing),
    history.groupedCommit(() => history.append(lease, { events: [decidedToStart('a')] }, AT + 1)),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  expect(history.run(lease.run)?.startedAt).toBe(AT + 1);
  expect(seqs(history, lease)).toEqual([1, 2]);
});

test('a lease ends with the removal of its run', () => {
  const { history } = openForTest();
  const lease = createRun(history);
  history.append(lease, { events: [ENDED] }, AT);
  const again = history.takeOver(lease.run, OWNER, () => false);
  history.append(again, { events: [leaseTaken('rollback')] }, AT);
  expect(history.pruneSome({ endedBefore: AT + 1, keep: 0, isAlive: () => false }, null).removed).toHaveLength(1);
  expect(errorOf(() => history.append(again, WAITS, AT)).code).toBe('E_LEASE_LOST');
});

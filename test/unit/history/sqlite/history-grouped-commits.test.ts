import { expect, test } from 'vitest';
import type { RunId } from '../../../../src/engine/model/ids.ts';
import type { Lease } from '../../../../src/engine/ports/history.ts';
import type { History } from '../../../../src/history/history.ts';
import { openHistory } from '../../../../src/history/open.ts';
import { AT, DEFINITION, headerOf, OWNER } from '../../../fixtures/history/samples.ts';
import { openForTest, openRaw, temporaryPath } from '../../../fixtures/history/temporary.ts';

const WAITS = { events: [{ type: 'waiting', events: [] }] } as const;

const create = (history: History, id: string): Lease => history.create(headerOf(id), DEFINITION, OWNER, [], AT);
const waits = (history: History, lease: Lease) => history.groupedCommit(() => history.append(lease, WAITS, AT));
const lengthOf = (history: History, run: RunId): number => history.journal(run).length;

test('requests of one turn of the event loop share one commit, and settle after it', async () => {
  const { history, path } = openForTest();
  const leases = Array.from({ length: 100 }, (_unused, n) => create(history, `run${n}`));
  // `data_version` changes with each commit of another connection.
  const other = openRaw(path);
  const version = () => Number(other.pragma('data_version', { simple: true }));
  const before = version();
  let settled = 0;
  const asked = leases.map((lease) => waits(history, lease).then(() => (settled += 1)));
  await Promise.resolve();
  expect([settled, version()]).toEqual([0, before]);
  await asked[0];
  const after = version();
  expect(after).not.toBe(before);
  await Promise.all(asked);
  expect([settled, version()]).toEqual([100, after]);
  expect(leases.map(({ run }) => lengthOf(history, run))).toEqual(leases.map(() => 1));
});

test('a lost lease fails only its own request', async () => {
  const { history } = openForTest();
  const [first, lost, last] = ['first', 'lost', 'last'].map((id) => create(history, id));
  if (first === undefined || lost === undefined || last === undefined) throw new Error('no leases');
  history.takeOver(lost.run, OWNER, () => false);
  const outcomes = await Promise.allSettled([first, lost, last].map((lease) => waits(history, lease)));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(outcomes[1]).toMatchObject({ reason: { code: 'E_LEASE_LOST' } });
  expect([first, lost, last].map(({ run }) => lengthOf(history, run))).toEqual([1, 0, 1]);
});

test('a failed request leaves nothing behind, and the others are written once', async () => {
  const { history } = openForTest();
  const [first, second] = [create(history, 'first'), create(history, 'second')];
  const outcomes = await Promise.allSettled([
    waits(history, first),
    history.groupedCommit(() => {
      history.append(second, WAITS, AT);
      throw new Error('after it has written');
    }),
    waits(history, first),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect([lengthOf(history, first.run), lengthOf(history, second.run)]).toEqual([2, 0]);
});

test('close commits pending requests first', async () => {
  const path = temporaryPath();
  const history = openHistory(path);
  const lease = create(history, 'run');
  const asked = waits(history, lease);
  history.close();
  await asked;
  const again = openHistory(path);
  expect(lengthOf(again, lease.run)).toBe(1);
  again.close();
});

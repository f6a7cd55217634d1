import { expect, test } from 'vitest';
import type { FleetCopy } from '../../../src/history/rows/fleet-copies.ts';
import { AT } from '../../fixtures/history/samples.ts';
import { errorOf, openForTest, openRaw } from '../../fixtures/history/temporary.ts';

const copy = (given: Partial<FleetCopy> = {}): FleetCopy => ({
  id: 'fl',
  workflow: 'site',
  status: 'succeeded',
  hosts: 3,
  createdAt: AT,
  finishedAt: AT + 5,
  version: 7,
  record: { id: 'fl', note: 'é' },
  ...given,
});

test('a copy is replaced by a newer one of the same fleet run, and by no older one', () => {
  const { history } = openForTest();
  history.putFleetCopy(copy());
  const undone = copy({ version: 9, status: 'rolled-back', finishedAt: AT + 9, record: { undone: true } });
  history.putFleetCopy(undone);
  history.putFleetCopy(copy());
  expect(history.fleetCopy('fl')).toEqual(undone);
  expect(history.fleetCopies({ limit: 10 })).toHaveLength(1);
  expect(history.fleetCopy('other')).toBeUndefined();
});

test('a copy is kept when an engine that has lost its data uses the id again', () => {
  const { history } = openForTest();
  const again = copy({ createdAt: AT + 100, finishedAt: AT + 101, version: 2 });
  for (const each of [copy(), again]) history.putFleetCopy(each);
  expect(history.fleetCopy('fl')).toEqual(again);
  expect(history.fleetCopies({ limit: 10 }).map(({ createdAt }) => createdAt)).toEqual([AT + 100, AT]);
});

test('copies are listed newest first, by workflow, status and time', () => {
  const { history } = openForTest();
  history.putFleetCopy(copy({ id: 'a' }));
  history.putFleetCopy(copy({ id: 'b', createdAt: AT + 1, workflow: 'lab' }));
  history.putFleetCopy(copy({ id: 'c', createdAt: AT + 2, status: 'rolled-back' }));
  const ids = (filter: object) => history.fleetCopies({ limit: 10, ...filter }).map(({ id }) => id);
  expect(ids({})).toEqual(['c', 'b', 'a']);
  expect(ids({ limit: 1 })).toEqual(['c']);
  expect(ids({ workflow: 'site' })).toEqual(['c', 'a']);
  expect(ids({ status: 'succeeded' })).toEqual(['b', 'a']);
  expect(ids({ since: AT + 1, until: AT + 2 })).toEqual(['b']);
});

test('pruning removes old copies, except the newest of each workflow and those that need attention', () => {
  const { history } = openForTest();
  for (const [id, at] of [
    ['a', 0],
    ['b', 10],
    ['c', 20],
  ] as const) {
    history.putFleetCopy(copy({ id, createdAt: AT + at, finishedAt: AT + at }));
  }
  history.putFleetCopy(copy({ id: 'lab', workflow: 'lab', finishedAt: AT }));
  history.putFleetCopy(copy({ id: 'dirty', createdAt: AT - 1, finishedAt: AT - 1, status: 'needs-attention' }));
  const request = { endedBefore: AT + 15, keep: 1, isAlive: () => false };
  expect(history.prunePlan(request).fleetRuns).toBe(2);
  expect(history.pruneFleetCopies(request)).toBe(2);
  expect(history.fleetCopies({ limit: 10 }).map(({ id }) => id)).toEqual(['c', 'lab', 'dirty']);
  expect(history.pruneFleetCopies({ ...request, keep: 0 })).toBe(1);
});

test('a damaged copy is reported by its id', () => {
  const { history, path } = openForTest();
  history.putFleetCopy(copy());
  const raw = openRaw(path);
  raw.exec("UPDATE fleet_runs SET compressed = x'00'");
  raw.close();
  const { code, message } = errorOf(() => history.fleetCopy('fl'));
  expect([code, message]).toEqual(['E_DATABASE_DAMAGED', expect.stringContaining('fleet run fl')]);
});

import { expect, test } from 'vitest';
import type { FleetSummary } from '../../../src/fleet/fleet-transport.ts';
import { fleetIdSchema } from '../../../src/fleet/model/ids.ts';
import { copiedRecord, copyOf, notCopied, withCopies } from '../../../src/fleet/record/fleet-copy.ts';
import { fleetRecord, fleetRecordSchema } from '../../../src/fleet/record/fleet-record.ts';
import { fleetSummaryRecord } from '../../../src/fleet/record/fleet-summary.ts';
import { fleetLines } from '../../../src/fleet/record/fleet-text.ts';
import { PLAIN_STYLE } from '../../../src/review/text/format/text-style.ts';
import { errorOf, openForTest } from '../../fixtures/history/temporary.ts';
import { beginInMemory, playInMemory } from '../../support/fleet/fleet-in-memory.ts';
import { fleetRequest } from '../../support/fleet/fleet-request.ts';

const { fleet: begun } = beginInMemory(fleetRequest(2, { canary: 1 }), 1_000);
const demand = { kind: 'cancel', by: 'ann', comment: 'wrong' } as const;
const cancelled = playInMemory(begun, { type: 'demanded', demand }, 2_000).fleet;
const ended = playInMemory(
  cancelled,
  {
    type: 'answered',
    host: begun.parts[0]?.host ?? expect.unreachable(),
    action: 'roll-back',
    answer: { type: 'tombstoned' },
  },
  3_000,
).fleet;

test('a record is read back from the history unchanged; a fleet run under way has no copy', () => {
  const { history, path } = openForTest();
  expect(copyOf(begun)).toBeUndefined();
  const copy = copyOf(ended);
  expect(copy).toMatchObject({ id: 'fl', status: 'rolled-back', hosts: 2, createdAt: 1_000, finishedAt: 3_000 });
  history.putFleetCopy(copy ?? expect.unreachable());
  const record = copiedRecord(history, 'fl', path);
  expect(record).toEqual(fleetRecord(ended));
  expect(fleetLines(record ?? expect.unreachable(), PLAIN_STYLE)).toEqual([
    'fleet run fl: change on 2 hosts: rolled-back after 2.0 s',
    '',
    expect.stringMatching(/^WAVE +HOST +STATUS/),
    expect.stringMatching(/1 +h0 +undone/),
    expect.stringMatching(/2 +h1 +skipped/),
    '1970-01-01T00:00:02.000Z cancel by ann: wrong',
    '',
    'E_CANCELLED: cancelled by ann: wrong',
  ]);
  history.putFleetCopy({ ...(copy ?? expect.unreachable()), version: 99, record: { id: 'fl' } });
  expect(errorOf(() => copiedRecord(history, 'fl', path))).toMatchObject({ code: 'E_DATABASE_DAMAGED' });
});

test('a record of a later wf, with more members, is read', () => {
  const later = { ...fleetRecord(ended), region: 'eu' };
  expect(fleetRecordSchema.parse(later)).toEqual(fleetRecord(ended));
});

test('the list has the fleet runs of the engine, and the copies of those that it does not list', () => {
  const { history } = openForTest();
  history.putFleetCopy(copyOf(ended) ?? expect.unreachable());
  const summary = (id: string, given: Partial<FleetSummary> = {}): FleetSummary => ({
    ...{ id: fleetIdSchema.parse(id), workflow: 'change', status: 'rolled-back', hosts: 2 },
    createdAt: 1_000,
    finishedAt: 3_000,
    ...given,
  });
  const ids = (live: readonly FleetSummary[]) =>
    withCopies(live, history).map((one) => `${one.id}${fleetSummaryRecord(one).copy ? ' copy' : ''}`);
  expect(ids([])).toEqual(['fl copy']);
  expect(ids([summary('fl'), summary('new', { createdAt: 5_000, finishedAt: null })])).toEqual(['new', 'fl']);
  // The engine has lost its data, and the id is in use again.
  expect(ids([summary('fl', { createdAt: 9_000 })])).toEqual(['fl', 'fl copy']);

  const missing = (live: readonly FleetSummary[]) => notCopied(live, history).map(({ id }) => id);
  expect(missing([summary('fl'), summary('open', { finishedAt: null })])).toEqual([]);
  expect(missing([summary('fl', { finishedAt: 7_000 }), summary('other')])).toEqual(['fl', 'other']);
  expect(withCopies([], undefined)).toEqual([]);
});

import { expect, test } from 'vitest';
import type { JournalEvent } from '../../../src/engine/model/journal-event.ts';
import type { HistoryPort } from '../../../src/engine/ports/history.ts';
import {
  AT,
  DEFINITION,
  decidedToStart,
  ENDED,
  headerOf,
  intended,
  OWNER,
  runId,
} from '../../fixtures/history/samples.ts';
import { errorOf, openForTest, openRaw } from '../../fixtures/history/temporary.ts';

const CLAIMS = ['container AppDev', 'network devops', 'network devops'];

const claimsIn = (path: string) => openRaw(path).prepare('SELECT resource FROM claims ORDER BY 1').pluck().all();

const start = (history: HistoryPort, id: string) => history.create(headerOf(id), DEFINITION, OWNER, CLAIMS, AT);

/** Creates a run that begins a step and a change, then appends `events`. */
function firstRun(history: HistoryPort, ...events: readonly JournalEvent[]) {
  const lease = start(history, 'first');
  history.append(lease, { events: [decidedToStart('a'), intended(1, 'a'), ...events] }, AT);
  return lease;
}

const GONE: JournalEvent = { type: 'change.settled', seq: 1, status: 'gone', reason: null };
const KEPT: JournalEvent = { ...GONE, status: 'kept' };
const STUCK: JournalEvent = { ...GONE, status: 'stuck' };

test('the second of two runs that claim a name is refused with the id of the first', () => {
  const { history, path } = openForTest();
  firstRun(history);
  const error = errorOf(() => start(history, 'second'));
  expect(error).toMatchObject({ code: 'E_NAME_IN_USE', details: { run: 'first', status: 'running' } });
  expect(error.message).toBe('container AppDev is in use by run first of lab (running)');
  expect(error.hint).toContain('wf show first');
  expect(history.run(runId('second'))).toBeUndefined();
  expect(claimsIn(path)).toEqual(['container AppDev', 'network devops']);
});

test('a waiting run without an owner keeps its claims', () => {
  const { history } = openForTest();
  history.release(firstRun(history, { type: 'waiting', events: [] }));
  expect(errorOf(() => start(history, 'second')).message).toContain('(waiting)');
});

test.each([
  ['gone', GONE],
  ['kept by design', KEPT],
])('a run that ended releases its claims if its change is %s', (_status, settled) => {
  const { history, path } = openForTest();
  firstRun(history, settled, ENDED);
  expect(claimsIn(path)).toEqual([]);
  expect(start(history, 'second')).toEqual({ run: 'second', fence: 1 });
});

test.each([
  ['stuck', [STUCK]],
  ['only intended', []],
])('a run that ended keeps its claims while a change may be in place: %s', (_status, settled) => {
  const { history, path } = openForTest();
  firstRun(history, ...settled, ENDED);
  const error = errorOf(() => start(history, 'second'));
  expect(error.code).toBe('E_NAME_IN_USE');
  expect(error.hint).toContain('wf rollback first');
  expect(claimsIn(path)).toHaveLength(2);
  // A rollback after the end settles the change.
  openRaw(path).exec("UPDATE changes SET status = 'reverted'");
  expect(start(history, 'second')).toEqual({ run: 'second', fence: 1 });
  expect(claimsIn(path)).toHaveLength(2);
});

test('an id is used once', () => {
  const { history } = openForTest();
  start(history, 'first');
  const again = () => history.create(headerOf('first'), { other: true }, OWNER, [], AT);
  expect(errorOf(again)).toMatchObject({ code: 'E_RUN_EXISTS', hint: expect.stringContaining('wf show first') });
});

test('a definition is stored once, under its hash', () => {
  const { history, path } = openForTest();
  for (const id of ['one', 'two']) history.create(headerOf(id), DEFINITION, OWNER, [], AT);
  expect(history.definition(headerOf('one').definitionHash)).toEqual(DEFINITION);
  expect(openRaw(path).prepare('SELECT count(*) FROM definitions').pluck().get()).toBe(1);
});

test('claimsOf returns the claims of a run until it ends', () => {
  const { history } = openForTest();
  const lease = history.create(headerOf('mine'), DEFINITION, OWNER, ['network prod', 'network devops'], AT);
  history.create(headerOf('other'), DEFINITION, OWNER, ['container AppDev'], AT);
  expect(history.claimsOf(lease.run)).toEqual(['network devops', 'network prod']);
  history.release(lease);
  expect(history.claimsOf(lease.run)).toHaveLength(2);
  const later = history.takeOver(lease.run, OWNER, () => false);
  history.append(later, { events: [ENDED] }, AT);
  expect(history.claimsOf(lease.run)).toEqual([]);
});

test('a run that continues claims its names again, unless another run has them', () => {
  const { history, path } = openForTest();
  firstRun(history, GONE, ENDED);
  const lease = history.takeOver(runId('first'), OWNER, () => false);
  history.claim(lease, CLAIMS);
  history.claim(lease, CLAIMS);
  expect(claimsIn(path)).toEqual(['container AppDev', 'network devops']);
  history.append(lease, { events: [ENDED] }, AT);
  start(history, 'second');
  const again = history.takeOver(runId('first'), OWNER, () => false);
  expect(errorOf(() => history.claim(again, CLAIMS))).toMatchObject({
    code: 'E_NAME_IN_USE',
    details: { run: 'second' },
  });
});

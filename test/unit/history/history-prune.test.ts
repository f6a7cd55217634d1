import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asDefinitionHash, type RunId } from '../../../src/engine/model/ids.ts';
import type { JournalEvent } from '../../../src/engine/model/journal-event.ts';
import type { History } from '../../../src/history/history.ts';
import type { PrunePosition, PruneRequest } from '../../../src/history/prune/plan.ts';
import type { UnusedPosition } from '../../../src/history/prune/pruner.ts';
import {
  AT,
  DEFINITION,
  decidedToStart,
  ENDED,
  headerOf,
  INTERRUPTED,
  intended,
  OWNER,
  ROLLING_BACK,
} from '../../fixtures/history/samples.ts';
import { errorOf, openForTest, openRaw } from '../../fixtures/history/temporary.ts';

const DAY = 86_400_000;
const FAILURE = { code: 'E_DOCKER', message: 'no answer', hint: 'try again' } as const;
const settled = (status: 'reverted' | 'gone' | 'kept' | 'stuck'): JournalEvent => ({
  type: 'change.settled',
  seq: 1,
  status,
  reason: null,
});
const end = (status: 'failed' | 'rolled-back' | 'needs-attention'): JournalEvent => ({
  type: 'ended',
  status,
  output: null,
  error: FAILURE,
});

/** Events of a run, and whether it may be removed after them. */
const LIVES: Readonly<Record<string, { readonly events: readonly JournalEvent[]; readonly goes: boolean }>> = {
  succeeded: { events: [settled('reverted'), ENDED], goes: true },
  failed: { events: [settled('gone'), end('failed')], goes: true },
  'rolled back': { events: [settled('reverted'), end('rolled-back')], goes: true },
  'failed, and kept its change': { events: [end('failed')], goes: false },
  'kept a change by design': { events: [settled('kept'), ENDED], goes: false },
  stuck: { events: [settled('stuck'), end('needs-attention')], goes: false },
  'needs attention although every change is settled': {
    events: [settled('reverted'), end('needs-attention')],
    goes: false,
  },
  interrupted: { events: [settled('reverted'), INTERRUPTED], goes: false },
  waiting: { events: [settled('reverted'), { type: 'waiting', events: [] }], goes: false },
  'rolling back': { events: [ROLLING_BACK, INTERRUPTED], goes: false },
};

interface Made {
  readonly id: RunId;
  readonly workflow: string;
  readonly life: string;
  readonly createdAt: number;
  readonly endedAt: number;
}

function make(history: History, made: Omit<Made, 'id'>, index: number): Made {
  const { workflow, life, createdAt, endedAt } = made;
  const header = headerOf(`r${index}`, { workflow, createdAt });
  const lease = history.create(header, DEFINITION, OWNER, [`network ${index}`], createdAt);
  const fingerprint = history.putFingerprint({ links: [`of ${index % 4}`] });
  const begun: JournalEvent[] = [decidedToStart('a'), { type: 'baseline.taken', fingerprint }, intended(1, 'a')];
  history.append(lease, { events: begun }, createdAt);
  history.append(lease, { events: LIVES[life]?.events ?? [] }, endedAt);
  if (history.holds(lease)) history.release(lease);
  return { ...made, id: header.id };
}

function pruneAll(history: History, request: PruneRequest): readonly string[] {
  const removed: string[] = [];
  let place: PrunePosition | null = null;
  for (;;) {
    const pruned = history.pruneSome(request, place);
    removed.push(...pruned.removed);
    place = pruned.next;
    if (place === null) return removed;
  }
}

function pruneUnused(history: History, isAlive = () => false): Readonly<Record<string, number>> | 'busy' {
  const counts = { definitions: 0, fingerprints: 0 };
  let place: UnusedPosition = { table: 'definitions', hash: '' };
  for (;;) {
    const pruned = history.pruneUnused(place, isAlive);
    if (pruned.type === 'busy') return 'busy';
    counts[place.table] += pruned.removed;
    if (pruned.next === null) return counts;
    place = pruned.next;
  }
}

const made = fc.record({
  workflow: fc.constantFrom('lab', 'vpn', 'été'),
  life: fc.constantFrom(...Object.keys(LIVES)),
  createdAt: fc.integer({ min: 0, max: 20 }).map((days) => AT - days * DAY),
  endedAt: fc.integer({ min: 0, max: 20 }).map((days) => AT - days * DAY),
});

test('pruning removes old, ended runs without changes in place, except the newest of each workflow', () => {
  fc.assert(
    fc.property(fc.array(made, { maxLength: 25 }), fc.nat(20), fc.nat(4), (wanted, days, keep) => {
      const { history, path } = openForTest();
      const runs = wanted.map((each, index) =>
        make(history, { ...each, endedAt: Math.max(each.createdAt, each.endedAt) }, index),
      );
      const request = { endedBefore: AT - days * DAY, keep, isAlive: () => false };
      const kept = (workflow: string) =>
        runs
          .filter((run) => run.workflow === workflow)
          .sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
          .slice(0, keep);
      const isEnd = (life: string) => LIVES[life]?.events.some(({ type }) => type === 'ended') ?? false;
      const old = runs.filter(
        (run) =>
          (isEnd(run.life) ? run.endedAt : run.createdAt) < request.endedBefore && !kept(run.workflow).includes(run),
      );
      const goes = old.filter(({ life }) => LIVES[life]?.goes);
      const stays = old.filter(({ life }) => !LIVES[life]?.goes);
      const plan = history.prunePlan(request);
      expect(Object.values(plan.removable).reduce((sum, count) => sum + count, 0)).toBe(goes.length);
      expect(plan.onHost).toBe(stays.filter(({ life }) => isEnd(life)).length);
      expect(plan.unfinished).toBe(stays.filter(({ life }) => !isEnd(life)).length);

      expect([...pruneAll(history, request)].sort()).toEqual(goes.map(({ workflow }) => workflow).sort());
      expect(runs.filter(({ id }) => history.run(id) === undefined)).toEqual(goes);
      // All rows of the removed runs are gone, and no others.
      const raw = openRaw(path);
      for (const table of ['journal', 'steps', 'changes']) {
        const found = raw.prepare(`SELECT count(DISTINCT run) FROM ${table}`).pluck().get();
        expect({ table, found }).toEqual({ table, found: runs.length - goes.length });
      }
      expect(raw.pragma('foreign_key_check')).toEqual([]);
      pruneUnused(history);
      const left = runs.filter((run) => !goes.includes(run));
      for (const { id } of left) {
        for (const { event } of history.journal(id)) {
          if (event.type === 'baseline.taken') expect(history.fingerprint(event.fingerprint)).toBeDefined();
        }
        expect(history.definition(headerOf('x').definitionHash)).toEqual(DEFINITION);
      }
      const hashes = left.flatMap(({ id }) =>
        history.journal(id).flatMap(({ event }) => (event.type === 'baseline.taken' ? [event.fingerprint] : [])),
      );
      expect(raw.prepare('SELECT count(*) FROM fingerprints').pluck().get()).toBe(new Set(hashes).size);
      expect(raw.prepare('SELECT count(*) FROM definitions').pluck().get()).toBe(left.length === 0 ? 0 : 1);
      raw.close();
      history.close();
    }),
    { numRuns: 25 },
  );
}, 60_000);

const ALL: PruneRequest = { endedBefore: AT + DAY, keep: 0, isAlive: () => false };

test('a transaction ends after some thousand rows, and the next continues there', () => {
  const { history } = openForTest();
  for (let index = 0; index < 450; index++)
    make(history, { workflow: 'lab', life: 'succeeded', createdAt: AT, endedAt: AT }, index);
  const first = history.pruneSome(ALL, null);
  expect(first.removed).toHaveLength(200);
  expect(first.next).toMatchObject({ workflow: 'lab', status: 'succeeded' });
  expect(history.runs({ limit: 1000 })).toHaveLength(250);
  const second = history.pruneSome(ALL, first.next);
  expect(history.pruneSome(ALL, second.next)).toEqual({ removed: Array(50).fill('lab'), next: null });
});

test('a run with a living owner stays; a dead owner does not count', () => {
  const { history } = openForTest();
  const run = make(history, { workflow: 'lab', life: 'succeeded', createdAt: AT, endedAt: AT }, 1);
  history.takeOver(run.id, OWNER, () => false);
  expect(pruneAll(history, { ...ALL, isAlive: () => true })).toEqual([]);
  expect(pruneAll(history, ALL)).toEqual(['lab']);
});

test('nothing counts as unused while a run is being advanced', () => {
  const { history } = openForTest();
  const lease = history.create(headerOf('goes-on'), DEFINITION, OWNER, [], AT);
  const fingerprint = history.putFingerprint({ links: ['unused as yet'] });
  expect(pruneUnused(history, () => true)).toBe('busy');
  expect(errorOf(() => history.compact(() => true)).code).toBe('E_LEASE_HELD');
  history.append(lease, { events: [{ type: 'baseline.taken', fingerprint }] }, AT);
  history.putFingerprint({ links: ['never used'] });
  expect(pruneUnused(history)).toEqual({ definitions: 0, fingerprints: 1 });
  expect(history.fingerprint(fingerprint)).toBeDefined();
});

test('every definition that a run accepted counts as used', () => {
  const { history } = openForTest();
  const lease = history.create(headerOf('accepted'), DEFINITION, OWNER, [], AT);
  for (const letter of ['b', 'c', 'd']) history.putDefinition(asDefinitionHash(letter.repeat(64)), { letter }, AT);
  for (const letter of ['b', 'c']) {
    const definitionHash = asDefinitionHash(letter.repeat(64));
    history.append(lease, { events: [{ type: 'definition.accepted', definitionHash }] }, AT);
  }
  // The journal does not name the first definition: nothing refers to it once another is accepted.
  expect(pruneUnused(history)).toEqual({ definitions: 2, fingerprints: 0 });
  expect(['b', 'c'].map((letter) => history.definition(asDefinitionHash(letter.repeat(64))))).toEqual([
    { letter: 'b' },
    { letter: 'c' },
  ]);
});

test('removed rows leave free space in the file, which compacting returns', () => {
  const { history } = openForTest();
  for (let index = 0; index < 300; index++)
    make(history, { workflow: 'lab', life: 'succeeded', createdAt: AT, endedAt: AT }, index);
  const before = history.space();
  pruneAll(history, ALL);
  const pruned = history.space();
  expect(pruned.free).toBeGreaterThan(before.free + before.file / 2);
  history.compact(() => false);
  expect(history.space().file).toBeLessThan(before.file / 2);
  expect(history.space().free).toBe(0);
});

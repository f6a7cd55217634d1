import { expect, test } from 'vitest';
import type { Clock } from '../../../src/engine/ports/clock.ts';
import { carryOut } from '../../../src/fleet/agent/carry-out.ts';
import type { LocalPart, LocalParts } from '../../../src/fleet/agent/local-parts.ts';
import { fleetIdSchema, hostNameSchema, partOf } from '../../../src/fleet/model/ids.ts';
import { type Answer, answerSchema, type Item, itemIdOf } from '../../../src/fleet/model/item.ts';
import type { Progress } from '../../../src/fleet/model/mailbox.ts';
import { systemClock } from '../../../src/host/machine/clock.ts';
import { fleetRequest } from '../../support/fleet/fleet-request.ts';

const FLEET = fleetIdSchema.parse('fl');
const PART = partOf(FLEET, hostNameSchema.parse('h'));
const RUN: Item = { id: itemIdOf(PART, 'run', 1), fleet: FLEET, part: PART, action: 'run', work: fleetRequest(1).work };
const ROLL_BACK: Item = {
  ...{ id: itemIdOf(PART, 'roll-back', 1), fleet: FLEET, part: PART },
  ...{ action: 'roll-back', attempt: 1, reason: 'cancelled' },
};
const ended = (status: string, changesInPlace = 0): Extract<Answer, { type: 'ended' }> => {
  const answer = answerSchema.parse({
    type: 'ended',
    ...{ status, changesInPlace, definitionHash: 'x', restored: null, startedAt: null, finishedAt: null, error: null },
  });
  if (answer.type !== 'ended') throw new Error('not ended');
  return answer;
};
const error = (code: (typeof CODES)[keyof typeof CODES]) => ({ code, message: 'no', hint: 'h' });

const CODES = {
  refused: 'E_INPUT',
  killed: 'E_INTERRUPTED',
  held: 'E_LEASE_HELD',
  late: 'E_REQUEST_REFUSED',
} as const;

/** Delays end at once. */
const INSTANT: Clock = {
  ...systemClock,
  after(_delayMs, callback) {
    const timer = setImmediate(callback);
    return () => clearImmediate(timer);
  },
};

/** A host whose part is in these states, one after the other; each command is logged, and advances it to the next one. */
function open(...states: readonly (LocalPart | 'refused' | 'killed' | 'held' | 'late' | 'keeps running')[]) {
  const left = [...states];
  const did: string[] = [];
  const find = (): LocalPart => {
    const state = left[0];
    return typeof state === 'object' ? state : { type: 'absent' };
  };
  const act = (name: string) => async () => {
    did.push(name);
    left.shift();
    const next = left[0];
    if (typeof next === 'object' || next === undefined) return undefined;
    left.shift();
    // The command runs until its part ends.
    if (next === 'keeps running') return new Promise<never>(() => {});
    return error(CODES[next]);
  };
  const parts: LocalParts = {
    find,
    entomb(_part, reason) {
      did.push(`entomb: ${reason}`);
      return find().type === 'absent';
    },
    start: act('start'),
    resume: act('resume'),
    confirm: act('confirm'),
    cancel: act('cancel'),
    rollBack: act('roll back'),
  };
  const progress: Progress[] = [];
  const confirm = async () => {
    did.push('ask the fleet');
    return true;
  };
  const carry = (item: Item, allowed: readonly string[] | null = null, signal = new AbortController().signal) =>
    carryOut(item, { parts, clock: INSTANT, allowed, confirm, progress: (news) => progress.push(news) }, signal);
  return { carry, did, progress };
}

const ABSENT: LocalPart = { type: 'absent' };
const TOMBSTONED: LocalPart = { type: 'tombstoned' };
const DONE: LocalPart = { type: 'ended', answer: ended('succeeded', 1) };
const UNDONE: LocalPart = { type: 'ended', answer: ended('rolled-back') };
const alive = (status: 'running' | 'waiting' | 'unconfirmed' | 'rolling-back'): LocalPart => ({
  type: 'open',
  status,
  isAdvanced: status !== 'waiting',
});

test('a part is started once; an existing one is attached to', async () => {
  const fresh = open(ABSENT, DONE);
  expect([await fresh.carry(RUN), fresh.did]).toEqual([ended('succeeded', 1), ['start']]);
  const known = open(DONE);
  expect([await known.carry(RUN), known.did]).toEqual([ended('succeeded', 1), []]);
  const dead = open(TOMBSTONED);
  expect([await dead.carry(RUN), dead.did]).toEqual([{ type: 'tombstoned' }, []]);
});

test('a start that was killed is tried again, and one that was refused never is', async () => {
  const killed = open(ABSENT, 'killed', ABSENT, DONE);
  expect([await killed.carry(RUN), killed.did]).toEqual([ended('succeeded', 1), ['start', 'start']]);
  expect(killed.progress).toEqual([{ part: PART, status: 'refused', error: 'E_INTERRUPTED: no' }]);
  const refused = open(ABSENT, 'refused', ABSENT);
  expect(await refused.carry(RUN)).toEqual({ type: 'refused', error: error('E_INPUT') });
  expect(refused.did).toEqual(['start', 'entomb: it was refused: no']);
});

test('an interrupted part with secrets is resumed with them, and another one by the agent', async () => {
  const interrupted: LocalPart = { type: 'open', status: 'interrupted', isAdvanced: false };
  const host = open(interrupted, DONE);
  expect([await host.carry({ ...RUN, sealed: { token: 'x' } }), host.did]).toEqual([ended('succeeded', 1), ['resume']]);
  const stop = new AbortController();
  const plain = open(interrupted);
  const waiting = plain.carry(RUN, null, stop.signal);
  setTimeout(() => stop.abort(new Error('stopped')), 20);
  await expect(waiting).rejects.toThrow('stopped');
  expect(plain.did).toEqual([]);
});

test('a part that has to be confirmed is confirmed once the fleet keeps it, and wf does not wait for its process', async () => {
  const item: Item = { ...RUN, work: { ...fleetRequest(1).work, confirmWithinMs: 5_000 } };
  const host = open(ABSENT, 'keeps running', alive('unconfirmed'), DONE);
  expect([await host.carry(item), host.did]).toEqual([ended('succeeded', 1), ['start', 'ask the fleet', 'confirm']]);
  expect(host.progress).toEqual([{ part: PART, status: 'unconfirmed', error: null }]);
  const late = open(alive('unconfirmed'), 'late', UNDONE);
  expect([await late.carry(item), late.did]).toEqual([ended('rolled-back'), ['ask the fleet', 'confirm']]);
});

test('a host starts no workflow that it does not permit, and reads no file or variable for a fleet', async () => {
  const strict = open(ABSENT);
  expect(await strict.carry(RUN, ['other'])).toMatchObject({ type: 'refused', error: { code: 'E_FORBIDDEN' } });
  const asked = open(ABSENT);
  const work = { ...fleetRequest(1).work, input: { password: '@file:/etc/shadow' } };
  expect(await asked.carry({ ...RUN, work })).toMatchObject({ type: 'refused', error: { code: 'E_INPUT' } });
  expect([strict.did, asked.did].flat().filter((did) => did === 'start')).toEqual([]);
});

test.each([
  ['that has not started never starts', [ABSENT], ['entomb: cancelled'], { type: 'tombstoned' }],
  ['that has a tombstone is answered', [TOMBSTONED], [], { type: 'tombstoned' }],
  ['that has ended is undone', [DONE, UNDONE], ['roll back'], ended('rolled-back')],
  ['that was undone already is answered', [UNDONE], [], ended('rolled-back')],
  ['that runs is cancelled', [alive('running'), UNDONE], ['cancel'], ended('rolled-back')],
  ['that has to be confirmed is cancelled', [alive('unconfirmed'), UNDONE], ['cancel'], ended('rolled-back')],
  ['that waits without a process is undone', [alive('waiting'), UNDONE], ['roll back'], ended('rolled-back')],
  [
    'that somebody takes over meanwhile is cancelled',
    [DONE, 'held', alive('running'), UNDONE],
    ['roll back', 'cancel'],
    ended('rolled-back'),
  ],
] as const)('a part %s', async (_name, states, did, answer) => {
  const host = open(...states);
  expect([await host.carry(ROLL_BACK), host.did]).toEqual([answer, did]);
});

test('a rollback that fails is tried once for each item', async () => {
  const stuck: LocalPart = { type: 'ended', answer: ended('needs-attention', 1) };
  const host = open(stuck, stuck);
  expect([await host.carry(ROLL_BACK), host.did]).toEqual([ended('needs-attention', 1), ['roll back']]);
});

test('the signal ends the waiting, and not the part', async () => {
  const stop = new AbortController();
  const host = open(alive('running'));
  const waiting = host.carry(RUN, null, stop.signal);
  stop.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');
  expect(host.did).toEqual([]);
});

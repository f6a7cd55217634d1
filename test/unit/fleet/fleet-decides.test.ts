import { describe, expect, test } from 'vitest';
import { type FleetEvent, refusalOf } from '../../../src/fleet/model/decide.ts';
import { type Demand, type FleetRun, fleetStatus, type PartStatus } from '../../../src/fleet/model/fleet-run.ts';
import { hostNameSchema } from '../../../src/fleet/model/ids.ts';
import type { Answer } from '../../../src/fleet/model/item.ts';
import { parseShare, wavesOf } from '../../../src/fleet/model/waves.ts';
import { beginInMemory, type Played, playInMemory } from '../../support/fleet/fleet-in-memory.ts';
import { fleetRequest } from '../../support/fleet/fleet-request.ts';

const ERROR = { code: 'E_STEP_FAILED', message: 'no', hint: 'h' } as const;
const ended = (status: 'succeeded' | 'failed' | 'rolled-back' | 'needs-attention', changesInPlace = 0): Answer => ({
  type: 'ended',
  status,
  definitionHash: 'a'.repeat(64),
  restored: null,
  changesInPlace,
  startedAt: null,
  finishedAt: null,
  error: status === 'succeeded' ? null : ERROR,
});
const OK = ended('succeeded', 1);
const REFUSED: Answer = { type: 'refused', error: ERROR };

const answer = (host: string, given: Answer, action: 'run' | 'roll-back' = 'run'): FleetEvent => ({
  type: 'answered',
  host: hostNameSchema.parse(host),
  action,
  answer: given,
});
const writeOff = (host: string): FleetEvent => ({
  type: 'written-off',
  host: hostNameSchema.parse(host),
  by: 'ann',
  reason: 'burnt',
});
const demand = (kind: Demand['kind']): FleetEvent => ({ type: 'demanded', demand: { kind, by: 'ann', comment: null } });

/** Plays events, and returns the items that each has put into mailboxes, as `host:action`. */
function play(first: Pick<Played, 'fleet'>, ...events: readonly FleetEvent[]) {
  let { fleet } = first;
  const offers: (readonly string[])[] = [];
  for (const event of events) {
    const played = playInMemory(fleet, event, 1);
    fleet = played.fleet;
    offers.push(namesOf(played));
  }
  return { fleet, offers, status: fleetStatus(fleet), parts: statuses(fleet) };
}
const namesOf = ({ offers }: Played) => offers.map(({ host, item }) => `${host}:${item.action}`);
const statuses = ({ parts }: FleetRun): readonly PartStatus[] => parts.map(({ status }) => status);
const begin = (...given: Parameters<typeof fleetRequest>) => beginInMemory(fleetRequest(...given), 0);

describe('waves', () => {
  test.each([
    [{ canary: null, atOnce: null }, [5]],
    [{ canary: 1, atOnce: null }, [1, 4]],
    [{ canary: 9, atOnce: null }, [5]],
    [{ canary: null, atOnce: { hosts: 2 } }, [2, 2, 1]],
    [{ canary: 1, atOnce: { percent: 30 } }, [1, 2, 2]],
    [{ canary: 2, atOnce: { percent: 1 } }, [2, 1, 1, 1]],
  ])('%j of five hosts are %j', (rule, sizes) => {
    const waves = wavesOf([0, 1, 2, 3, 4], rule);
    expect(waves.map((wave) => wave.length)).toEqual(sizes);
    expect(waves.flat()).toEqual([0, 1, 2, 3, 4]);
  });

  test.each([
    ['20', { hosts: 20 }],
    ['10%', { percent: 10 }],
    ['2.5%', { percent: 2.5 }],
    ['0', undefined],
    ['1.5', undefined],
    ['101%', undefined],
    ['-1', undefined],
    ['ten', undefined],
  ])('%s is read', (text, share) => expect(parseShare(text)).toEqual(share));
});

describe('a fleet run', () => {
  test('offers the next wave once every host of the last one has answered, and ends with the last', () => {
    const { offers, status, parts } = play(
      begin(3, { canary: 1 }),
      answer('h0', OK),
      answer('h2', OK),
      answer('h1', OK),
    );
    expect(offers).toEqual([['h1:run', 'h2:run'], [], []]);
    expect([status, parts]).toEqual(['succeeded', ['succeeded', 'succeeded', 'succeeded']]);
  });

  test.each([
    ['failed and undone', ended('rolled-back'), 'failed', 'rolled-back'],
    ['failed with changes in place', ended('failed', 1), 'needs-attention', 'rolling-back'],
    ['not restored', ended('needs-attention'), 'needs-attention', 'rolling-back'],
    ['refused', REFUSED, 'refused', 'rolled-back'],
    ['tombstoned', { type: 'tombstoned' }, 'refused', 'rolled-back'],
  ] as const)('is rolled back when a canary is %s', (_name, given, part, status) => {
    const played = play(begin(2, { canary: 1 }), answer('h0', given));
    expect(played.status).toBe(status);
    expect(played.parts).toEqual([part === 'needs-attention' ? 'undoing' : part, 'skipped']);
    expect(played.fleet.error?.code).toBe('E_FLEET_FAILED');
  });

  test('is rolled back on every host that may have changed, also on those that have not answered', () => {
    const played = play(begin(4, { atOnce: { hosts: 3 } }), answer('h0', OK), answer('h1', ended('rolled-back')));
    expect(played.offers.at(-1)).toEqual(['h0:roll-back', 'h2:roll-back']);
    expect([played.status, played.parts]).toEqual(['rolling-back', ['undoing', 'failed', 'undoing', 'skipped']]);
    const over = play(
      played,
      // Sent before the rollback came.
      answer('h2', OK),
      answer('h2', { type: 'tombstoned' }, 'roll-back'),
      answer('h0', ended('rolled-back'), 'roll-back'),
    );
    expect([over.status, over.parts]).toEqual(['rolled-back', ['undone', 'failed', 'undone', 'skipped']]);
  });

  test('tolerates the permitted number of failures', () => {
    const played = play(begin(3, { maxFailures: 1, atOnce: { hosts: 1 } }), answer('h0', REFUSED), answer('h1', OK));
    expect(played.offers).toEqual([['h1:run'], ['h2:run']]);
    expect(play(played, answer('h2', OK)).status).toBe('succeeded');
    expect(play(played, answer('h2', REFUSED)).parts).toEqual(['refused', 'undoing', 'refused']);
  });

  test('does not end before a silent host has answered or was written off', () => {
    const played = play(begin(2), answer('h0', OK), demand('cancel'), answer('h0', ended('rolled-back'), 'roll-back'));
    expect([played.status, played.parts]).toEqual(['rolling-back', ['undone', 'undoing']]);
    const given = play(played, writeOff('h1'));
    expect([given.status, given.parts]).toEqual(['needs-attention', ['undone', 'written-off']]);
    const back = play(given, answer('h1', { type: 'tombstoned' }, 'roll-back'));
    expect([back.status, back.parts]).toEqual(['rolled-back', ['undone', 'undone']]);
  });

  test('leaves a rollback for a host that is written off, and counts it as failed', () => {
    const played = play(begin(2), writeOff('h1'), answer('h1', OK), answer('h0', ended('rolled-back'), 'roll-back'));
    expect(played.offers).toEqual([['h1:roll-back', 'h0:roll-back'], [], []]);
    expect(played.parts).toEqual(['undone', 'written-off']);
    const tolerated = play(begin(2, { maxFailures: 1 }), writeOff('h1'), answer('h0', OK));
    expect(tolerated.offers).toEqual([['h1:roll-back'], []]);
    expect(tolerated.status).toBe('needs-attention');
  });

  test('waits for approval after the first wave', () => {
    const played = play(begin(3, { canary: 1, atOnce: { hosts: 1 }, approve: true }), answer('h0', OK));
    expect(played.status).toBe('waiting');
    const on = play(played, demand('approve'), answer('h1', OK));
    expect(on.offers).toEqual([['h1:run'], ['h2:run']]);
    expect(on.fleet.demands).toMatchObject([{ kind: 'approve', by: 'ann', at: 1 }]);
    // Nothing follows: nothing is to be approved.
    expect(play(begin(1, { approve: true }), answer('h0', OK)).status).toBe('succeeded');
  });

  test('begins no wave while it is paused', () => {
    const played = play(begin(2, { canary: 1 }), demand('pause'), answer('h0', OK));
    expect([played.status, played.parts]).toEqual(['paused', ['succeeded', 'planned']]);
    expect(play(played, demand('approve')).offers).toEqual([['h1:run']]);
    expect(play(played, demand('cancel')).parts).toEqual(['undoing', 'skipped']);
  });

  test('is rolled back after its end, and again on hosts where that has failed', () => {
    const done = play(begin(2), answer('h0', OK), answer('h1', OK));
    const undone = play(
      done,
      demand('rollback'),
      answer('h0', ended('needs-attention', 1), 'roll-back'),
      answer('h1', ended('rolled-back'), 'roll-back'),
    );
    expect([undone.status, undone.parts]).toEqual(['needs-attention', ['needs-attention', 'undone']]);
    const again = play(undone, demand('rollback'), answer('h0', ended('rolled-back'), 'roll-back'));
    expect(again.offers).toEqual([['h0:roll-back'], []]);
    expect([again.status, again.fleet.error?.code]).toEqual(['rolled-back', 'E_ROLLED_BACK']);
  });

  test('names each rollback differently, so that its answer is its own', () => {
    const done = play(begin(1), answer('h0', OK));
    const first = playInMemory(done.fleet, demand('rollback'), 1);
    const failed = playInMemory(first.fleet, answer('h0', ended('needs-attention', 1), 'roll-back'), 1);
    const second = playInMemory(failed.fleet, demand('rollback'), 1);
    expect([first, second].map(({ offers }) => offers[0]?.item.id)).toEqual(['fl-h0/roll-back/1', 'fl-h0/roll-back/2']);
  });

  test('refuses an invalid demand, and stays unchanged', () => {
    const running = begin(2, { canary: 1 }).fleet;
    const done = play(begin(1), answer('h0', OK)).fleet;
    const back = play(begin(1), demand('cancel')).fleet;
    const ask = (fleet: FleetRun, kind: Demand['kind']) => refusalOf(fleet, { kind, by: 'ann', comment: null });
    expect(ask(running, 'approve')).toBe('it is not waiting for an approval');
    expect(ask(play(begin(2), demand('pause')).fleet, 'pause')).toBe('it is already paused');
    for (const kind of ['approve', 'pause', 'cancel'] as const) {
      expect(ask(done, kind)).toBe('it has ended');
      expect(ask(back, kind)).toBe('it is being rolled back');
    }
    expect(ask(back, 'rollback')).toBe('it is being rolled back');
    expect(ask(play(begin(1), answer('h0', REFUSED)).fleet, 'rollback')).toBe('nothing of it is in place on its hosts');
    for (const fleet of [running, done, back]) expect(playInMemory(fleet, demand('approve'), 1).fleet).toBe(fleet);
  });

  test('accepts an answer once, and none of an unknown host', () => {
    const { fleet } = play(begin(2), answer('h0', OK));
    for (const event of [answer('h0', REFUSED), answer('h9', OK), writeOff('h0'), answer('h1', OK, 'roll-back')]) {
      expect(playInMemory(fleet, event, 1)).toEqual({ fleet, offers: [] });
    }
  });
});

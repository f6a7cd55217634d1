import { expect, test, vi } from 'vitest';
import { WfError } from '../../../src/engine/model/errors.ts';
import { systemClock } from '../../../src/host/machine/clock.ts';
import type { PageFleet } from '../../../src/ui/server/ui-context.ts';
import { createFleetFeeds } from '../../../src/ui/stream/fleet-feeds.ts';
import { beginInMemory } from '../../support/fleet/fleet-in-memory.ts';
import { fleetRequest } from '../../support/fleet/fleet-request.ts';

const { fleet } = beginInMemory(fleetRequest(2), 0);

/** A fleet whose long polls are answered by hand. */
function answeredByHand() {
  const asked: {
    after: number;
    signal: AbortSignal | undefined;
    answer(version: number): void;
    fail(): void;
  }[] = [];
  const control: PageFleet['control'] = {
    show: async () => fleet,
    follow: (_id, after, signal) =>
      new Promise((resolve, reject) => {
        const fail = () => reject(new WfError('E_FLEET_UNREACHABLE', 'gone', { hint: '' }));
        asked.push({ after, signal, answer: (version) => resolve({ ...fleet, version }), fail });
      }),
    fleets: async () => [],
    demand: async () => fleet,
  };
  const nth = (index: number) =>
    vi.waitFor(
      () => {
        const poll = asked[index];
        if (poll === undefined) throw new Error('not asked');
        return poll;
      },
      { timeout: 10_000 },
    );
  return { fleet: { url: 'http://127.0.0.1:9', control, by: 'ann' }, asked, nth };
}

test('pages that follow one fleet run share its long poll, and each receives every change and an outage once', async () => {
  const { fleet: page, asked, nth } = answeredByHand();
  const feeds = createFleetFeeds(systemClock, page);
  const notices = { one: 0, other: 0 };
  const { id } = fleet.request;
  const leave = feeds.follow(id, () => (notices.one += 1));
  const leaveOther = feeds.follow(id, () => (notices.other += 1));
  (await nth(0)).answer(3);
  const second = await nth(1);
  expect([second.after, notices]).toEqual([3, { one: 1, other: 1 }]);
  // A long poll without news.
  second.answer(3);
  (await nth(2)).fail();
  const fourth = await nth(3);
  expect([fourth.after, notices]).toEqual([0, { one: 2, other: 2 }]);
  leave();
  expect(fourth.signal?.aborted).toBe(false);
  leaveOther();
  expect(fourth.signal?.aborted).toBe(true);
  fourth.answer(9);
  expect([asked.length, notices]).toEqual([4, { one: 2, other: 2 }]);
  feeds.close();
});

test('nothing is requested without the address of a fleet', () => {
  const feeds = createFleetFeeds(systemClock, null);
  feeds.follow(fleet.request.id, () => expect.unreachable())();
  feeds.followAll(() => expect.unreachable())();
  feeds.close();
});

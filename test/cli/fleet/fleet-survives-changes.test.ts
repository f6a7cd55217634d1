import { readdirSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { watchHosts } from '../../support/fleet/fleet-oracle.ts';
import { type FleetWorld, openFleetWorld, type TestHost } from '../../support/fleet/fleet-world.ts';
import { inTurn } from '../../support/rotation.ts';

let world: FleetWorld;
beforeAll(async () => {
  world = await openFleetWorld();
});

const watched = watchHosts();
const openHost = (name: string): TestHost => watched(world.host(name));

const MADE = ['one', 'two'];
const WAITS = ['--input', 'waits=true', '--detach'];

/** From the package faketime: it shifts the time of day, and no timer. */
const LIBRARY = 'faketime/libfaketime.so.1';
function timeOfDay(shift: string): Readonly<Record<string, string>> {
  const folder = readdirSync('/usr/lib').find((name) => name.endsWith('-linux-gnu')) ?? '';
  return { LD_PRELOAD: path.join('/usr/lib', folder, LIBRARY), FAKETIME: shift, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
}

/** By what a fleet run does at each change around it. */
const CHANGES: Readonly<Record<string, () => Promise<void>>> = {
  'ends on hosts whose clocks are a day off': async () => {
    const [late, early] = [openHost('fsc-b1'), openHost('fsc-b2')];
    for (const [host, shift] of [
      [late, '-1d'],
      [early, '+1d'],
    ] as const) {
      await (await host.start([], timeOfDay(shift))).printed(/"did":"joined"/);
      host.put('go');
    }
    await world.fleet('start', 'site', '--hosts', 'fsc-b1,fsc-b2', '--canary', '1', '--id', 'fscb', ...WAITS);
    const { hosts: parts } = await world.untilStatus('fscb', 'succeeded');
    const [first, second] = parts.map(({ startedAt }) => Date.parse(startedAt ?? ''));
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(1.9 * 86_400_000);
    const listed = await world.fleet('hosts', '--json');
    // The clock of Restate decides who is connected.
    expect(listed.json()).toMatchObject([
      { host: 'fsc-b1', connected: true },
      { host: 'fsc-b2', connected: true },
    ]);
    await world.fleet('rollback', 'fscb');
    await world.untilStatus('fscb', 'rolled-back');
    expect([late.folders(), early.folders()]).toEqual([[], []]);
  },

  'takes its turn on hosts that another one changes': async () => {
    const [one, two] = [openHost('fsc-c1'), openHost('fsc-c2')];
    await Promise.all([one.join(), two.join()]);
    await world.fleet('start', 'site', '--hosts', 'fsc-c1,fsc-c2', '--id', 'fscc', ...WAITS);
    await world.fleet('start', 'site', '--hosts', 'fsc-c2,fsc-c1', '--id', 'fscd', ...WAITS);
    await Promise.all([world.untilUnderWay(one), world.untilUnderWay(two)]);
    for (const host of [one, two]) host.put('go');
    const first = await world.untilStatus('fscc', 'succeeded');
    const second = await world.untilStatus('fscd', 'succeeded');
    const began = Object.fromEntries(second.hosts.map(({ host, startedAt }) => [host, startedAt ?? '']));
    for (const { host, finishedAt } of first.hosts) expect((began[host] ?? '') >= (finishedAt ?? '?')).toBe(true);
    // It found what it would have made, and has nothing to undo.
    expect(second.hosts.map(({ changesInPlace }) => changesInPlace)).toEqual([0, 0]);
    await world.fleet('rollback', 'fscd');
    await world.untilStatus('fscd', 'rolled-back');
    for (const host of [one, two]) expect([host.folders(), host.log()]).toEqual([MADE, MADE]);
    await world.fleet('rollback', 'fscc');
    await world.untilStatus('fscc', 'rolled-back');
    expect([one.folders(), two.folders()]).toEqual([[], []]);
  },

  'does nothing twice if an item is delivered again': async () => {
    const host = openHost('fsc-e1');
    host.put('go');
    const killed = await host.start([], { WF_CRASH_AT: 'before mailbox answer' });
    await killed.printed(/"did":"joined"/);
    await world.fleet('start', 'site', '--hosts', 'fsc-e1', '--id', 'fsce', ...WAITS);
    expect((await killed.end).signal).toBe('SIGKILL');
    await vi.waitFor(() => expect(host.log()).toEqual(MADE), { timeout: 20_000 });
    expect((await world.show('fsce')).status).toBe('running');
    await host.join();
    await world.untilStatus('fsce', 'succeeded');
    expect(host.log()).toEqual(MADE);
  },
};

describe('a fleet run', () => {
  test.for(inTurn(Object.entries(CHANGES), 2))('%s', ([, work]) => work());
});

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, type TestContext, test, vi } from 'vitest';
import { HAS_NETWORK } from '../../support/fleet/fleet-network.ts';
import { watchHosts } from '../../support/fleet/fleet-oracle.ts';
import { type FleetWorld, openFleetWorld, type TestHost } from '../../support/fleet/fleet-world.ts';
import { inTurn } from '../../support/rotation.ts';

let world: FleetWorld;
beforeAll(async () => {
  world = await openFleetWorld();
});

const watched = watchHosts();
const openHost = (name: string): TestHost => watched(world.host(name));

const WAITS = ['--input', 'waits=true', '--detach'];
const start = (id: string, on: readonly TestHost[], ...more: readonly string[]) =>
  world.fleet('start', 'site', '--hosts', on.map(({ name }) => name).join(','), '--id', id, ...WAITS, ...more);

const MADE = ['one', 'two'];

/** The library of the package faketime, which shifts the time of day and no timer. */
const LIBRARY = 'faketime/libfaketime.so.1';
function timeOfDay(shift: string): Readonly<Record<string, string>> {
  const folder = readdirSync('/usr/lib').find((name) => name.endsWith('-linux-gnu')) ?? '';
  return { LD_PRELOAD: path.join('/usr/lib', folder, LIBRARY), FAKETIME: shift, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
}

/** Faults and changes around a fleet run, keyed by its behaviour. */
const FAULTS: Readonly<Record<string, (context: TestContext) => Promise<void>>> = {
  'is finished by a restarted agent, whose part has continued without it': async () => {
    const host = openHost('ffs-a1');
    const killed = await startAndWait('ffsa', host);
    killed.kill('SIGKILL');
    await killed.end;
    const stopped = await host.join();
    await stopped.printed(/"did":"took"/);
    stopped.kill('SIGTERM');
    expect(await stopped.end).toMatchObject({ exitCode: 0, stderr: '' });
    host.put('go');
    await vi.waitFor(() => expect(host.log()).toEqual(MADE), { timeout: 20_000 });
    expect((await world.show('ffsa')).status).toBe('running');
    await host.join();
    await world.untilStatus('ffsa', 'succeeded');
    expect(host.log()).toEqual(MADE);
  },

  'is finished by a host that lost all its processes in the middle of a step': async () => {
    const host = openHost('ffs-b1');
    await host.crash(await startAndWait('ffsb', host));
    await host.join();
    host.put('go');
    await world.untilStatus('ffsb', 'succeeded');
    expect(host.log()).toEqual(MADE);
  },

  'that was cancelled while a host was dead is undone on the host when it returns': async () => {
    const [host, other] = [openHost('ffs-c1'), openHost('ffs-c2')];
    await other.join();
    other.put('go');
    await host.crash(await startAndWait('ffsc', host, other));
    await world.fleet('cancel', 'ffsc');
    await vi.waitFor(() => expect(other.folders()).toEqual([]), { timeout: 40_000 });
    expect((await world.show('ffsc')).status).toBe('rolling-back');
    await host.join();
    await world.untilStatus('ffsc', 'rolled-back');
    expect([host.folders(), host.log()]).toEqual([[], ['one', 'not one']]);
  },

  'ends without a host that was written off, whose part does not start when the host returns': async () => {
    const [host, other] = [openHost('ffs-d1'), openHost('ffs-d2')];
    await host.crash(await host.join());
    await other.join();
    for (const one of [host, other]) one.put('go');
    await start('ffsd', [host, other]);
    await vi.waitFor(() => expect(other.log()).toEqual(MADE), { timeout: 40_000 });
    const waiting = world.start('wait', 'ffsd', '--timeout', '1s');
    expect(await waiting.end).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('E_WAIT_TIMEOUT') });
    expect(await world.fleet('write-off', host.name, '--reason', 'disk is dead')).toMatchObject({
      exitCode: 0,
      stdout: `host ${host.name} is written off; fleet runs that no longer wait for it: ffsd\n`,
    });
    const record = await world.untilStatus('ffsd', 'needs-attention');
    expect(record.hosts).toMatchObject([
      { status: 'written-off', writtenOff: { reason: 'disk is dead' } },
      { status: 'undone', restored: true },
    ]);
    await host.join();
    expect((await world.untilStatus('ffsd', 'rolled-back')).hosts).toMatchObject([{ status: 'undone' }, {}]);
    expect(host.log()).toEqual([]);
    const again = await host.project.sharedWf(['start', 'site', '--id', `ffsd-${host.name}`]);
    expect(again.stderr).toMatch(/^error E_TOMBSTONE: .* host ffs-d1 was written off: disk is dead/);
  },

  'that is cancelled during a partition is undone after it; the cut host continues until then': async ({
    skip,
  }: TestContext) => {
    skip(!HAS_NETWORK, 'needs root');
    const host = openHost('ffs-e1');
    await startAndWait('ffse', host);
    await host.cut();
    await world.fleet('cancel', 'ffse');
    host.put('go');
    await vi.waitFor(() => expect(host.log()).toEqual(MADE), { timeout: 20_000 });
    await host.repair();
    const record = await world.untilStatus('ffse', 'rolled-back');
    expect(record.hosts).toMatchObject([{ status: 'undone', restored: true }]);
    expect(host.folders()).toEqual([]);
  },

  'needs attention if its rollback fails, and is rolled back again once the cause is fixed': async () => {
    const host = openHost('ffs-f1');
    for (const file of ['go', 'stuck'] as const) host.put(file);
    await host.join();
    await start('ffsf', [host]);
    await world.untilStatus('ffsf', 'succeeded');
    await world.fleet('rollback', 'ffsf');
    const waited = await world.fleet('wait', 'ffsf', '--json');
    expect(waited).toMatchObject({ exitCode: 5 });
    expect(waited.json()).toMatchObject({ status: 'needs-attention', hosts: [{ restored: false, changesInPlace: 2 }] });
    host.take('stuck');
    await world.fleet('rollback', 'ffsf');
    await world.untilStatus('ffsf', 'rolled-back');
    expect(host.folders()).toEqual([]);
  },

  'waits for a person while its handlers are dead, and continues with others': async () => {
    const [canary, other] = [openHost('ffs-g1'), openHost('ffs-g2')];
    for (const host of [canary, other]) host.put('go');
    await Promise.all([canary.join(), other.join()]);
    await start('ffsg', [canary, other], '--canary', '1', '--approve');
    expect((await world.untilStatus('ffsg', 'waiting')).waitingFor).toBe('approval');
    expect(other.log()).toEqual([]);
    world.handlers().kill('SIGKILL');
    const approved = world.fleet('approve', 'ffsg', '--comment', 'seen');
    await world.serve();
    expect(await approved).toMatchObject({ exitCode: 0 });
    const record = await world.untilStatus('ffsg', 'succeeded');
    expect(record.requests).toMatchObject([{ kind: 'approve', comment: 'seen' }]);
    expect(other.log()).toEqual(MADE);
  },

  'continues after Restate is killed and restarted, and so do the commands that wait for it': async () => {
    const [one, two] = [openHost('ffs-h1'), openHost('ffs-h2')];
    await two.join();
    await startAndWait('ffsh', one, two);
    await world.untilUnderWay(two);
    const waits = world.start('wait', 'ffsh');
    await waits.line(/ffsh wave 1/);
    one.put('go');
    await world.restate.kill();
    await waits.line(/; trying again$/);
    await world.restate.restart();
    two.put('go');
    expect(await waits.end).toMatchObject({ exitCode: 0 });
    expect([one.log(), two.log()]).toEqual([MADE, MADE]);
  },

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
    for (const host of ['fsc-b1', 'fsc-b2']) {
      expect(listed.json()).toContainEqual(expect.objectContaining({ host, connected: true }));
    }
    await world.fleet('rollback', 'fscb');
    await world.untilStatus('fscb', 'rolled-back');
    expect([late.folders(), early.folders()]).toEqual([[], []]);
  },

  'waits for its turn on hosts that another fleet run changes': async () => {
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
    // It finds the changes already in place, and has nothing to undo.
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
  test.for(inTurn(Object.entries(FAULTS), 3))('%s', ([, work], context) => work(context));
});

/** Starts the fleet run, waits until the first host has begun it, and returns the agent of that host. */
async function startAndWait(id: string, host: TestHost, ...others: readonly TestHost[]) {
  const agent = await host.join();
  await start(id, [host, ...others]);
  await world.untilUnderWay(host);
  return agent;
}

import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { EVERY_POINT } from '../support/crash/crash-tests.ts';
import { HAS_NETWORK, LOOPBACK } from '../support/fleet-network.ts';
import { watchHosts } from '../support/fleet-oracle.ts';
import { type FleetWorld, openFleetWorld, openWorldOn } from '../support/fleet-world.ts';
import { startCluster } from '../support/restate.ts';

const watched = watchHosts();

const MADE = ['one', 'two'];
const WAITS = ['--input', 'waits=true', '--detach'];

/** How long it may take from the end of a fault to the answer of the host: the longest delay of an agent, and a long poll. */
const RECOVERY_MS = 60_000;

describe.runIf(EVERY_POINT)('a fleet run', () => {
  let world: FleetWorld;
  beforeAll(async () => {
    world = await openFleetWorld();
  });

  test.runIf(HAS_NETWORK).for([25, 100])(
    'ends after a partition of %i s, in which the cut host goes on',
    async (seconds) => {
      const [cut, other] = [watched(world.host(`fsl-${seconds}`)), watched(world.host(`fsl-${seconds}b`))];
      await Promise.all([cut.join(), other.join()]);
      other.put('go');
      const both = [cut.name, other.name].join(',');
      await world.fleet('start', 'site', '--hosts', both, '--id', `fsl${seconds}`, ...WAITS);
      await world.untilUnderWay(cut);
      await cut.cut();
      cut.put('go');
      await setTimeout(seconds * 1_000);
      expect(cut.log()).toEqual(MADE);
      expect((await world.show(`fsl${seconds}`)).hosts.map(({ status }) => status)).toEqual(['offered', 'succeeded']);
      const mendedAt = performance.now();
      await cut.mend();
      await world.untilStatus(`fsl${seconds}`, 'succeeded');
      const tookMs = performance.now() - mendedAt;
      process.stdout.write(`partition of ${seconds} s: its answer ${(tookMs / 1_000).toFixed(1)} s after its end\n`);
      expect(tookMs).toBeLessThan(RECOVERY_MS);
      await world.fleet('rollback', `fsl${seconds}`);
      await world.untilStatus(`fsl${seconds}`, 'rolled-back');
      expect([cut.folders(), other.folders()]).toEqual([[], []]);
    },
  );

  test('goes on without one of three servers, waits without two, and ends when one is back', async () => {
    const [first, second, third] = await startCluster();
    if (first === undefined || second === undefined || third === undefined) throw new Error('no cluster');
    const cluster = await openWorldOn(first, LOOPBACK);
    const host = watched(cluster.host('fsl-c1'));
    await host.join();
    await cluster.fleet('start', 'site', '--hosts', host.name, '--id', 'fslc', ...WAITS);
    await cluster.untilUnderWay(host);

    await third.kill();
    host.put('go');
    await cluster.untilStatus('fslc', 'succeeded');

    await second.kill();
    const refused = await cluster.fleet('rollback', 'fslc');
    expect(refused.stderr).toMatch(/^error E_FLEET_UNREACHABLE/);
    expect(host.folders()).toEqual(MADE);
    await second.restart();
    await vi.waitFor(
      async () => {
        const { exitCode, stderr } = await cluster.fleet('rollback', 'fslc');
        expect(exitCode === 0 || /it is rolled back|nothing of it is in place/.test(stderr), stderr).toBe(true);
      },
      { timeout: 90_000, interval: 500 },
    );
    await cluster.untilStatus('fslc', 'rolled-back');
    expect(host.folders()).toEqual([]);
  });
});

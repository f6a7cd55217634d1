import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { HAS_NETWORK } from '../../support/fleet/fleet-network.ts';
import { watchHosts } from '../../support/fleet/fleet-oracle.ts';
import { type FleetWorld, openFleetWorld } from '../../support/fleet/fleet-world.ts';
import { EVERY_CASE } from '../../support/rotation.ts';

const watched = watchHosts();

const MADE = ['one', 'two'];
const WAITS = ['--input', 'waits=true', '--detach'];

/** How long it may take from the end of a fault to the answer of the host: the longest delay of an agent, and a long poll. */
const RECOVERY_MS = 60_000;

describe.runIf(EVERY_CASE)('a fleet run', () => {
  let world: FleetWorld;
  beforeAll(async () => {
    world = await openFleetWorld();
  });

  test.runIf(HAS_NETWORK)('is finished by a host that was rebooted in the middle of a step', async () => {
    const host = watched(world.host('fsl-boot'));
    const agent = await host.join();
    await world.fleet('start', 'site', '--hosts', host.name, '--id', 'fslboot', ...WAITS);
    await world.untilUnderWay(host);
    await host.reboot(agent);
    // The mailbox takes it for a clone until the session of the boot before is over.
    const rebooted = await host.start([]);
    expect(await rebooted.printed(/"did":"disconnected"/)).toContain('E_MAILBOX_HELD');
    host.put('go');
    await rebooted.printed(/"did":"joined"/);
    await world.untilStatus('fslboot', 'succeeded');
    expect(host.log()).toEqual(MADE);
  });

  test.runIf(HAS_NETWORK).for([25, 100])(
    'ends after a partition of %i s, in which the cut host keeps running',
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
      const repairedAt = performance.now();
      await cut.repair();
      await world.untilStatus(`fsl${seconds}`, 'succeeded');
      const tookMs = performance.now() - repairedAt;
      process.stdout.write(`partition of ${seconds} s: its answer ${(tookMs / 1_000).toFixed(1)} s after its end\n`);
      expect(tookMs).toBeLessThan(RECOVERY_MS);
      await world.fleet('rollback', `fsl${seconds}`);
      await world.untilStatus(`fsl${seconds}`, 'rolled-back');
      expect([cut.folders(), other.folders()]).toEqual([[], []]);
    },
  );
});

import { beforeAll, describe, expect, test, vi } from 'vitest';
import { dealt, EVERY_POINT } from '../support/crash/crash-tests.ts';
import { watchHosts } from '../support/fleet-oracle.ts';
import { type FleetWorld, openFleetWorld, type TestHost } from '../support/fleet-world.ts';

/** The points of an agent on the way to the end of each journey. */
const JOURNEYS = {
  run: [
    'before mailbox open',
    'after mailbox open',
    'before mailbox next',
    'after mailbox next',
    'before part start',
    'after part start',
    'before mailbox answer',
    'after mailbox answer',
  ],
  rollBack: [
    'before part rollback',
    'after part rollback',
    'before mailbox answer',
    'after mailbox answer',
    'before mailbox next@2',
  ],
  cancel: ['before part cancel', 'after part cancel', 'before mailbox answer'],
  entomb: ['before part entomb', 'after part entomb', 'before mailbox answer', 'after mailbox answer'],
  confirm: [
    'before mailbox confirm',
    'after mailbox confirm',
    'before part confirm',
    'after part confirm',
    'before mailbox answer',
  ],
  /** Those of the process of a part. */
  part: [
    'after commit create',
    'after commit change.intended change 1',
    'after commit change.applied change 1',
    'after commit ended',
  ],
} as const;

/** The journey of an agent that the seed chooses. */
const [CHOSEN] = dealt(['run', 'rollBack', 'cancel', 'entomb', 'confirm'], 5);

let world: FleetWorld;
beforeAll(async () => {
  world = await openFleetWorld();
});
const watched = watchHosts();

let fleets = 0;
/** A host with its own fleet run. */
function openHost() {
  fleets += 1;
  const host = watched(world.host(`fak-${fleets}`));
  const id = `fak${fleets}`;
  const start = (...more: readonly string[]) =>
    world.fleet('start', 'site', '--hosts', host.name, '--id', id, '--input', 'waits=true', '--detach', ...more);
  return { host, id, start };
}

/** Starts an agent that kills itself at a point, and another one once it is dead. */
async function killAndStartAgain(host: TestHost, point: string): Promise<void> {
  const mortal = await host.start([], { WF_CRASH_AT: point });
  expect((await mortal.end).signal).toBe('SIGKILL');
  await host.join();
}

describe('the agent of a host is killed, and the next one ends the fleet run right', () => {
  test.for(pointsOf('run'))('while its part runs: %s', async (point) => {
    const { host, id, start } = openHost();
    host.put('go');
    // Restate knows a host once its agent has joined.
    const first = await host.join();
    first.kill('SIGKILL');
    await first.end;
    await start();
    await killAndStartAgain(host, point);
    await world.untilStatus(id, 'succeeded');
    expect(host.log()).toEqual(['one', 'two']);
  });

  test.for(pointsOf('rollBack'))('while its part is undone: %s', async (point) => {
    const { host, id, start } = openHost();
    host.put('go');
    const first = await host.join();
    await start();
    await world.untilStatus(id, 'succeeded');
    first.kill('SIGKILL');
    await first.end;
    await world.fleet('rollback', id);
    await killAndStartAgain(host, point);
    await world.untilStatus(id, 'rolled-back');
    expect(host.folders()).toEqual([]);
  });

  test.for(pointsOf('cancel'))('while its part is cancelled: %s', async (point) => {
    const { host, id, start } = openHost();
    const first = await host.join();
    await start();
    await world.untilUnderWay(host);
    first.kill('SIGKILL');
    await first.end;
    await world.fleet('cancel', id);
    await killAndStartAgain(host, point);
    await world.untilStatus(id, 'rolled-back');
    expect(host.log()).toEqual(['one', 'not one']);
  });

  test.for(pointsOf('confirm'))('while its part has to be confirmed: %s', async (point) => {
    const { host, id, start } = openHost();
    host.put('go');
    const first = await host.join();
    first.kill('SIGKILL');
    await first.end;
    await start('--confirm-within', '1m');
    await killAndStartAgain(host, point);
    await world.untilStatus(id, 'succeeded');
    expect(host.log()).toEqual(['one', 'two']);
  });

  test.for(pointsOf('entomb'))('while its part is kept from starting: %s', async (point) => {
    const { host, id, start } = openHost();
    const first = await host.join();
    first.kill('SIGKILL');
    await first.end;
    await start();
    await world.fleet('cancel', id);
    await killAndStartAgain(host, point);
    await world.untilStatus(id, 'rolled-back');
    expect(host.log()).toEqual([]);
    const late = await host.project.wf(['start', 'site', '--id', `${id}-${host.name}`]);
    expect(late.stderr).toContain('E_TOMBSTONE');
  });
});

test.for(pointsOf('part'))('the process of a part is killed, and the agent ends the part: %s', async (point) => {
  const { host, id, start } = openHost();
  host.put('go');
  // Resuming the part, the agent may reach the same point.
  const mortal = await host.start([], { WF_CRASH_AT: point });
  await mortal.printed(/"did":"joined"/);
  let isDead = false;
  void mortal.end.then(() => {
    isDead = true;
  });
  await start();
  const hasEnded = async () => isDead || (await world.show(id)).status === 'succeeded';
  await vi.waitFor(async () => expect(await hasEnded()).toBe(true), { timeout: 60_000, interval: 200 });
  if (isDead) await host.join();
  await world.untilStatus(id, 'succeeded');
  expect(host.log()).toEqual(['one', 'two']);
});

/** All points of a journey in the nightly tests; otherwise one, which the seed chooses. */
function pointsOf(journey: keyof typeof JOURNEYS): readonly string[] {
  const points = JOURNEYS[journey];
  if (EVERY_POINT) return points;
  return journey === 'part' || journey === CHOSEN ? dealt(points, points.length) : [];
}

import path from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { pointsIn } from '../../../src/testing/session.ts';
import type { RunningWf } from '../../support/command/wf-process.ts';
import { distinctPoints } from '../../support/crash/crash-log.ts';
import { watchHosts } from '../../support/fleet/fleet-oracle.ts';
import { type FleetWorld, openFleetWorld, type TestHost } from '../../support/fleet/fleet-world.ts';
import { dealt, EVERY_CASE, inTurn, SEED } from '../../support/rotation.ts';

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

/** Kills the first agent of a host: Restate knows a host once its agent has joined. */
async function killed(agent: RunningWf): Promise<void> {
  agent.kill('SIGKILL');
  await agent.end;
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
    await killed(await host.join());
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
    await killed(first);
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
    await killed(first);
    await world.fleet('cancel', id);
    await killAndStartAgain(host, point);
    await world.untilStatus(id, 'rolled-back');
    expect(host.log()).toEqual(['one', 'not one']);
  });

  test.for(pointsOf('confirm'))('while its part has to be confirmed: %s', async (point) => {
    const { host, id, start } = openHost();
    host.put('go');
    await killed(await host.join());
    await start('--confirm-within', '1m');
    await killAndStartAgain(host, point);
    await world.untilStatus(id, 'succeeded');
    expect(host.log()).toEqual(['one', 'two']);
  });

  test.for(pointsOf('entomb'))('while its part is kept from starting: %s', async (point) => {
    const { host, id, start } = openHost();
    await killed(await host.join());
    await start();
    await world.fleet('cancel', id);
    await killAndStartAgain(host, point);
    await world.untilStatus(id, 'rolled-back');
    expect(host.log()).toEqual([]);
    const late = await host.project.wf(['start', 'site', '--id', `${id}-${host.name}`]);
    expect(late.stderr).toContain('E_TOMBSTONE');
  });
});

test('the process of a part is killed at a commit or a touch of its host, and the agent ends the part', async () => {
  const all = distinctPoints(await runPart());
  const points = inTurn(all, all.length);
  expect(points).not.toEqual([]);
  const startedAt = performance.now();
  // A process that reaches its point is killed there.
  for (const point of points) expect(await runPart(point)).toContain(point);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0);
  process.stdout.write(
    `part: WF_TEST_SEED=${SEED}, killed at ${points.length} of ${all.length} points; ${seconds} s\n`,
  );
});

/** Runs the part of a host to its end; its process is killed at a point. Returns the points that its processes have reached. */
async function runPart(point?: string): Promise<readonly string[]> {
  const { host, id, start } = openHost();
  host.put('go');
  const log = path.join(host.project.folder, 'points');
  const mortal = await host.start([], { WF_CRASH_LOG: log, ...(point === undefined ? {} : { WF_CRASH_AT: point }) });
  await mortal.printed(/"did":"joined"/);
  // Resuming the part, the agent may reach the same point.
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
  return pointsIn(log).filter((each) => / (commit|touch) /.test(each));
}

/** All points of a journey in the nightly tests; otherwise one, which the seed chooses. */
function pointsOf(journey: keyof typeof JOURNEYS): readonly string[] {
  const points = JOURNEYS[journey];
  if (EVERY_CASE) return points;
  return journey === CHOSEN ? dealt(points, points.length) : [];
}

import { beforeAll, expect, test, vi } from 'vitest';
import { type FleetWorld, openFleetWorld } from '../../support/fleet/fleet-world.ts';

let world: FleetWorld;
beforeAll(async () => {
  world = await openFleetWorld();
});

/** Waits by the list alone, which copies what ended unseen. */
const untilListed = (id: string, status: string) =>
  vi.waitFor(
    async () =>
      expect((await world.fleet('runs', '--json')).json()).toContainEqual(expect.objectContaining({ id, status })),
    { timeout: 40_000, interval: 200 },
  );

const MADE = ['one', 'two'];

test('a fleet run that has ended is copied to the history of each operator who sees it, and outlives Restate', async () => {
  const hosts = ['frk-a1', 'frk-a2'].map((name) => world.host(name));
  await Promise.all(hosts.map((host) => host.join()));
  const start = (id: string, ...more: readonly string[]) =>
    world.fleet('start', 'site', '--hosts', 'frk-a1,frk-a2', '--id', id, ...more);
  expect(await start('frka')).toMatchObject({ exitCode: 0, stderr: expect.not.stringContaining('warning') });
  expect(hosts.map((host) => host.log())).toEqual([MADE, MADE]);
  await start('frkb', '--detach');
  await untilListed('frkb', 'succeeded');

  const table = await world.operator.sharedWf(['runs']);
  expect(table.stdout).toMatch(
    /^FLEET RUN +WORKFLOW +STATUS +HOSTS +CREATED\nfrkb +site +succeeded +2 .*\nfrka +site +succeeded +2 /,
  );
  expect(table.stderr).toBe('');
  // The arrays of programs have runs alone.
  expect((await world.operator.sharedWf(['runs', '--json'])).json()).toEqual([]);
  expect((await world.operator.sharedWf(['runs', '--format', 'ids'])).stdout).toBe('');
  expect((await world.operator.sharedWf(['runs', '--status', 'rolled-back'])).stdout).toBe('');

  // A rollback is another end.
  await world.fleet('rollback', 'frka');
  await untilListed('frka', 'rolled-back');
  await world.restate.kill();
  const shown = await world.fleet('show', 'frka', '--json');
  expect(shown).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('warning E_FLEET_UNREACHABLE') });
  expect(shown.stderr).toContain(`Shown from the copies in ${world.operator.database}.`);
  expect(shown.json()).toMatchObject({ status: 'rolled-back', hosts: [{ status: 'undone' }, { status: 'undone' }] });
  expect((await world.fleet('runs', '--json')).json()).toMatchObject([
    { id: 'frkb', status: 'succeeded', hosts: 2, copy: true },
    { id: 'frka', status: 'rolled-back', hosts: 2, copy: true },
  ]);
  expect(await world.fleet('show', 'frkc')).toMatchObject({ exitCode: 3, stdout: '' });

  const pruned = await world.operator.sharedWf(['prune', '--keep', '1', '--yes']);
  expect(pruned.stdout).toMatch(/^Removed 0 runs, 1 fleet run\.$/m);
  expect((await world.operator.sharedWf(['runs'])).stdout).not.toContain('frka');
});

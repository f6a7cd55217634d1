import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { type FleetWorld, openFleetWorld } from '../../support/fleet/fleet-world.ts';

let world: FleetWorld;
beforeAll(async () => {
  world = await openFleetWorld();
});

const MADE = ['one', 'two'];
const UNDONE = ['one', 'two', 'not two', 'not one'];

/** Waits by the list alone, which copies the fleet runs that ended unseen. */
const untilListed = (id: string, status: string) =>
  vi.waitFor(
    async () =>
      expect((await world.fleet('runs', '--json')).json()).toContainEqual(expect.objectContaining({ id, status })),
    { timeout: 40_000, interval: 200 },
  );

test('a workflow changes a canary, then the others, is taken back from all, and outlives Restate as a copy', async () => {
  const hosts = ['fch-a1', 'fch-a2', 'fch-a3'].map((name) => world.host(name));
  await Promise.all(hosts.map((host) => host.join('--label', 'role=web')));
  const started = await world.fleet('start', 'site', '--where', 'role=web', '--canary', '1', '--id', 'fcha');
  expect(started.stderr).toMatch(/^fcha wave 1: 2 planned, 1 offered\n(?:fcha wave .*\n)*fcha wave 2: 3 succeeded$/m);
  expect(started.stderr).not.toContain('warning');
  expect(started).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^fleet run fcha: site on 3 hosts: succeeded/),
  });
  for (const host of hosts) expect([host.log(), host.folders()]).toEqual([MADE, MADE]);
  const record = await world.show('fcha');
  expect(record.hosts.map(({ host, wave, status }) => [host, wave, status])).toEqual([
    ['fch-a1', 1, 'succeeded'],
    ['fch-a2', 2, 'succeeded'],
    ['fch-a3', 2, 'succeeded'],
  ]);
  const local = await hosts[0]?.project.sharedWf(['show', 'fcha-fch-a1', '--json']);
  expect(local?.json()).toMatchObject({ status: 'succeeded', definitionHash: record.definitionHash, resume: 'auto' });

  const copied = async () => (await world.operator.sharedWf(['runs'])).stdout;
  expect(await copied()).toMatch(/^fcha +site +succeeded +3 /m);
  // A rollback is another end.
  expect(await world.fleet('rollback', 'fcha', '--comment', 'enough')).toMatchObject({ exitCode: 0 });
  await untilListed('fcha', 'rolled-back');
  expect(await copied()).toMatch(/^fcha +site +rolled-back +3 /m);
  const waited = await world.fleet('wait', 'fcha', '--json');
  expect(waited).toMatchObject({ exitCode: 1 });
  expect(waited.json()).toMatchObject({
    status: 'rolled-back',
    error: { code: 'E_ROLLED_BACK' },
    hosts: hosts.map(() => ({ status: 'undone', restored: true, changesInPlace: 0 })),
    requests: [{ kind: 'rollback', comment: 'enough' }],
  });
  for (const host of hosts) expect([host.log(), host.folders()]).toEqual([UNDONE, []]);

  const retried = await world.fleet('retry', 'fcha', '--id', 'fchb', '--detach');
  expect(retried).toMatchObject({ exitCode: 0, stdout: 'fchb\n' });
  await untilListed('fchb', 'succeeded');
  const runs = await world.fleet('runs', '--json');
  expect(runs.json()).toMatchObject([
    { id: 'fchb', status: 'succeeded', hosts: 3 },
    { id: 'fcha', status: 'rolled-back', workflow: 'site' },
  ]);

  await expectCopies();
});

/** Expects both fleet runs in the history of the operator, who has seen their ends. */
async function expectCopies(): Promise<void> {
  const table = await world.operator.sharedWf(['runs']);
  expect(table.stdout).toMatch(
    /^FLEET RUN +WORKFLOW +STATUS +HOSTS +CREATED\nfchb +site +succeeded +3 .*\nfcha +site +rolled-back +3 /,
  );
  expect(table.stderr).toBe('');
  // Output for programs lists only runs.
  expect((await world.operator.sharedWf(['runs', '--json'])).json()).toEqual([]);
  expect((await world.operator.sharedWf(['runs', '--format', 'ids'])).stdout).toBe('');
  expect((await world.operator.sharedWf(['runs', '--status', 'failed'])).stdout).toBe('');

  await world.restate.kill();
  const shown = await world.fleet('show', 'fcha', '--json');
  expect(shown).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('warning E_FLEET_UNREACHABLE') });
  expect(shown.stderr).toContain(`Shown from the copies in ${world.operator.database}.`);
  expect(shown.json()).toMatchObject({ status: 'rolled-back', hosts: Array(3).fill({ status: 'undone' }) });
  expect((await world.fleet('show', 'fchb', '--json')).json()).toMatchObject({ retryOf: 'fcha' });
  expect((await world.fleet('runs', '--json')).json()).toMatchObject([
    { id: 'fchb', status: 'succeeded', hosts: 3, copy: true },
    { id: 'fcha', status: 'rolled-back', hosts: 3, copy: true },
  ]);
  expect(await world.fleet('show', 'fchz')).toMatchObject({ exitCode: 3, stdout: '' });

  const pruned = await world.operator.sharedWf(['prune', '--keep', '1', '--yes']);
  expect(pruned.stdout).toMatch(/^Removed 0 runs, 1 fleet run\.$/m);
  expect((await world.operator.sharedWf(['runs'])).stdout).not.toContain('fcha');
  await world.restate.restart();
}

test('a host that fails undoes its part, and all changed hosts are undone', async () => {
  const hosts = ['fch-b1', 'fch-b2', 'fch-b3'].map((name) => world.host(name));
  hosts[1]?.put('bad');
  await Promise.all(hosts.map((host) => host.join()));
  const started = await world.fleet(
    'start',
    'site',
    '--hosts',
    'fch-b1,fch-b2,fch-b3',
    '--at-once',
    '1',
    '--id',
    'fchc',
  );
  expect(started.exitCode).toBe(1);
  expect(started.stdout).toMatch(
    /^E_FLEET_FAILED: fleet run fchc: 1 of 3 hosts failed, at most 0 may: fch-b2 \(failed\)$/m,
  );
  expect((await world.show('fchc')).hosts.map(({ status }) => status)).toEqual(['undone', 'failed', 'skipped']);
  expect(hosts.map((host) => host.log())).toEqual([UNDONE, UNDONE, []]);
  expect(hosts.flatMap((host) => host.folders())).toEqual([]);
});

test('a host refuses another definition, a workflow that it does not permit, and references to its files', async () => {
  const [changed, strict] = [world.host('fch-c1'), world.host('fch-c2')];
  const file = readFileSync(path.join(changed.project.folder, 'workflows/site.ts'), 'utf8');
  changed.project.write('workflows/site.ts', file.replace("version: '1'", "version: '2'"));
  await Promise.all([changed.join(), strict.join('--allow', 'other')]);
  const start = (id: string, host: string, ...more: readonly string[]) =>
    world.fleet('start', 'site', '--hosts', host, '--id', id, '--json', ...more);
  for (const [id, host, code] of [
    ['fchd', 'fch-c1', 'E_DEFINITION_CHANGED'],
    ['fche', 'fch-c2', 'E_FORBIDDEN'],
  ] as const) {
    const refused = await start(id, host);
    expect(refused.exitCode).toBe(1);
    expect(refused.json()).toMatchObject({ status: 'rolled-back', hosts: [{ status: 'refused', error: { code } }] });
  }
  expect([changed.log(), strict.log()]).toEqual([[], []]);
  // The refusal is final, also if the host gets the item again.
  const later = await strict.project.sharedWf(['start', 'site', '--id', 'fche-fch-c2']);
  expect(later.stderr).toMatch(/^error E_TOMBSTONE: run fche-fch-c2 must never start here: it was refused/);
});

test('a second agent with the name of a host is refused', async () => {
  await world.host('fch-d1').join();
  const clone = world
    .host('fch-d1')
    .project.serve([...['agent', '--fleet', world.restate.url, '--name', 'fch-d1', '--json']]);
  const line = await clone.printed(/"did":"disconnected"/);
  expect(JSON.parse(line)).toMatchObject({ error: { code: 'E_MAILBOX_HELD' } });
});

test('mistakes are refused before a part starts', async () => {
  for (const [args, code, words] of [
    [['start', 'site'], 'E_USAGE', 'either --hosts or --where'],
    [['start', 'site', '--hosts', 'nosuch'], 'E_HOST_NOT_FOUND', 'no agent of a host nosuch'],
    [['start', 'site', '--where', 'role=nosuch'], 'E_HOST_NOT_FOUND', 'no host has the labels'],
    [['start', 'site', '--hosts', 'a', '--at-once', 'some'], 'E_HOST_NOT_FOUND', ''],
    [['start', './site.ts', '--hosts', 'a'], 'E_USAGE', 'by their names'],
    [['start', 'nosuch', '--hosts', 'a'], 'E_WORKFLOW_NOT_FOUND', ''],
    [['start', 'site', '--hosts', 'a', '--input', 'nosuch=1'], 'E_INPUT', ''],
    [['show'], 'E_USAGE', 'needs ID'],
    [['show', 'nosuch'], 'E_FLEET_NOT_FOUND', 'there is no fleet run nosuch'],
    [['show', 'nosuch', '--reason', 'x'], 'E_USAGE', '--reason is not an option of wf fleet show'],
    [['runs', 'x'], 'E_USAGE', 'takes no argument'],
    [['write-off', 'x'], 'E_USAGE', 'needs a --reason'],
    [['write-off', 'x', '--reason', 'y'], 'E_HOST_NOT_FOUND', ''],
    [['cancel', 'a/b'], 'E_USAGE', 'is not a fleet id'],
    [['runs', '--fleet', 'nowhere'], 'E_USAGE', '--fleet nowhere is not an address'],
    [['hosts', '--fleet', 'http://127.0.0.1:9'], 'E_FLEET_UNREACHABLE', 'cannot be reached'],
  ] as const) {
    const { stderr, stdout } = await world.fleet(...args);
    expect([stderr.split('\n')[0], stdout]).toEqual([expect.stringMatching(`^error ${code}: .*${words}`), '']);
  }
});

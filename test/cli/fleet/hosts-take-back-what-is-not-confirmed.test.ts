import { beforeAll, describe, expect, test, vi } from 'vitest';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { HAS_NETWORK } from '../../support/fleet/fleet-network.ts';
import { watchHosts } from '../../support/fleet/fleet-oracle.ts';
import { type FleetWorld, openFleetWorld, type TestHost } from '../../support/fleet/fleet-world.ts';
import { HAS_NFT } from '../../support/host/nft.ts';
import { chosen } from '../../support/rotation.ts';

const MADE = ['one', 'two'];
/** Cuts the host off if it has the file `site/bad`: `how` drops only new connections, or takes the link down. */
const CUT = `
import { defineWorkflow } from 'wf-engine';
import { execCommand } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';

const RULES = 'table inet cut { chain out { type filter hook output priority 0; tcp flags syn / fin,syn,rst,ack drop; }; }';
const LINK = "$(ip -brief link show type veth | sed 's/@.*//')";
const WAYS = {
  filter: ['nft ' + JSON.stringify(RULES), 'nft delete table inet cut'],
  link: ['ip link set ' + LINK + ' down', 'ip link set ' + LINK + ' up'],
};
const input = z.object({ how: z.enum(['filter', 'link']) });

const machine = setup({
  types: { context: {} as z.output<typeof input>, input: {} as z.output<typeof input> },
  actors: { execCommand: execCommand.with({ alters: [] }) },
}).createMachine({
  context: ({ input }) => input,
  initial: 'change',
  states: {
    change: {
      invoke: {
        id: 'change',
        src: 'execCommand',
        input: ({ context: { how } }) => ({
          argv: ['sh', '-c', 'mkdir site/way; echo way >> site/log; test ! -e site/bad || ' + WAYS[how][0]],
          check: ['test', '-d', 'site/way'],
          undo: ['sh', '-c', 'rmdir site/way; echo not way >> site/log; test ! -e site/bad || ' + WAYS[how][1]],
        }),
        onDone: 'done',
      },
    },
    done: { type: 'final' },
  },
});

export default defineWorkflow({ name: 'cut', version: '1', keepsChanges: true, description: 'Cuts hosts off', input, machine });
`;

const SEALED = CUT.replace("name: 'cut'", "name: 'sealed'").replace(
  "how: z.enum(['filter', 'link'])",
  "token: z.string().meta({ secret: true }), how: z.enum(['filter', 'link']).default('link')",
);

let world: FleetWorld;
beforeAll(async () => {
  world = await openFleetWorld({ 'workflows/cut.ts': CUT, 'workflows/sealed.ts': SEALED });
});
const watched = watchHosts();
const openHost = (name: string): TestHost => watched(world.host(name));

const start = (workflow: string, id: string, on: readonly TestHost[], ...more: readonly string[]) => {
  const hosts = on.map(({ name }) => name).join(',');
  return world.fleet('start', workflow, '--hosts', hosts, '--id', id, '--detach', ...more);
};

async function partOn(host: TestHost, id: string) {
  const shown = await host.project.sharedWf(['show', `${id}-${host.name}`, '--json']);
  return runRecordSchema.parse(JSON.parse(shown.stdout));
}

async function expectConfirmed(host: TestHost, id: string): Promise<void> {
  expect(await partOn(host, id)).toMatchObject({
    status: 'succeeded',
    requests: [{ kind: 'confirm', comment: 'the fleet keeps it', outcome: { type: 'handled' } }],
  });
}

describe('a part that has to be confirmed', () => {
  test('is confirmed by the fleet', async () => {
    const host = openHost('ffn-a1');
    await host.join();
    host.put('go');
    expect(await start('site', 'ffna', [host], '--confirm-within', '1m')).toMatchObject({ exitCode: 0 });
    expect(await world.untilStatus('ffna', 'succeeded')).toMatchObject({ confirmWithinMs: 60_000, hosts: [{}] });
    await expectConfirmed(host, 'ffna');
  });

  test.runIf(HAS_NETWORK && HAS_NFT).for(chosen(['filter', 'link']))(
    'is taken back on exactly the hosts that it cuts off: %s',
    async (how) => {
      const [well, cut] = [openHost(`ffn-b1-${how}`), openHost(`ffn-b2-${how}`)];
      for (const host of [well, cut]) {
        await host.join();
        host.put('go');
      }
      // It leaves connections that are still open.
      await start('site', `ffnb0-${how}`, [well, cut]);
      await world.untilStatus(`ffnb0-${how}`, 'succeeded');
      cut.put('bad');
      const id = `ffnb-${how}`;
      await start('cut', id, [well, cut], '--confirm-within', '4s', '--max-failures', '1', '--input', `how=${how}`);
      await vi.waitFor(() => expect(cut.log()).toEqual([...MADE, 'way']), { timeout: 20_000, interval: 50 });
      const { hosts } = await world.untilStatus(id, 'succeeded');
      expect(hosts).toMatchObject([
        { status: 'succeeded' },
        { status: 'failed', changesInPlace: 0, error: { code: 'E_NOT_CONFIRMED' } },
      ]);
      expect([well.log(), cut.log()]).toEqual([
        [...MADE, 'way'],
        [...MADE, 'way', 'not way'],
      ]);
      await expectConfirmed(well, id);
      expect((await partOn(cut, id)).requests).toEqual([]);
    },
  );

  test('is taken back while nobody can confirm it, and reported to the fleet later', async () => {
    const host = openHost('ffn-c1');
    await host.join();
    await start('site', 'ffnc', [host], '--confirm-within', '2s', '--input', 'waits=true');
    await world.untilUnderWay(host);
    await world.restate.kill();
    host.put('go');
    await vi.waitFor(() => expect(host.log()).toEqual(['one', 'two', 'not two', 'not one']), { timeout: 40_000 });
    await world.restate.restart();
    const { hosts, error } = await world.untilStatus('ffnc', 'rolled-back');
    expect([hosts, error]).toMatchObject([[{ status: 'failed', restored: true }], { code: 'E_FLEET_FAILED' }]);
  });

  test('is refused if no host could take it back', async () => {
    const host = openHost('ffn-d1');
    await host.join();
    const refusal = async (workflow: string, time: string, ...more: readonly string[]) =>
      (await start(workflow, 'ffnd', [host], '--confirm-within', time, ...more)).stderr;
    expect(await refusal('site', 'soon')).toMatch(/^error E_USAGE: --confirm-within soon/);
    expect(await refusal('lab-network', '1m')).toMatch(/^error E_USAGE: workflow lab-network leaves no changes/);
    expect(await refusal('sealed', '1m', '--input', 'token=@env:HOME')).toMatch(
      /^error E_USAGE: --confirm-within: .* secret inputs token/,
    );
    expect((await world.fleet('show', 'ffnd')).stderr).toContain('E_FLEET_NOT_FOUND');
  });
});

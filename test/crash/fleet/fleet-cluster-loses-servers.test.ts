import { beforeAll, expect, test, vi } from 'vitest';
import { readDocPage } from '../../support/command/doc-page.ts';
import { LOOPBACK } from '../../support/fleet/fleet-network.ts';
import { watchHosts } from '../../support/fleet/fleet-oracle.ts';
import { type FleetWorld, openWorldOn } from '../../support/fleet/fleet-world.ts';
import { type RestateNode, startCluster } from '../../support/fleet/restate.ts';
import { freePort } from '../../support/host/free-port.ts';
import { startNginx } from '../../support/page/nginx.ts';
import { EVERY_CASE } from '../../support/rotation.ts';

const { 'wf-fleet-servers.conf': configuration = '' } = readDocPage('docs/how-to/run-a-fleet.md').files;

/** The operator and the agents know the address of nginx only. */
let world: FleetWorld;
let servers: readonly [RestateNode, RestateNode, RestateNode];
const watched = watchHosts();

beforeAll(async () => {
  if (!EVERY_CASE) return;
  const [first, second, third] = await startCluster();
  if (first === undefined || second === undefined || third === undefined) throw new Error('no cluster');
  servers = [first, second, third];
  const port = await freePort();
  const addresses = servers.map(({ url }) => url.replace('http://', ''));
  await startNginx(
    configuration
      .replace('listen 127.0.0.1:8088', `listen 127.0.0.1:${port}`)
      .replace(/server 10\.0\.0\.1(\d):8080/g, (_line, number) => `server ${addresses[number - 1]}`),
    port,
  );
  world = await openWorldOn({ ...first, url: `http://127.0.0.1:${port}` }, LOOPBACK);
});

const WAITS = ['--input', 'waits=true', '--detach'];
const MADE = ['one', 'two'];

test.runIf(EVERY_CASE)(
  'a fleet run behind nginx continues without one of three servers, waits without two, and ends when one returns',
  async () => {
    const [first, second] = servers;
    const host = watched(world.host('fcl-a1'));
    await host.join();
    await world.fleet('start', 'site', '--hosts', host.name, '--id', 'fcla', ...WAITS);
    await world.untilUnderWay(host);

    // The handlers were registered at this one.
    await first.kill();
    host.put('go');
    await world.untilStatus('fcla', 'succeeded');
    // nginx sends each request to a living server.
    for (let asked = 0; asked < 9; asked += 1) expect(await world.fleet('show', 'fcla')).toMatchObject({ exitCode: 0 });

    await second.kill();
    const refused = await world.fleet('rollback', 'fcla');
    expect(refused.stderr).toMatch(/^error E_FLEET_UNREACHABLE/);
    expect(host.folders()).toEqual(MADE);

    await first.restart();
    await vi.waitFor(
      async () => {
        const { exitCode, stderr } = await world.fleet('rollback', 'fcla');
        // The request that was refused may have been carried out.
        expect(exitCode === 0 || /it is being rolled back|nothing of it is in place/.test(stderr), stderr).toBe(true);
      },
      { timeout: 120_000, interval: 500 },
    );
    await world.untilStatus('fcla', 'rolled-back');
    expect(host.folders()).toEqual([]);
  },
);

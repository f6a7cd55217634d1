import { beforeAll, expect, test } from 'vitest';
import { readDocPage } from '../../support/command/doc-page.ts';
import { watchHosts } from '../../support/fleet/fleet-oracle.ts';
import { type FleetWorld, openFleetWorld } from '../../support/fleet/fleet-world.ts';
import { freePort } from '../../support/host/free-port.ts';
import { startNginx } from '../../support/page/nginx.ts';

const { 'wf-fleet-handlers.conf': configuration = '' } = readDocPage('docs/how-to/run-a-fleet.md').files;

let world: FleetWorld;
beforeAll(async () => {
  world = await openFleetWorld();
});
const watched = watchHosts();

test('several handlers behind nginx serve one fleet run, and the others take over the calls of one that is killed', async () => {
  const [balancer, first, second] = [await freePort(), await freePort(), await freePort()];
  const here = configuration
    .replace('127.0.0.1:9079', `127.0.0.1:${balancer}`)
    .replace('127.0.0.1:9080', `127.0.0.1:${first}`)
    .replace('127.0.0.1:9081', `127.0.0.1:${second}`);
  await startNginx(here, balancer);
  const serve = async (port: number) => {
    await world.serve({ port, address: `http://127.0.0.1:${balancer}` });
    return world.handlers();
  };
  const usual = world.handlers();
  const [one, other] = [await serve(first), await serve(second)];
  usual.kill('SIGTERM');
  expect(await usual.end).toMatchObject({ exitCode: 0 });

  const host = watched(world.host('hsa'));
  await host.join();
  await world.fleet('start', 'site', '--hosts', host.name, '--id', 'hsa', '--input', 'waits=true', '--detach');
  await world.untilUnderWay(host);
  // The agent polls: the call is under way at one of the two.
  one.kill('SIGKILL');
  await one.end;
  host.put('go');
  await world.untilStatus('hsa', 'succeeded');
  const again = await serve(first);
  other.kill('SIGKILL');
  await other.end;
  await world.fleet('rollback', 'hsa');
  await world.untilStatus('hsa', 'rolled-back');
  expect(host.folders()).toEqual([]);
  again.kill('SIGTERM');
  expect(await again.end).toMatchObject({ exitCode: 0 });
});

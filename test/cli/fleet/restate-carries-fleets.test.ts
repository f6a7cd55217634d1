import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FleetTransport } from '../../../src/fleet/fleet-transport.ts';
import { fleetIdSchema, hostNameSchema } from '../../../src/fleet/model/ids.ts';
import { restateTransport } from '../../../src/fleet/restate/restate-transport.ts';
import { type ServedHandlers, serveHandlers } from '../../../src/fleet/restate/serve-handlers.ts';
import { systemClock } from '../../../src/host/machine/clock.ts';
import { fleetTransportContract } from '../../support/fleet/fleet-transport-contract.ts';
import { type Restate, startRestate } from '../../support/fleet/restate.ts';
import { freePort } from '../../support/host/free-port.ts';
import { startNginx } from '../../support/page/nginx.ts';

let restate: Restate;
let handlers: ServedHandlers;
let transport: FleetTransport;
/** The error of a request that was sent before the handlers served. */
let early: unknown;
const warnings: string[] = [];

beforeAll(async () => {
  restate = await startRestate();
  transport = restateTransport(restate.url, systemClock);
  early = await transport.writeOff(hostNameSchema.parse('h'), { by: 'a', reason: 'b' }).catch((thrown) => thrown);
  handlers = await serveHandlers({
    port: 0,
    address: null,
    admin: restate.admin,
    identityKeys: [],
    warn: (line) => warnings.push(line),
  });
});
afterAll(async () => {
  await handlers.close();
  // The SDK would try each call again, after a while.
  expect(warnings.filter((line) => line.includes('already pending'))).toEqual([]);
});

fleetTransportContract('Restate', { transport: () => transport, restart: () => restate.restart() });

test('a mailbox refuses unknown input, and its inner handlers cannot be called from outside', async () => {
  const call = async (path: string, body: unknown) => {
    const answer = await fetch(`${restate.url}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return [answer.status, await answer.text()] as const;
  };
  expect(await call('wf-host/h/open', { session: 'x' })).toEqual([400, expect.stringContaining('invalid request')]);
  expect(await call('wf-host/a%20b/open', {})).toEqual([400, expect.stringContaining('invalid request')]);
  for (const inner of ['wf-host/h/offer', 'wf-host/h/look', 'wf-fleet/f/report', 'wf-directory/all/addHost']) {
    expect((await call(inner, {}))[0]).toBe(400);
  }
});

test('an engine that is missing, or has no handlers, is reported with the next step', async () => {
  const nobody = restateTransport('http://127.0.0.1:9', systemClock);
  await expect(nobody.fleets()).rejects.toMatchObject({ code: 'E_FLEET_UNREACHABLE', transient: true });
  await expect(
    serveHandlers({ port: 0, address: null, admin: 'http://127.0.0.1:9', identityKeys: [], warn: () => {} }),
  ).rejects.toMatchObject({
    code: 'E_FLEET_UNREACHABLE',
  });
  expect(early).toMatchObject({ hint: 'Start the handlers of the fleet with `wf fleet serve`.' });
  const port = await freePort();
  await startNginx(`server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:9; } }`, port);
  await expect(restateTransport(`http://127.0.0.1:${port}`, systemClock).fleets()).rejects.toMatchObject({
    message: `http://127.0.0.1:${port} has answered with HTTP 502`,
    hint: expect.stringMatching(/^Check that Restate runs behind this proxy/),
    transient: true,
  });
  expect(fleetIdSchema.safeParse('a/b').success).toBe(false);
});

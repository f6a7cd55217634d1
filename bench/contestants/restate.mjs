// Restate: a server on loopback with its usual options, and a handler in this process.
import { once } from 'node:events';
import http2 from 'node:http2';
import { createEndpointHandler, service } from '@restatedev/restate-sdk';
import { contestant } from '../lib/contestant.mjs';
import { startRestate } from '../lib/restate.mjs';

await contestant({
  async open(folder, steps, work) {
    const chain = service({
      name: 'chain',
      handlers: {
        async run(context) {
          for (let n = 0; n < steps; n += 1) {
            await context.run(`s${n}`, async () => {
              await work(n, context.request().id);
              return { n };
            });
          }
          return { steps };
        },
      },
    });
    const handlers = http2
      .createServer(createEndpointHandler({ services: [chain], logger: () => {} }))
      .listen(0, '127.0.0.1');
    await once(handlers, 'listening');
    const restate = await startRestate(folder);
    await post(`${restate.admin}/deployments`, { uri: `http://127.0.0.1:${handlers.address().port}` });
    return {
      async run(count) {
        await Promise.all(Array.from({ length: count }, () => post(`${restate.url}/chain/run`, {})));
      },
      async close() {
        await restate.kill();
        handlers.close();
      },
    };
  },
});

async function post(address, body) {
  const response = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${address}: ${response.status} ${await response.text()}`);
  return response.json();
}

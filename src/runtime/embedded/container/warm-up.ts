import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { askQuestion } from '../../../host/probe-agent/probe-questions.mjs';

const LIMIT_MS = 1_000;

/**
 * Sends one request to this process over the loopback: the first request and response of a process take about 15 ms, mostly for code
 * that runs for the first time, and later ones 1 ms. The result does not matter.
 */
export function warmUp(): Promise<void> {
  const server = createServer((_request, response) => response.end('\n'));
  return new Promise((resolve) => {
    server.once('error', () => resolve());
    server.listen(0, '127.0.0.1', () => {
      const url = `http://127.0.0.1:${portOf(server.address())}/`;
      const request = { kind: 'http', url, expect: null, patient: false, budgetMs: LIMIT_MS };
      const done = (): void => {
        server.close();
        resolve();
      };
      askQuestion(request, performance.now()).then(done, done);
    });
  });
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}

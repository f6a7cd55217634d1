import { expect, test } from 'vitest';
import { askQuestion } from '../../../../src/host/probe-agent/probe-questions.mjs';

/** Addresses of this machine: nothing listens on the port, so that each refuses the connection. */
const own = (count: number) =>
  Array.from({ length: count }, (_none, index) => `127.7.${Math.floor(index / 250)}.${(index % 250) + 1}`);

const ask = (answering: readonly string[], silent: readonly string[], budgetMs: number) =>
  askQuestion({ kind: 'reach-all', answering, silent, silenceMs: 50, patient: false, budgetMs }, performance.now());

test('more addresses than the limit of open sockets all answer', async () => {
  const { outcome } = await ask(own(1_300), [], 10_000);
  expect(outcome).toEqual({ missing: [], heard: [], unsent: [] });
});

test('each address that answers but should be silent is reported', async () => {
  const { outcome } = await ask(own(2), own(600), 10_000);
  expect(outcome).toEqual({ missing: [], heard: own(600), unsent: [] });
});

test('an address that cannot be probed is reported as unsent, not as silent', async () => {
  // A connection to the broadcast address fails.
  const { outcome } = await ask(own(1), ['255.255.255.255'], 1_000);
  expect(outcome).toEqual({ missing: [], heard: [], unsent: ['255.255.255.255'] });
});

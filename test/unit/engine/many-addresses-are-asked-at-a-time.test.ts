import { expect, test } from 'vitest';
import { askQuestion } from '../../../src/host/probe-agent/probe-questions.mjs';

/** Addresses of this machine itself: nobody listens on the port that is asked, so that all refuse, and none is silent. */
const own = (count: number) =>
  Array.from({ length: count }, (_none, index) => `127.7.${Math.floor(index / 250)}.${(index % 250) + 1}`);

const ask = (answering: readonly string[], silent: readonly string[], budgetMs: number) =>
  askQuestion({ kind: 'reach-all', answering, silent, silenceMs: 50, patient: false, budgetMs }, performance.now());

test('more than may be open at a time all answer', async () => {
  const { outcome } = await ask(own(1_300), [], 10_000);
  expect(outcome).toEqual({ missing: [], heard: [], unsent: [] });
});

test('each that answers and should not is told, and no other', async () => {
  const { outcome } = await ask(own(2), own(600), 10_000);
  expect(outcome).toEqual({ missing: [], heard: own(600), unsent: [] });
});

test('what cannot be asked is told, and is not silent', async () => {
  // Nothing can be sent to the address that means none.
  const { outcome } = await ask(own(1), ['255.255.255.255'], 1_000);
  expect(outcome).toEqual({ missing: [], heard: [], unsent: ['255.255.255.255'] });
});

import { expect, test } from 'vitest';
import type { Clock } from '../../../../src/engine/ports/clock.ts';
import {
  DOCKER_LEFT_OUT,
  FIREWALL_LEFT_OUT,
  NETWORK_LEFT_OUT,
  readSection,
} from '../../../../src/fingerprint/differences/shape.ts';
import { settledSample } from '../../../../src/fingerprint/settle.ts';

/** Returns the links that are listed as changing if a link has these MTUs in one sample after the other, again and again. */
async function changingLinks(mtus: readonly number[], sampleMs: number, isWatched: boolean): Promise<string[]> {
  let now = 0;
  let samples = 0;
  const clock: Clock = {
    now: () => now,
    sinceBoot: () => now,
    after(delayMs, callback) {
      now += delayMs;
      const timer = setImmediate(callback);
      return () => clearImmediate(timer);
    },
  };
  const sample = async () => {
    now += sampleMs;
    const mtu = mtus[samples % mtus.length] ?? 0;
    samples += 1;
    const links = readSection([['link eth0', { mtu }]]);
    return { ...NETWORK_LEFT_OUT, ...FIREWALL_LEFT_OUT, ...DOCKER_LEFT_OUT, links };
  };
  const { links } = await settledSample(sample, clock, isWatched, () => false);
  return [...(links.changing ?? [])];
}

test.each([
  ['a machine on which a sample takes 50 ms', 50],
  ['a busy machine, on which it takes a second', 1_000],
])('a link that is the same in three of four samples is listed as changing on %s', async (_machine, sampleMs) => {
  expect(await changingLinks([1400, 1500, 1500, 1500], sampleMs, true)).toEqual(['link eth0']);
});

test('a link that has settled is not listed', async () => {
  expect(await changingLinks([1500], 50, true)).toEqual([]);
  expect(await changingLinks([1500], 50, false)).toEqual([]);
});

test('a link that changes in each sample is listed without a watch as well', async () => {
  expect(await changingLinks([1400, 1500], 50, false)).toEqual(['link eth0']);
});

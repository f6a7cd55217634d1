import { expect, test } from 'vitest';
import { addressOf } from '../support/contract-subject.ts';
import { describeContract } from '../support/contract-tests.ts';

/** An answer on one machine takes some milliseconds. */
const SILENT_MS = 700;

describeContract('isolation', (subject) => {
  test('lets containers of one network reach each other', async () => {
    const network = await subject().network('ct-net');
    const one = await subject().container('ct-one', network);
    const two = await subject().container('ct-two', network);
    expect(subject().fetch(one, addressOf(two))).toBe('ct-two');
    expect(subject().fetch(two, addressOf(one))).toBe('ct-one');
  });

  test('separates containers of two networks, and each still answers its neighbour and the host', async () => {
    const left = await subject().network('ct-left');
    const right = await subject().network('ct-right');
    const one = await subject().container('ct-one', left);
    const two = await subject().container('ct-two', right);
    const neighbours = [
      await subject().container('ct-near', left),
      await subject().container('ct-far', right),
    ] as const;
    // The controls: both are there, and answer.
    expect(subject().fetch(neighbours[0], addressOf(one))).toBe('ct-one');
    expect(subject().fetch(neighbours[1], addressOf(two))).toBe('ct-two');
    expect(subject().fetch('host', addressOf(one))).toBe('ct-one');
    expect(subject().fetch('host', addressOf(two))).toBe('ct-two');
    expect(subject().fetch(one, addressOf(two), SILENT_MS)).toBeNull();
    expect(subject().fetch(two, addressOf(one), SILENT_MS)).toBeNull();
  });

  test('drops packets silently, so a request times out', async () => {
    const one = await subject().container('ct-one', await subject().network('ct-left'));
    const two = await subject().container('ct-two', await subject().network('ct-right'));
    const begun = performance.now();
    expect(subject().fetch(one, addressOf(two), SILENT_MS)).toBeNull();
    expect(performance.now() - begun).toBeGreaterThanOrEqual(SILENT_MS - 50);
  });
});

import { beforeAll, expect, test } from 'vitest';
import type { ContainerInfo } from '../../src/engine/ports/docker.ts';
import { addressOf } from '../support/in-process/contract-subject.ts';
import { describeContract } from '../support/in-process/contract-tests.ts';

/** An answer on one machine takes some milliseconds. */
const SILENT_MS = 700;

describeContract('isolation', (subject) => {
  /** Two containers of one network each. */
  let left: readonly [ContainerInfo, ContainerInfo];
  let right: readonly [ContainerInfo, ContainerInfo];
  beforeAll(async () => {
    const pair = async (networkName: string, one: string, other: string) => {
      const network = await subject().network(networkName);
      return [await subject().container(one, network), await subject().container(other, network)] as const;
    };
    left = await pair('ct-left', 'ct-one', 'ct-near');
    right = await pair('ct-right', 'ct-two', 'ct-far');
  });

  test('lets containers of one network reach each other', () => {
    const [one, near] = left;
    expect(subject().fetch(one, addressOf(near))).toBe('ct-near');
    expect(subject().fetch(near, addressOf(one))).toBe('ct-one');
  });

  test('separates containers of two networks, and each still answers its neighbour and the host', () => {
    const [[one], [two, far]] = [left, right];
    // The controls: both containers exist and answer.
    expect(subject().fetch(left[1], addressOf(one))).toBe('ct-one');
    expect(subject().fetch(far, addressOf(two))).toBe('ct-two');
    expect(subject().fetch('host', addressOf(one))).toBe('ct-one');
    expect(subject().fetch('host', addressOf(two))).toBe('ct-two');
    expect(subject().fetch(one, addressOf(two), SILENT_MS)).toBeNull();
    expect(subject().fetch(two, addressOf(one), SILENT_MS)).toBeNull();
  });

  test('drops packets silently, so a request times out', () => {
    const [[one], [two]] = [left, right];
    const begun = performance.now();
    expect(subject().fetch(one, addressOf(two), SILENT_MS)).toBeNull();
    expect(performance.now() - begun).toBeGreaterThanOrEqual(SILENT_MS - 50);
  });
});

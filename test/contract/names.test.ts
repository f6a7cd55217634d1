import { beforeAll, expect, test } from 'vitest';
import type { ContainerInfo, NetworkInfo } from '../../src/engine/ports/docker.ts';
import { addressOf } from '../support/in-process/contract-subject.ts';
import { describeContract } from '../support/in-process/contract-tests.ts';

/** Some engines forward an unknown name, which may take long without a way out. */
const LISTENED_MS = 700;

describeContract('names', (subject) => {
  let network: NetworkInfo;
  let asks: ContainerInfo;
  let other: ContainerInfo;
  beforeAll(async () => {
    network = await subject().network('ct-net');
    asks = await subject().container('ct-asks', network);
    other = await subject().container('ct-Other', network);
  });

  test('resolve for a neighbour, in any case, as does its short id', () => {
    const names = ['ct-Other', 'ct-other', 'CT-OTHER', other.id.slice(0, 12), 'ct-asks'];
    const [one, itself] = [addressOf(other), addressOf(asks)];
    expect(subject().resolve(asks, names)).toEqual([one, one, one, one, itself]);
  });

  test('do not resolve in another network, but in their own', async () => {
    const far = await subject().network('ct-far');
    const alien = await subject().container('ct-alien', far);
    expect(subject().resolve(alien, ['ct-alien'])).toEqual([addressOf(alien)]);
    expect(subject().resolve(asks, ['ct-alien'], LISTENED_MS)).toEqual([null]);
    expect(subject().resolve(asks, ['ct-asks'])).toEqual([addressOf(asks)]);
  });

  test('do not resolve after the container is removed', async () => {
    expect(subject().resolve(asks, ['ct-Other'])).toEqual([addressOf(other)]);
    await subject().host.ports.docker.removeContainer(other.id);
    expect(subject().resolve(asks, ['ct-Other'], LISTENED_MS)).toEqual([null]);
  });
});

import { expect, test } from 'vitest';
import { addressOf } from '../support/contract-subject.ts';
import { describeContract } from '../support/contract-tests.ts';

/** Some engines forward an unknown name, which may take long without a way out. */
const LISTENED_MS = 700;

describeContract('names', (subject) => {
  test('resolve for a neighbour, in any case, as does its short id', async () => {
    const network = await subject().network('ct-net');
    const asks = await subject().container('ct-asks', network);
    const other = await subject().container('ct-Other', network);
    const names = ['ct-Other', 'ct-other', 'CT-OTHER', other.id.slice(0, 12), 'ct-asks'];
    const [one, itself] = [addressOf(other), addressOf(asks)];
    expect(subject().resolve(asks, names)).toEqual([one, one, one, one, itself]);
  });

  test('do not resolve in another network, but in their own', async () => {
    const own = await subject().network('ct-own');
    const far = await subject().network('ct-far');
    const asks = await subject().container('ct-asks', own);
    await subject().container('ct-alien', far);
    const control = await subject().container('ct-control', far);
    expect(subject().resolve(control, ['ct-alien'])).not.toEqual([null]);
    expect(subject().resolve(asks, ['ct-alien'], LISTENED_MS)).toEqual([null]);
    expect(subject().resolve(asks, ['ct-asks'])).toEqual([addressOf(asks)]);
  });

  test('do not resolve after the container is removed', async () => {
    const network = await subject().network('ct-net');
    const asks = await subject().container('ct-asks', network);
    const other = await subject().container('ct-leaves', network);
    expect(subject().resolve(asks, ['ct-leaves'])).toEqual([addressOf(other)]);
    await subject().host.ports.docker.removeContainer(other.id);
    expect(subject().resolve(asks, ['ct-leaves'], LISTENED_MS)).toEqual([null]);
  });
});

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
    for (const name of ['ct-Other', 'ct-other', 'CT-OTHER', other.id.slice(0, 12)]) {
      expect(subject().resolve(asks, name), name).toBe(addressOf(other));
    }
    expect(subject().resolve(asks, 'ct-asks')).toBe(addressOf(asks));
  });

  test('do not resolve in another network, but in their own', async () => {
    const own = await subject().network('ct-own');
    const far = await subject().network('ct-far');
    const asks = await subject().container('ct-asks', own);
    await subject().container('ct-alien', far);
    const control = await subject().container('ct-control', far);
    expect(subject().resolve(control, 'ct-alien')).not.toBeNull();
    expect(subject().resolve(asks, 'ct-alien', LISTENED_MS)).toBeNull();
    expect(subject().resolve(asks, 'ct-asks')).toBe(addressOf(asks));
  });

  test('do not resolve after the container is removed', async () => {
    const network = await subject().network('ct-net');
    const asks = await subject().container('ct-asks', network);
    const other = await subject().container('ct-leaves', network);
    expect(subject().resolve(asks, 'ct-leaves')).toBe(addressOf(other));
    await subject().host.ports.docker.removeContainer(other.id);
    expect(subject().resolve(asks, 'ct-leaves', LISTENED_MS)).toBeNull();
  });
});

import { expect, test } from 'vitest';
import { addressOf } from '../support/contract-subject.ts';
import { describeContract } from '../support/contract-tests.ts';

/** A name that is not known is asked for elsewhere by some engines, which may take long where there is no way out. */
const LISTENED_MS = 700;

describeContract('names', (subject) => {
  test('a neighbour is found by its name, in whatever letters, and by its short id', async () => {
    const network = await subject().network('ct-net');
    const asks = await subject().container('ct-asks', network);
    const other = await subject().container('ct-Other', network);
    for (const name of ['ct-Other', 'ct-other', 'CT-OTHER', other.id.slice(0, 12)]) {
      expect(subject().resolve(asks, name), name).toBe(addressOf(other));
    }
    expect(subject().resolve(asks, 'ct-asks')).toBe(addressOf(asks));
  });

  test('a name of another network is not found, while one of its own is', async () => {
    const own = await subject().network('ct-own');
    const far = await subject().network('ct-far');
    const asks = await subject().container('ct-asks', own);
    await subject().container('ct-alien', far);
    const control = await subject().container('ct-control', far);
    expect(subject().resolve(control, 'ct-alien')).not.toBeNull();
    expect(subject().resolve(asks, 'ct-alien', LISTENED_MS)).toBeNull();
    expect(subject().resolve(asks, 'ct-asks')).toBe(addressOf(asks));
  });

  test('a container that was removed is not found any more', async () => {
    const network = await subject().network('ct-net');
    const asks = await subject().container('ct-asks', network);
    const other = await subject().container('ct-leaves', network);
    expect(subject().resolve(asks, 'ct-leaves')).toBe(addressOf(other));
    await subject().host.ports.docker.removeContainer(other.id);
    expect(subject().resolve(asks, 'ct-leaves', LISTENED_MS)).toBeNull();
  });
});

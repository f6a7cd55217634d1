import { afterEach, beforeEach, expect, test } from 'vitest';
import type { InputFrom } from 'xstate';
import { dockerContainer } from '../../../src/steps/docker/index.ts';
import { addAddress } from '../../../src/steps/net/index.ts';
import { describeDocker, docker, removeContainers } from '../../support/engines/docker-tests.ts';
import { PROBE_IMAGE } from '../../support/engines/images.ts';
import { inside, pidOf, tool } from '../../support/host/host-state.ts';
import { carryOut, changeOf } from '../../support/in-process/carry-out.ts';
import { testContext } from '../../support/in-process/step-context.ts';

const NETWORK = 'dkaddr-devops';
const ADDRESS = '172.29.112.100';
const RUN = 'dkaddr';

describeDocker('the splice address', () => {
  const context = () => testContext({ run: RUN, step: 'address' });
  const guest = (...args: string[]) =>
    docker('run', '--detach', '--name', 'dkaddr-guest', '--network', NETWORK, ...args, PROBE_IMAGE, 'sleep', '600');
  let networkId = '';
  let input: InputFrom<typeof addAddress>;

  beforeEach(async () => {
    networkId = await docker('network', 'create', '--subnet', '172.29.112.0/24', NETWORK);
    const container = await carryOut(
      dockerContainer,
      { name: 'dkaddr-prod', image: PROBE_IMAGE, command: ['sleep', '600'], networkId, network: NETWORK },
      context(),
    );
    input = {
      link: 'eth0',
      address: `${ADDRESS}/24`,
      in: container.output,
      segment: { link: `br-${networkId.slice(0, 12)}`, networkId },
    };
  });
  afterEach(async () => {
    await removeContainers({ name: 'dkaddr-' });
    await docker('network', 'rm', networkId);
  });

  const held = async () =>
    (await inside(await pidOf('dkaddr-prod'), 'ip', '-brief', 'address', 'show')).includes(ADDRESS);
  const refused = { code: 'E_ADDRESS_IN_USE', message: expect.stringContaining(ADDRESS) };

  test('is added, adopted and removed if it stays free, and leaves no neighbour entry', async () => {
    const { record } = await carryOut(addAddress, input, context());
    expect(await held()).toBe(true);
    expect((await carryOut(addAddress, input, context(), record)).found).toBe('ours');
    expect(await tool('ip', 'neighbour', 'show', ADDRESS)).toBe('');
    await changeOf(addAddress).undo(record, context());
    expect(await held()).toBe(false);
  });

  test('is refused if Docker gave it to a container, which the error names', async () => {
    await guest('--ip', ADDRESS);
    await expect(carryOut(addAddress, input, context())).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('dkaddr-guest'),
    });
    expect(await held()).toBe(false);
  });

  test('is refused if somebody added it by hand, unknown to Docker', async () => {
    await guest();
    await inside(await pidOf('dkaddr-guest'), 'ip', 'address', 'add', `${ADDRESS}/24`, 'dev', 'eth0');
    await expect(carryOut(addAddress, input, context())).rejects.toMatchObject(refused);
    expect(await held()).toBe(false);
  });

  test('is reported as foreign if it is taken right after it was added, and the undo removes it', async () => {
    const { observe, apply, inspect, undo } = changeOf(addAddress);
    const parsed = addAddress.runner.parseInput(input);
    const seen = await observe(parsed, context(), undefined);
    if (seen.found !== 'absent') throw new Error(seen.found);
    await apply(parsed, seen.record, 'absent', context());
    await guest('--ip', ADDRESS);
    expect(await observe(parsed, context(), seen.record)).toMatchObject({ found: 'foreign', error: refused });
    expect(await inspect(seen.record, context())).toEqual({ found: 'in place' });
    await undo(seen.record, context());
    expect(await held()).toBe(false);
  });
});

import { expect, test } from 'vitest';
import { subnetsOverlap } from '../../src/steps/addresses.ts';
import { describeContract } from '../support/in-process/contract-tests.ts';

/** The default pools of Docker: 172.17.0.0/16 to 172.31.0.0/16, then parts of 192.168.0.0/16. */
const POOLS = ['172.16.0.0/12', '192.168.0.0/16'];

describeContract('subnets', (subject) => {
  test('are used as requested', async () => {
    const { subnets } = await subject().network('ct-asked', '10.77.3.0/28');
    expect(subnets).toEqual([{ subnet: '10.77.3.0/28', gateway: '10.77.3.1' }]);
  });

  test('are refused if they overlap another network, and nothing is created', async () => {
    await subject().network('ct-first', '10.77.0.0/16');
    for (const subnet of ['10.77.0.0/16', '10.77.9.0/24', '10.0.0.0/8']) {
      await expect(subject().network('ct-second', subnet)).rejects.toMatchObject({ code: 'E_SUBNET_IN_USE' });
    }
    expect(await subject().host.ports.docker.network('ct-second')).toBeNull();
  });

  test('come from the default pools if none is requested, without overlap', async () => {
    const chosen: string[] = [];
    for (const name of ['ct-a', 'ct-b', 'ct-c']) {
      const { subnets } = await subject().network(name);
      const { subnet = '', gateway } = subnets[0] ?? {};
      expect(gateway).toBe(subnet.replace(/\.0\/\d+$/, '.1'));
      expect(POOLS.some((pool) => subnetsOverlap(pool, subnet))).toBe(true);
      expect(chosen.filter((other) => subnetsOverlap(other, subnet))).toEqual([]);
      chosen.push(subnet);
    }
  });

  test('are not chosen from the pools if they are in use', async () => {
    const free = (await subject().network('ct-look')).subnets[0]?.subnet ?? '';
    await subject().cleanUp();
    await subject().network('ct-taken', free);
    const chosen = (await subject().network('ct-other')).subnets[0]?.subnet ?? '';
    expect(subnetsOverlap(free, chosen)).toBe(false);
  });

  test('can be used again after their network is removed', async () => {
    await subject().network('ct-before', '10.77.4.0/24');
    await subject().cleanUp();
    expect((await subject().network('ct-after', '10.77.4.0/24')).subnets[0]?.subnet).toBe('10.77.4.0/24');
  });
});

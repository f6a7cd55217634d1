import { beforeAll, expect, test } from 'vitest';
import type { ContainerInfo, NetworkInfo } from '../../src/engine/ports/docker.ts';
import { addressOf } from '../support/in-process/contract-subject.ts';
import { describeContract } from '../support/in-process/contract-tests.ts';

describeContract('addresses', (subject) => {
  test('are assigned in order, also to containers that start concurrently, until the subnet is full', async () => {
    const small = await subject().network('ct-small', '172.29.81.0/29');
    const given: string[] = [];
    for (const name of ['ct-2', 'ct-3']) given.push(addressOf(await subject().container(name, small)));
    // From the one after the gateway.
    expect(given).toEqual(['172.29.81.2', '172.29.81.3']);
    const names = ['ct-p', 'ct-q', 'ct-r'];
    const all = await Promise.all(names.map((name) => subject().container(name, small)));
    expect(all.map(addressOf).sort()).toEqual(['172.29.81.4', '172.29.81.5', '172.29.81.6']);
    await expect(subject().container('ct-7', small)).rejects.toMatchObject({ code: 'E_DOCKER' });
  });

  let network: NetworkInfo;
  let container: ContainerInfo;
  beforeAll(async () => {
    network = await subject().network('ct-same', '172.29.83.0/24');
    container = await subject().container('ct-it', network);
  });

  test('are the same in the network, the container and the kernel', async () => {
    const [endpoint] = container.endpoints;
    expect(endpoint).toMatchObject({
      network: 'ct-same',
      networkId: network.id,
      gateway: '172.29.83.1',
      prefixLength: 24,
    });
    const inspected = await subject().host.ports.docker.network(network.id);
    expect(inspected?.members).toEqual([
      { containerId: container.id, name: 'ct-it', mac: endpoint?.mac, ipv4: `${endpoint?.ipv4}/24` },
    ]);
    const [link] = JSON.parse(subject().outputIn(container, 'ip', '-json', 'address', 'show', 'dev', 'eth0'));
    expect(link.address).toBe(endpoint?.mac);
    expect(link.addr_info).toMatchObject([{ family: 'inet', local: endpoint?.ipv4, prefixlen: 24 }]);
    const routes = JSON.parse(subject().outputIn(container, 'ip', '-json', 'route', 'show', 'default'));
    expect(routes).toMatchObject([{ dst: 'default', gateway: '172.29.83.1', dev: 'eth0' }]);
  });

  test('belong to a veth pair whose host end is a port of the bridge', async () => {
    const master = `br-${network.id.slice(0, 12)}`;
    const ports = JSON.parse(subject().outputIn('host', 'ip', '-json', '-details', 'link', 'show', 'master', master));
    const [inside] = JSON.parse(subject().outputIn(container, 'ip', '-json', 'link', 'show', 'dev', 'eth0'));
    expect(ports).toMatchObject([{ ifindex: inside.link_index, link_index: inside.ifindex, master }]);
    expect(ports[0].ifname).toMatch(/^veth[0-9a-f]{7}$/);
    await subject().host.ports.docker.removeContainer(container.id);
    expect(JSON.parse(subject().outputIn('host', 'ip', '-json', 'link', 'show', 'master', master) || '[]')).toEqual([]);
  });
});

import { expect, test } from 'vitest';
import { addressOf } from '../support/contract-subject.ts';
import { describeContract } from '../support/contract-tests.ts';

describeContract('addresses', (subject) => {
  test('are assigned in order, from the one after the gateway', async () => {
    const network = await subject().network('ct-order', '172.29.81.0/24');
    const given: string[] = [];
    for (const name of ['ct-1', 'ct-2', 'ct-3']) given.push(addressOf(await subject().container(name, network)));
    expect(given).toEqual(['172.29.81.2', '172.29.81.3', '172.29.81.4']);
  });

  test('are unique for containers that start concurrently', async () => {
    const network = await subject().network('ct-together', '172.29.82.0/24');
    const names = ['ct-p', 'ct-q', 'ct-r', 'ct-s'];
    const all = await Promise.all(names.map((name) => subject().container(name, network)));
    const expected = ['172.29.82.2', '172.29.82.3', '172.29.82.4', '172.29.82.5'];
    expect(all.map(addressOf).sort()).toEqual(expected);
  });

  test('are the same in the network, the container and the kernel', async () => {
    const network = await subject().network('ct-same', '172.29.83.0/24');
    const container = await subject().container('ct-it', network);
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
    const network = await subject().network('ct-pair');
    const container = await subject().container('ct-end', network);
    const master = `br-${network.id.slice(0, 12)}`;
    const ports = JSON.parse(subject().outputIn('host', 'ip', '-json', '-details', 'link', 'show', 'master', master));
    const [inside] = JSON.parse(subject().outputIn(container, 'ip', '-json', 'link', 'show', 'dev', 'eth0'));
    expect(ports).toMatchObject([{ ifindex: inside.link_index, link_index: inside.ifindex, master }]);
    expect(ports[0].ifname).toMatch(/^veth[0-9a-f]{7}$/);
    await subject().host.ports.docker.removeContainer(container.id);
    expect(JSON.parse(subject().outputIn('host', 'ip', '-json', 'link', 'show', 'master', master) || '[]')).toEqual([]);
  });

  test('run out if the subnet is full', async () => {
    const network = await subject().network('ct-small', '172.29.84.0/29');
    for (const name of ['ct-2', 'ct-3', 'ct-4', 'ct-5', 'ct-6']) await subject().container(name, network);
    await expect(subject().container('ct-7', network)).rejects.toMatchObject({ code: 'E_DOCKER' });
  });
});

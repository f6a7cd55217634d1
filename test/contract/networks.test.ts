import { expect, test } from 'vitest';
import { describeContract } from '../support/in-process/contract-tests.ts';

describeContract('networks', (subject) => {
  test('are found by id and by name, and listed', async () => {
    const made = await subject().network('ct-one');
    const { docker } = subject().host.ports;
    expect(made).toMatchObject({ name: 'ct-one', driver: 'bridge', scope: 'local', internal: false, members: [] });
    expect(made.id).toMatch(/^[0-9a-f]{64}$/);
    expect(await docker.network('ct-one')).toEqual(made);
    expect((await docker.networks()).filter(({ name }) => name === 'ct-one')).toEqual([made]);
  });

  test('keep their labels', async () => {
    const { labels } = await subject().network('ct-labels');
    expect(labels).toEqual({ 'wf.run': 'contract', purpose: 'test' });
  });

  test('are null if they do not exist, and removing them succeeds', async () => {
    const { docker } = subject().host.ports;
    expect(await docker.network('ct-nowhere')).toBeNull();
    expect(await docker.network('0'.repeat(64))).toBeNull();
    await docker.removeNetwork('0'.repeat(64));
  });

  test('cannot share a name, and the first one stays', async () => {
    const made = await subject().network('ct-twice');
    await expect(subject().network('ct-twice')).rejects.toMatchObject({ code: 'E_NAME_IN_USE' });
    expect(await subject().host.ports.docker.network(made.id)).toEqual(made);
  });

  test('have a bridge that is named after the id, is up, and has the gateway address', async () => {
    const { id, subnets } = await subject().network('ct-bridge', '172.29.80.0/24');
    expect(subnets).toEqual([{ subnet: '172.29.80.0/24', gateway: '172.29.80.1' }]);
    const bridge = `br-${id.slice(0, 12)}`;
    const [link] = JSON.parse(subject().outputIn('host', 'ip', '-json', '-details', 'address', 'show', 'dev', bridge));
    expect(link).toMatchObject({ linkinfo: { info_kind: 'bridge' } });
    expect(link.flags).toContain('UP');
    expect(link.addr_info.filter(({ family }: { family: string }) => family === 'inet')).toMatchObject([
      { local: '172.29.80.1', prefixlen: 24, broadcast: '172.29.80.255' },
    ]);
  });

  test('are not removed while they have containers, and take their bridge with them', async () => {
    const { docker } = subject().host.ports;
    const network = await subject().network('ct-full');
    const member = await subject().container('ct-member', network);
    await expect(docker.removeNetwork(network.id)).rejects.toMatchObject({ code: 'E_DOCKER' });
    expect((await docker.network(network.id))?.members.map(({ name }) => name)).toEqual(['ct-member']);
    await docker.removeContainer(member.id);
    await docker.removeNetwork(network.id);
    expect(await docker.network(network.id)).toBeNull();
    expect(subject().outputIn('host', 'ip', '-brief', 'link')).not.toContain(network.id.slice(0, 12));
  });
});

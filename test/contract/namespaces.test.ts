import { beforeAll, expect, test } from 'vitest';
import type { ContainerInfo, NetworkInfo } from '../../src/engine/ports/docker.ts';
import { namespaceOfPid } from '../../src/host/namespaces/namespace.ts';
import { openNamespace } from '../../src/host/namespaces/open-namespace.ts';
import { describeContract } from '../support/in-process/contract-tests.ts';

const TIME = { timeoutMs: 10_000 };

describeContract('namespaces', (subject) => {
  let network: NetworkInfo;
  let container: ContainerInfo;
  beforeAll(async () => {
    network = await subject().network('ct-net');
    container = await subject().container('ct-in', network);
  });

  test('a command runs in the network namespace of a container or of the host', async () => {
    const { command } = subject().host.ports;
    const list = ['ip', '-json', 'link'] as const;
    const inside = await command.run(list, { ...TIME, namespace: namespaceOfPid(container.pid) });
    expect(JSON.parse(inside.stdout)).toEqual(JSON.parse(subject().outputIn(container, ...list)));
    const outside = await command.run(list, TIME);
    const names = (text: string) => JSON.parse(text).map(({ ifname }: { ifname: string }) => ifname);
    expect(names(outside.stdout)).toContain(`br-${network.id.slice(0, 12)}`);
    expect(names(outside.stdout)).toEqual(names(subject().outputIn('host', ...list)));
  });

  test('a missing program is reported as missing in every namespace', async () => {
    const { command } = subject().host.ports;
    const missing = { code: 'E_TOOL_MISSING' };
    await expect(command.run(['ct-no-such-program'], TIME)).rejects.toMatchObject(missing);
    const namespace = namespaceOfPid(container.pid);
    await expect(command.run(['ct-no-such-program'], { ...TIME, namespace })).rejects.toMatchObject(missing);
  });

  test('a namespace that has changed is not entered', async () => {
    const { command, docker } = subject().host.ports;
    const gone = await subject().container('ct-gone', network);
    const namespace = namespaceOfPid(gone.pid);
    const other = { ...namespace, inode: namespace.inode + 1 };
    await expect(command.run(['true'], { ...TIME, namespace: other })).rejects.toMatchObject({
      code: 'E_NAMESPACE_GONE',
    });
    await docker.removeContainer(gone.id);
    await expect(command.run(['true'], { ...TIME, namespace })).rejects.toMatchObject({ code: 'E_NAMESPACE_GONE' });
  });

  test('a link is moved into a container by an inherited descriptor, and ends with the container', async () => {
    const { command, docker } = subject().host.ports;
    const made = await command.run(['ip', 'link', 'add', 'ct-host', 'type', 'veth', 'peer', 'name', 'ct-inside'], TIME);
    expect(made.stderr).toBe('');
    const open = openNamespace(namespaceOfPid(container.pid));
    try {
      const move = ['ip', 'link', 'set', 'dev', 'ct-inside', 'netns', '/proc/self/fd/3', 'name', 'eth1'] as const;
      const moved = await command.run(move, { ...TIME, inherited: open.descriptor });
      expect(moved).toMatchObject({ end: { type: 'exited', exitCode: 0 }, stderr: '' });
    } finally {
      open.close();
    }
    const [host] = JSON.parse(subject().outputIn('host', 'ip', '-json', 'link', 'show', 'dev', 'ct-host'));
    const [inside] = JSON.parse(subject().outputIn(container, 'ip', '-json', 'link', 'show', 'dev', 'eth1'));
    expect(host).toMatchObject({ link_index: inside.ifindex, ifindex: inside.link_index });
    await docker.removeContainer(container.id);
    await expect.poll(() => subject().outputIn('host', 'ip', '-brief', 'link')).not.toContain('ct-host');
  });
});

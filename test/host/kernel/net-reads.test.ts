import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import {
  checkAddressFree,
  linkExists,
  linkNameFree,
  observeBridge,
  observeCounters,
  observeFirewall,
  observeForwarding,
  observeLinks,
  observeLinksGone,
  observeNeighbours,
  observeRoute,
  observeVxlan,
} from '../../../src/steps/net/index.ts';
import {
  bridge,
  describeOwnNetwork,
  ip,
  removeLinks,
  type TestContainer,
  testContainer,
} from '../../support/host/own-network.ts';
import { readWith } from '../../support/in-process/carry-out.ts';
import { testContext } from '../../support/in-process/step-context.ts';

describeOwnNetwork('the network reads', () => {
  let first: TestContainer;
  let second: TestContainer;

  beforeAll(async () => {
    first = await testContainer('AppDev');
    second = await testContainer('AppProd');
    ip('link', 'add', 'r_br', 'address', '02:00:00:00:00:bb', 'type', 'bridge');
    ip('address', 'add', '10.3.0.1/24', 'dev', 'r_br');
    ip('link', 'set', 'r_br', 'up');
    for (const [container, port, address] of [
      [first, 'r_one', '10.3.0.2/24'],
      [second, 'r_two', '10.3.0.100/24'],
    ] as const) {
      ip('link', 'add', port, 'type', 'veth', 'peer', 'name', 'r_peer');
      ip('link', 'set', port, 'master', 'r_br', 'up');
      ip('link', 'set', 'r_peer', 'netns', String(container.handle.pid));
      container.ip('link', 'set', 'r_peer', 'name', 'eth0');
      container.ip('address', 'add', address, 'dev', 'eth0');
      container.ip('link', 'set', 'eth0', 'up');
    }
  });
  afterAll(async () => {
    await first.remove();
    await second.remove();
    await removeLinks('r_br', 'r_one', 'r_two', 'r_lone');
  });

  it('net.bridge names the container interface at the other end of each port', async () => {
    const context = testContext();
    const bridge = await readWith(observeBridge, { bridge: 'r_br', containers: [first.handle] }, context);
    expect(bridge).toMatchObject({ name: 'r_br', mac: '02:00:00:00:00:bb', up: true, mtu: 1500 });
    expect(bridge.addresses).toContain('10.3.0.1/24');
    const eth0: { ifindex: number; link_index: number }[] = JSON.parse(first.ip('-json', 'link', 'show', 'eth0'));
    expect(bridge.ports).toEqual([
      {
        link: 'r_one',
        ifindex: eth0[0]?.link_index,
        peer: { container: 'AppDev', link: 'eth0', ifindex: eth0[0]?.ifindex },
      },
      { link: 'r_two', ifindex: expect.any(Number), peer: null },
    ]);
    expect(context.evidence.map(({ command }) => command)).toContain('ip link show master r_br');
  });

  it('net.links lists links and routes of the host and of a container', async () => {
    const inside = await readWith(observeLinks, { in: first.handle }, testContext());
    expect(inside.links.find(({ name }) => name === 'eth0')).toMatchObject({ kind: 'veth', up: true, mtu: 1500 });
    expect(inside.routes).toEqual([
      { destination: '10.3.0.0/24', gateway: null, device: 'eth0', metric: null, protocol: 'kernel' },
    ]);
    const host = await readWith(observeLinks, {}, testContext());
    expect(host.links.map(({ name }) => name)).toEqual(expect.arrayContaining(['lo', 'r_br', 'r_one', 'r_two']));
  });

  it('net.links refuses a link beside the only ones that may exist', async () => {
    const only = (...names: string[]) => readWith(observeLinks, { in: first.handle, only: names }, testContext());
    expect((await only('lo', 'eth0', 'eth9')).links).toHaveLength(2);
    await expect(only('lo')).rejects.toMatchObject({
      code: 'E_NOT_PROVEN',
      message: expect.stringContaining('eth0 in AppDev is a link beside lo'),
    });
  });

  it('net.vxlan and net.forwarding read a tunnel and the addresses behind it', async () => {
    ip('link', 'add', 'r_vx', 'type', 'vxlan', 'id', '42', 'dstport', '4790', 'local', '10.3.0.1', 'dev', 'r_br');
    ip('link', 'add', 'r_vxbr', 'type', 'bridge');
    ip('link', 'set', 'r_vx', 'master', 'r_vxbr');
    bridge('fdb', 'add', '02:00:00:00:00:aa', 'dev', 'r_vx', 'dst', '10.3.0.2');
    try {
      const context = testContext();
      const expect42 = { vni: 42, port: 4790, mtu: 1450 };
      const seen = await readWith(observeVxlan, { link: 'r_vx', expect: expect42 }, context);
      expect(seen).toEqual({
        ...{ link: 'r_vx', vni: 42, port: 4790, local: '10.3.0.1', parent: 'r_br', bridge: 'r_vxbr', mtu: 1450 },
        ...{ up: false, learning: true },
      });
      expect(context.evidence[0]?.output).toContain('vxlan id 42');
      for (const [name, value] of [
        ['vni', 43],
        ['port', 4789],
        ['mtu', 1500],
      ] as const) {
        const other = readWith(observeVxlan, { link: 'r_vx', expect: { ...expect42, [name]: value } }, testContext());
        await expect(other, name).rejects.toMatchObject({ code: 'E_NOT_PROVEN' });
      }
      await expect(readWith(observeVxlan, { link: 'r_vxbr' }, testContext())).rejects.toMatchObject({
        code: 'E_STEP_FAILED',
        message: expect.stringContaining('there is no VXLAN link r_vxbr'),
      });
      const behind = (dst: string) =>
        readWith(
          observeForwarding,
          { bridge: 'r_vxbr', expect: { mac: '02:00:00:00:00:aa', port: 'r_vx', dst } },
          testContext(),
        );
      expect((await behind('10.3.0.2')).entries).toContainEqual({
        ...{ mac: '02:00:00:00:00:aa', port: 'r_vx', dst: '10.3.0.2', state: 'permanent' },
      });
      await expect(behind('10.3.0.3')).rejects.toMatchObject({
        code: 'E_NOT_PROVEN',
        message: expect.stringContaining('at 10.3.0.3 behind its port r_vx'),
      });
    } finally {
      await removeLinks('r_vx', 'r_vxbr');
    }
  });

  it('net.counters counts packets', async () => {
    const read = () => readWith(observeCounters, { link: 'r_one' }, testContext());
    const before = await read();
    await readWith(checkAddressFree, { address: '10.3.0.55', link: 'r_br', networkId: null }, testContext());
    expect((await read()).txPackets).toBeGreaterThan(before.txPackets);
  });

  it('net.neighbours and net.forwarding report which MAC address answered, and behind which port', async () => {
    const [eth0]: { address: string }[] = JSON.parse(second.ip('-json', 'link', 'show', 'eth0'));
    const mac = eth0?.address ?? '';
    const known = { address: '10.3.0.100', mac };
    const neighbours = (expected: typeof known | null) =>
      readWith(observeNeighbours, { link: 'r_br', expect: expected }, testContext());
    const forwarding = (port: string) =>
      readWith(observeForwarding, { bridge: 'r_br', expect: { mac, port } }, testContext());
    await expect(neighbours(known)).rejects.toMatchObject({ code: 'E_NOT_PROVEN' });
    ip('neigh', 'replace', '10.3.0.100', 'dev', 'r_br', 'use');
    await vi.waitFor(() => expect(ip('neigh', 'show', '10.3.0.100', 'dev', 'r_br')).toContain(mac), 10_000);
    expect((await neighbours(known)).neighbours).toContainEqual(expect.objectContaining(known));
    await expect(neighbours({ ...known, mac: '02:00:00:00:00:cc' })).rejects.toMatchObject({ code: 'E_NOT_PROVEN' });
    expect((await forwarding('r_two')).entries).toContainEqual({ mac, port: 'r_two', state: '', dst: null });
    await expect(forwarding('r_one')).rejects.toMatchObject({ code: 'E_NOT_PROVEN' });
  });

  it('net.route-to returns the route of a packet, and fails if it is not the expected one', async () => {
    const ask = (to: string, through: string | null) =>
      readWith(observeRoute, { to, in: first.handle, through }, testContext());
    expect(await ask('10.3.0.100', 'eth0')).toEqual({
      to: '10.3.0.100',
      gateway: null,
      device: 'eth0',
      source: '10.3.0.2',
    });
    await expect(ask('10.3.0.100', 'eth1')).rejects.toMatchObject({ code: 'E_NOT_PROVEN' });
    await expect(ask('10.4.0.1', null)).rejects.toMatchObject({ code: 'E_HOST_COMMAND' });
  });

  it('net.address-free distinguishes a free address from one in use, and leaves no neighbour entry', async () => {
    const ask = (address: string) =>
      readWith(checkAddressFree, { address, link: 'r_br', networkId: null }, testContext());
    const startedAt = performance.now();
    expect(await ask('10.3.0.50')).toMatchObject({ free: true });
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    expect(ip('neigh', 'show', '10.3.0.50', 'dev', 'r_br', 'nud', 'all')).toBe('');
    await expect(ask('10.3.0.100')).rejects.toMatchObject({ code: 'E_ADDRESS_IN_USE' });
    await expect(ask('10.3.0.1')).rejects.toMatchObject({ code: 'E_ADDRESS_IN_USE' });
    // The neighbour cache still has the address that is removed here.
    second.ip('address', 'delete', '10.3.0.100/24', 'dev', 'eth0');
    expect(await ask('10.3.0.100')).toMatchObject({ free: true });
    second.ip('address', 'add', '10.3.0.100/24', 'dev', 'eth0');
    await expect(ask('10.3.0.100')).rejects.toMatchObject({ code: 'E_ADDRESS_IN_USE' });
  });

  it('net.gone waits for links to disappear, and names those that do not', async () => {
    ip('link', 'add', 'r_lone', 'type', 'bridge');
    setTimeout(() => ip('link', 'delete', 'r_lone'), 100);
    expect(await readWith(observeLinksGone, { links: ['r_lone', 'r_never'] }, testContext())).toEqual({
      gone: ['r_lone', 'r_never'],
    });
    const stays = readWith(observeLinksGone, { links: ['r_lone', 'r_br'], deadlineMs: 100 }, testContext());
    await expect(stays).rejects.toMatchObject({ code: 'E_NOT_PROVEN', details: { remaining: ['r_br'] } });
  });

  it('net.gone names the process or the mount that keeps the namespace of the other end alive', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'wf-test-'));
    const file = path.join(folder, 'namespace');
    writeFileSync(file, '');
    const short = await testContainer('Short');
    try {
      ip('link', 'add', 'r_held', 'type', 'veth', 'peer', 'name', 'r_other', 'netns', String(short.handle.pid));
      const held = () => readWith(observeLinksGone, { links: ['r_held'], deadlineMs: 50 }, testContext());
      await expect(held()).rejects.toMatchObject({
        hint: expect.stringContaining(`process ${short.handle.pid} (sleep 600) is in it`),
      });
      execFileSync('mount', ['--bind', short.handle.namespace.path, file]);
      try {
        await short.remove();
        await expect(held()).rejects.toMatchObject({ hint: expect.stringContaining('a mount') });
      } finally {
        execFileSync('umount', [file]);
      }
      expect(await readWith(observeLinksGone, { links: ['r_held'] }, testContext())).toEqual({ gone: ['r_held'] });
    } finally {
      await short.remove();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('net.firewall never fails', async () => {
    const seen = await readWith(observeFirewall, {}, testContext());
    expect(seen.source).not.toBe('');
  });

  it('net.firewall reports a rule once', async () => {
    const rule = ['INPUT', '-s', '10.9.8.7', '-j', 'DROP'];
    execFileSync('iptables', ['-A', ...rule]);
    try {
      const { rules } = await readWith(observeFirewall, {}, testContext());
      expect(rules.filter((seen) => seen.rule.includes('10.9.8.7'))).toHaveLength(1);
    } finally {
      execFileSync('iptables', ['-D', ...rule]);
    }
  });

  it('a failed read is an error, never an empty result', async () => {
    const gone = { ...first.handle, namespace: { path: '/proc/4194305/ns/net', inode: 5 } };
    const bridge = readWith(observeBridge, { bridge: 'r_br', containers: [gone] }, testContext());
    await expect(bridge).rejects.toMatchObject({ code: 'E_NAMESPACE_GONE' });
    await expect(readWith(observeLinks, { in: gone }, testContext())).rejects.toMatchObject({
      code: 'E_NAMESPACE_GONE',
    });
  });

  it('linkNameFree names the link that has the name, and linkExists the one that is missing', async () => {
    const { host } = testContext();
    expect(await linkNameFree('r_never').check(host)).toMatchObject({ met: true });
    ip('link', 'set', 'dev', 'r_one', 'alias', 'wf.run=somerun');
    const found = await linkNameFree('r_one').check(host);
    expect(found.met ? '' : found.error.message).toBe(
      'the link r_one exists already on the host (veth, in r_br): wf run somerun created it',
    );
    expect(linkNameFree('r_one').claim).toBe('link r_one');
    expect(await linkExists('r_one').check(host)).toMatchObject({ met: true });
    const missing = await linkExists('r_never').check(host);
    expect(missing).toMatchObject({ met: false, error: { code: 'E_INPUT', message: 'this host has no link r_never' } });
    expect(linkExists('r_one').claim).toBe('link r_one');
  });
});

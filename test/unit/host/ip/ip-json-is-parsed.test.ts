import { describe, expect, it } from 'vitest';
import type { CommandPort, CommandResult } from '../../../../src/engine/ports/command.ts';
import { routeLines } from '../../../../src/host/ip/exact-route.ts';
import { linkEntry, linksOf, readLinks } from '../../../../src/host/ip/link.ts';
import { parseIpJson } from '../../../../src/host/ip/run-ip.ts';

const stats64 = { rx: { bytes: 10, packets: 1, errors: 0 }, tx: { bytes: 20, packets: 2 } };
const parse = (entries: unknown) => linksOf(parseIpJson(JSON.stringify(entries), linkEntry(), []));
const link = (more: object) => ({ ifindex: 4, ifname: 'v0', flags: [], mtu: 1500, stats64, ...more });

describe('links from ip -json', () => {
  it('include a veth whose peer is in another namespace', () => {
    const [found] = parse([
      link({
        link_index: 3,
        link_netnsid: 0,
        flags: ['BROADCAST', 'UP'],
        master: 'br0',
        ifalias: 'wf.run=x',
        altnames: ['long'],
        address: '02:00:00:00:00:01',
        linkinfo: { info_kind: 'veth', info_slave_kind: 'bridge' },
        addr_info: [
          { family: 'inet', local: '10.0.0.1', prefixlen: 24, scope: 'global', label: 'v0' },
          { family: 'inet6', local: 'fe80::1', prefixlen: 64, scope: 'link' },
        ],
      }),
    ]);
    expect(found).toEqual({
      ifindex: 4,
      name: 'v0',
      kind: 'veth',
      mac: '02:00:00:00:00:01',
      mtu: 1500,
      up: true,
      master: 'br0',
      peerIfindex: 3,
      peerNamespaceId: 0,
      alias: 'wf.run=x',
      group: 'default',
      altnames: ['long'],
      counters: { rxPackets: 1, txPackets: 2, rxBytes: 10, txBytes: 20 },
      addresses: [
        { address: '10.0.0.1', prefixLength: 24, scope: 'global', family: 'inet' },
        { address: 'fe80::1', prefixLength: 64, scope: 'link', family: 'inet6' },
      ],
    });
  });

  it('include the ifindex of a peer that ip reports by name', () => {
    const links = parse([link({ link: 'v1' }), link({ ifindex: 5, ifname: 'v1', link: 'v0' })]);
    expect(links.map(({ peerIfindex, peerNamespaceId }) => [peerIfindex, peerNamespaceId])).toEqual([
      [5, null],
      [4, null],
    ]);
    expect(parse([link({ link: 'if77' })])[0]?.peerIfindex).toBe(77);
    expect(parse([link({ link: null })])[0]?.peerIfindex).toBeNull();
  });

  it('exclude the empty objects that some releases write', () => {
    expect(parseIpJson('', linkEntry(), [])).toEqual([]);
    expect(parse([{}, link({}), {}])).toHaveLength(1);
  });

  it.each(['{', '{"ifindex":1}', '[{"ifindex":1}]', '[1]'])(
    'are unknown, and not empty, if the output is %s',
    (text) => {
      expect(() => parseIpJson(text, linkEntry(), [])).toThrow(
        expect.objectContaining({ code: 'E_HOST_STATE_UNKNOWN' }),
      );
    },
  );
});

describe('a failed read of links', () => {
  const answering = (more: Partial<CommandResult>): CommandPort => ({
    run: async (argv) => ({
      argv,
      end: { type: 'exited', exitCode: 0 },
      stdout: '[]',
      stderr: '',
      truncated: false,
      startedAt: 0,
      durationMs: 1,
      ...more,
    }),
  });

  it.each([
    [
      'another exit code',
      { end: { type: 'exited', exitCode: 2 }, stderr: 'Cannot talk to rtnetlink' },
      'E_HOST_COMMAND',
    ],
    ['a time-out', { end: { type: 'timed-out' } }, 'E_HOST_COMMAND'],
    ['no permission', { end: { type: 'exited', exitCode: 2 }, stderr: 'Operation not permitted' }, 'E_PERMISSION'],
    ['a truncated output', { truncated: true }, 'E_HOST_STATE_UNKNOWN'],
    ['an interrupted dump', { stderr: 'Dump was interrupted and may be inconsistent.' }, 'E_HOST_STATE_UNKNOWN'],
  ] as const)('is an error, and not an empty list, after %s', async (_title, more, code) => {
    await expect(readLinks(answering(more))).rejects.toMatchObject({ code });
  });
});

it('routeLines appends next hops to their route, and omits states', () => {
  const text = [
    'unicast default via 10.1.0.1 dev eth0 table main proto boot scope global linkdown ',
    'unicast 10.7.0.0/16 table main proto boot scope global ',
    '\tnexthop via 10.1.0.3 dev eth0 weight 2 dead linkdown ',
    '\tnexthop via 10.1.0.4 dev eth0 weight 1 ',
    '',
  ].join('\n');
  expect(routeLines(text).map((words) => words.join(' '))).toEqual([
    'unicast default via 10.1.0.1 dev eth0 table main proto boot scope global',
    'unicast 10.7.0.0/16 table main proto boot scope global nexthop via 10.1.0.3 dev eth0 weight 2 nexthop via 10.1.0.4 dev eth0 weight 1',
  ]);
});

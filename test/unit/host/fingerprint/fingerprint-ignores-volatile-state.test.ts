import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Json, parseJson } from '../../../../src/engine/model/json.ts';
import { forwardingEntriesOf, forwardingSection } from '../../../../src/fingerprint/sections/forwarding.ts';
import { iptablesState } from '../../../../src/fingerprint/sections/iptables.ts';
import { linksAndAddresses } from '../../../../src/fingerprint/sections/links.ts';
import { nftablesOf } from '../../../../src/fingerprint/sections/nftables.ts';
import { UnexpectedOutput } from '../../../../src/fingerprint/sections/parse-output.ts';
import { qdiscsOf } from '../../../../src/fingerprint/sections/qdiscs.ts';
import { neighboursOf, routesOf, rulesOf } from '../../../../src/fingerprint/sections/routes.ts';

// Recorded with iproute2 6.1, nftables 1.0.6 and iptables 1.8.9 on Linux 6.18.
const recorded = (name: string) =>
  readFileSync(new URL(`../../../fixtures/fingerprint/${name}`, import.meta.url), 'utf8');

/** Returns the recording with the values of these names replaced. */
function varied(name: string, values: Readonly<Record<string, Json>>): string {
  return JSON.stringify(parseJson(recorded(name)), (key: string, value: unknown) =>
    Object.hasOwn(values, key) ? values[key] : value,
  );
}

describe('volatile state', () => {
  const address = linksAndAddresses(recorded('address.json'));

  test.each<[string, Readonly<Record<string, Json>>]>([
    ['interface numbers', { ifindex: 4711, link_index: 12, link_netnsid: 3 }],
    ['operational state', { operstate: 'DOWN' }],
    ['remaining lifetimes', { valid_life_time: 5, preferred_life_time: 1 }],
    ['addresses under test', { tentative: true, dadfailed: true, deprecated: true }],
    [
      'timers and ids of bridges',
      { gc_timer: 1.5, hello_timer: 2, bridge_id: '8000.1', root_id: '8000.2', root_port: 1 },
    ],
    ['states of bridge ports', { state: 'forwarding', hold_timer: 3, designated_cost: 9, cost: 100 }],
    ['promiscuity and queue lengths', { promiscuity: 7, txqlen: 5 }],
  ])('is ignored: %s', (_what, values) => {
    expect(linksAndAddresses(varied('address.json', values))).toEqual(address);
  });

  test('is ignored: carrier flags of a link', () => {
    const text = recorded('address.json').replaceAll('"NO-CARRIER",', '').replaceAll('"UP"', '"UP", "LOWER_UP"');
    expect(text).not.toBe(recorded('address.json'));
    expect(linksAndAddresses(text)).toEqual(address);
  });

  test('is ignored: carrier flags of a route', () => {
    const flags = { flags: [], expires: 17 };
    expect(routesOf(varied('route4.json', flags), 'ipv4')).toEqual(routesOf(recorded('route4.json'), 'ipv4'));
    expect(routesOf(varied('route6.json', flags), 'ipv6')).toEqual(routesOf(recorded('route6.json'), 'ipv6'));
  });

  test('is ignored: handles and reference counts of qdiscs', () => {
    expect(qdiscsOf(varied('qdisc.json', { handle: '8009:', refcnt: 9 }))).toEqual(qdiscsOf(recorded('qdisc.json')));
  });

  test('is ignored: packets that htb counts among its options', () => {
    const htb = (count: number) => ({
      kind: 'htb',
      handle: '1:',
      dev: 'br7',
      options: { direct_packets_stat: count, r2q: 10 },
    });
    const [one, other] = [1, 2].map((count) => qdiscsOf(JSON.stringify([htb(count)])));
    expect(one).toEqual(other);
    expect(one?.entries).toMatchObject({ 'qdisc htb root dev br7': { options: { r2q: 10 } } });
  });

  test('is ignored: forwarding entries that were learned, and those of the kernel', () => {
    const entry = (mac: string, ifname: string, rest: object) => ({
      mac,
      ifname,
      flags: [],
      state: 'permanent',
      ...rest,
    });
    const macs = new Map([
      ['br0', '02:00:00:00:00:b0'],
      ['eth1', '02:00:00:00:00:b1'],
    ]);
    const own = [
      entry('02:00:00:00:00:b0', 'br0', { master: 'br0' }),
      entry('02:00:00:00:00:b0', 'eth1', { master: 'br0', vlan: 1 }),
      entry('02:00:00:00:00:b1', 'eth1', { master: 'br0' }),
      entry('33:33:00:00:00:01', 'eth1', { flags: ['self'] }),
      entry('02:00:00:00:00:09', 'eth1', { master: 'br0', state: '' }),
      entry('02:00:00:00:00:09', 'eth1', { master: 'br0', state: 'stale' }),
      entry('02:00:00:00:00:09', 'vx0', { dst: '10.9.0.2', state: 'static', flags: ['self', 'extern_learn'] }),
    ];
    const set = [
      entry('02:00:00:00:00:b1', 'eth1', { master: 'br0', state: 'static' }),
      entry('02:00:00:00:00:08', 'eth1', { master: 'br0', state: 'static', vlan: 5, flags: ['sticky'], used: 7 }),
      entry('00:00:00:00:00:00', 'vx0', { dst: '10.9.0.2', flags: ['self', 'offload'] }),
    ];
    const section = forwardingSection(forwardingEntriesOf(JSON.stringify([...own, ...set])), macs);
    expect(section.entries).toEqual({
      'forwarding entry 02:00:00:00:00:b1 dev eth1': {
        mac: '02:00:00:00:00:b1',
        dev: 'eth1',
        master: 'br0',
        state: 'static',
      },
      'forwarding entry 02:00:00:00:00:08 vlan 5 dev eth1': {
        mac: '02:00:00:00:00:08',
        dev: 'eth1',
        master: 'br0',
        state: 'static',
        vlan: 5,
        sticky: true,
      },
      'forwarding entry 00:00:00:00:00:00 dst 10.9.0.2 dev vx0': {
        mac: '00:00:00:00:00:00',
        dev: 'vx0',
        dst: '10.9.0.2',
        state: 'permanent',
      },
    });
    expect(() => forwardingEntriesOf('[{"mac":"02:00:00:00:00:01"}]')).toThrow(UnexpectedOutput);
  });

  test('is ignored: learned neighbours', () => {
    const learned = { dst: '10.0.0.2', dev: 'eth0', lladdr: '02:00:00:00:00:02', state: ['REACHABLE'] };
    expect(neighboursOf(JSON.stringify([learned])).entries).toEqual({});
    expect(neighboursOf(JSON.stringify([{ ...learned, state: ['PERMANENT'] }])).entries).toEqual({
      'neighbour 10.0.0.2 dev eth0': { dst: '10.0.0.2', dev: 'eth0', lladdr: '02:00:00:00:00:02' },
    });
  });

  test('is ignored: handles and counts of nftables, and members of a set that packets fill', () => {
    const values = { handle: 99, expires: 3, packets: 12_345, bytes: 678_910 };
    const before = nftablesOf(recorded('nft.json'), new Set());
    expect(nftablesOf(varied('nft.json', values), new Set())).toEqual(before);
    expect(nftablesOf(recorded('nft.json').replace('10.0.0.9', '10.0.0.8'), new Set())).toEqual(before);
    expect(nftablesOf(recorded('nft.json').replace('10.0.0.1', '10.0.0.7'), new Set())).not.toEqual(before);
  });

  test('is ignored: members of a set that a rule fills; nft 1.0.6 lists no flag for it', () => {
    const listed = (member: string, part: Json) => {
      const inTable = { family: 'inet', table: 'lab' };
      const set = { ...inTable, name: 'seen', handle: 2, elem: [member] };
      const chain = { ...inTable, name: 'input', handle: 1 };
      const rule = { ...inTable, chain: 'input', handle: 3, expr: [part] };
      return nftablesOf(JSON.stringify({ nftables: [{ set }, { chain }, { rule }] }), new Set());
    };
    const fills = { set: { op: 'add', elem: { payload: { protocol: 'ip', field: 'saddr' } }, set: '@seen' } };
    const reads = { match: { op: '==', left: { payload: { protocol: 'ip', field: 'saddr' } }, right: '@seen' } };
    expect(listed('10.0.0.1', fills)).toEqual(listed('10.0.0.2', fills));
    expect(listed('10.0.0.1', reads)).not.toEqual(listed('10.0.0.2', reads));
  });

  test('is ignored: counts and dates of iptables-save', () => {
    const text = recorded('iptables.txt');
    const later = text.replaceAll('[0:0]', '[17:1024]').replaceAll(/ on \w+ .*$/gm, ' on another day');
    expect(iptablesState(later, 'ipv4').chains).toEqual(iptablesState(text, 'ipv4').chains);
  });

  test('is ignored: a table that its first inspection created', () => {
    const looked = '# Generated by iptables-save v1.8.9 (nf_tables)\n*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n';
    expect(iptablesState(looked, 'ipv4')).toEqual({ variant: 'nf_tables', chains: [], unreadable: [] });
  });
});

describe('configured state', () => {
  test.each<[string, Readonly<Record<string, Json>>, string]>([
    ['MTU', { mtu: 1400 }, 'links'],
    ['master', { master: 'br8' }, 'links'],
    ['alias', { ifalias: 'uplink' }, 'links'],
    ['altnames', { altnames: ['other'] }, 'links'],
    ['kind', { info_kind: 'dummy' }, 'links'],
    ['spanning tree', { stp_state: 1 }, 'links'],
    ['hairpin mode', { hairpin: true }, 'links'],
    ['hardware address', { address: '02:00:00:00:00:01' }, 'links'],
    ['administrative state', { flags: [] }, 'links'],
    ['scope', { scope: 'link' }, 'addresses'],
    ['prefix length', { prefixlen: 9 }, 'addresses'],
  ])('is compared: %s', (_what, values, section) => {
    const before = linksAndAddresses(recorded('address.json'));
    const after = linksAndAddresses(varied('address.json', values));
    expect(after.links.entries).not.toEqual(section === 'links' ? before.links.entries : null);
    if (section === 'addresses') expect(after.addresses.entries).not.toEqual(before.addresses.entries);
  });

  test('is compared: protocol and next hop of a route', () => {
    const before = routesOf(recorded('route4.json'), 'ipv4');
    expect(routesOf(varied('route4.json', { protocol: 'static' }), 'ipv4')).not.toEqual(before);
    expect(routesOf(varied('route4.json', { gateway: '10.9.0.7' }), 'ipv4')).not.toEqual(before);
  });
});

test('subjects read like the commands that list them', () => {
  expect(Object.keys(routesOf(recorded('route4.json'), 'ipv4').entries)).toEqual(
    expect.arrayContaining([
      'route 10.20.0.0/16 via 10.9.0.2 dev br7 table main metric 5',
      'route 10.30.0.0/16 nexthop via 10.9.0.3 dev br7 nexthop via 10.9.0.4 dev br7 table main',
      'route blackhole 10.40.0.0/16 table main',
    ]),
  );
  expect(Object.keys(rulesOf(recorded('rule.json'), 'ipv4').entries)).toContain(
    'rule ipv4 1000 from 10.9.0.0/24 fwmark 0x1 fwmask 0xff iif br7 lookup 100',
  );
  expect(Object.keys(qdiscsOf(recorded('qdisc.json')).entries)).toContain('qdisc tbf root dev br7');
});

test('tables of iptables-nft are excluded, as iptables-save lists them', () => {
  const subjects = Object.keys(nftablesOf(recorded('nft.json'), new Set(['ip filter'])).entries);
  expect(subjects).toContain('nft inet lab forwarding');
  expect(subjects.filter((subject) => subject.includes('ip filter'))).toEqual([]);
});

test('an answer of an unknown shape is an error, not an empty list', () => {
  for (const text of ['{', '{"links":[]}', '[{"ifname":7}]']) {
    expect(() => linksAndAddresses(text)).toThrow(UnexpectedOutput);
  }
});

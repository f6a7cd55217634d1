import { describe, expect, test } from 'vitest';
import type { Change, Difference } from '../../../../src/engine/model/change.ts';
import { asStepId } from '../../../../src/engine/model/ids.ts';
import type { Json } from '../../../../src/engine/model/json.ts';
import { compareFingerprints } from '../../../../src/fingerprint/differences/compare-fingerprints.ts';
import {
  asFingerprint,
  SECTION_NAMES,
  type SectionName,
  type Sections,
} from '../../../../src/fingerprint/differences/shape.ts';
import { comparedRun } from '../../../support/in-process/compared-run.ts';
import { runId } from '../../../support/in-process/folder-host.ts';

const OWN = 'ab'.repeat(32);
const FOREIGN = 'cd'.repeat(32);
const OWN_BRIDGE = 'br-abababababab';
const FOREIGN_BRIDGE = 'br-cdcdcdcdcdcd';

type Content = Partial<Record<SectionName, Readonly<Record<string, Json>>>>;

function fingerprint(content: Content, states: Partial<Record<SectionName, string>> = {}) {
  const sections = Object.fromEntries(
    SECTION_NAMES.map((name) => [name, { state: states[name] ?? 'read', entries: content[name] ?? {} }]),
  );
  return asFingerprint(sections as unknown as Sections, null);
}

function change(kind: string, target: string, record: Json, status: Change['status'] = 'reverted'): Change {
  return { seq: 3, step: asStepId('s'), kind, target, record, undo: [], status, reason: null, bootId: 'b' };
}

function owners(before: Content, after: Content, ledger: readonly Change[] = []): Record<string, Difference['owner']> {
  const found = compareFingerprints(fingerprint(before), fingerprint(after), comparedRun('mine', ledger)).differences;
  return Object.fromEntries(found.map(({ subject, owner }) => [subject, owner]));
}

const link = (attributes: Readonly<Record<string, Json>> = {}): Json => ({
  kind: 'veth',
  up: true,
  mtu: 1500,
  master: null,
  alias: null,
  ...attributes,
});
const network = (
  id: string,
  labels: Readonly<Record<string, string>>,
  name = 'devops',
  subnet = '172.20.0.0/16',
): Json => ({
  id,
  name,
  driver: 'bridge',
  scope: 'local',
  internal: false,
  subnets: [{ subnet, gateway: null }],
  labels,
  options: {},
});
const container = (id: string, labels: Readonly<Record<string, string>>): Json => ({
  id,
  name: 'AppDev',
  image: 'x',
  labels,
  running: true,
  networks: ['devops'],
});
const chain = (name: string, rules: readonly string[], policy: string | null = null): Json => ({
  table: 'filter',
  chain: name,
  policy,
  rules,
});
const made = change('docker.network', 'network devops', { name: 'devops', id: OWN });

describe('marks', () => {
  test('an alias, a label or a comment identifies the run of an object', () => {
    const after: Content = {
      links: { 'link a0': link({ alias: 'wf.run=mine' }), 'link b0': link({ alias: 'wf.run=other1' }) },
      networks: {
        [`network ${OWN}`]: network(OWN, { 'wf.run': 'mine' }),
        [`network ${FOREIGN}`]: network(FOREIGN, { 'wf.run': 'other1' }, 'n2'),
      },
      containers: { [`container ${OWN}`]: container(OWN, { 'wf.run': 'mine' }) },
      'iptables ipv4': {
        'iptables ipv4 filter DOCKER-USER': chain('DOCKER-USER', [
          '-m comment --comment "wf.run=mine" -j ACCEPT',
          '-m comment --comment "wf.run=other1" -j ACCEPT',
        ]),
      },
      nftables: {
        'nft inet lab f': { table: 'lab', chain: 'f', attributes: {}, rules: ['{"comment":"wf.run=mine","expr":[]}'] },
      },
    };
    expect(owners({}, after)).toMatchObject({
      'link a0': 'run',
      'link b0': 'other',
      'network devops (abababababab)': 'run',
      'network n2 (cdcdcdcdcdcd)': 'other',
      'container AppDev (abababababab)': 'run',
      'iptables ipv4 filter DOCKER-USER rule -m comment --comment "wf.run=mine" -j ACCEPT': 'run',
      'iptables ipv4 filter DOCKER-USER rule -m comment --comment "wf.run=other1" -j ACCEPT': 'other',
      'nft inet lab f rule {"comment":"wf.run=mine","expr":[]}': 'run',
    });
  });

  test('the comment of a rule names run and step; a kept change outweighs it', () => {
    const mark = 'wf:mine:limit';
    const rules = [mark, 'wf:other1:limit', 'wf-like:mine:x'].map(
      (comment) => `-m comment --comment ${comment} -j DROP`,
    );
    const after = { 'iptables ipv4': { 'iptables ipv4 filter MINE': chain('MINE', rules) } };
    const ofRule = (owner: Difference['owner'] | undefined) =>
      Object.fromEntries(
        rules.flatMap((rule, index) => {
          const found = [owner, 'other', 'other'][index];
          return found === undefined ? [] : [[`iptables ipv4 filter MINE rule ${rule}`, found]];
        }),
      );
    const ledger = (status: Change['status']) => [
      change(
        'iptables.rule',
        'rule',
        { chain: 'MINE', rule: ['-m', 'comment', '--comment', mark, '-j', 'DROP'] },
        status,
      ),
    ];
    expect(owners({}, after)).toMatchObject(ofRule('run'));
    expect(owners({}, after, ledger('applied'))).toMatchObject(ofRule('run'));
    const kept = owners({}, after, ledger('kept'));
    expect(kept).toMatchObject(ofRule(undefined));
    expect(kept).not.toHaveProperty([`iptables ipv4 filter MINE rule ${rules[0]}`]);
  });

  test('a table that a step created belongs to the run with its content, and no other table does', () => {
    const after: Content = {
      nftables: {
        'nft table inet lab': { family: 'inet', name: 'lab' },
        'nft set inet lab s': { family: 'inet', table: 'lab', name: 's' },
        'nft inet lab f': { table: 'lab', chain: 'f', attributes: {}, rules: ['{"expr":[]}'] },
        'nft inet theirs f': { table: 'theirs', chain: 'f', attributes: {}, rules: ['{"expr":[]}'] },
      },
    };
    const content = '{"nft inet theirs f":{"chain":"f"}}';
    const record = { family: 'inet', table: 'lab', mark: 'wf:mine:s', handle: 3, content };
    expect(owners({}, after, [change('nft.table', 'table inet lab on the host', record)])).toEqual({
      'nft table inet lab': 'run',
      'nft set inet lab s': 'run',
      'nft inet lab f': 'run',
      'nft inet lab f rule {"expr":[]}': 'run',
      'nft inet theirs f': 'other',
      'nft inet theirs f rule {"expr":[]}': 'other',
    });
  });

  test('an object with the mark of another run belongs to that run, whatever the ledger names', () => {
    const ledger = [change('net.veth', 'veth pair a0 and a1', { first: { name: 'a0' } })];
    const after = { links: { 'link a0': link({ alias: 'wf.run=other1' }) } };
    expect(compareFingerprints(fingerprint({}), fingerprint(after), comparedRun('mine', ledger)).differences).toEqual([
      expect.objectContaining({ subject: 'link a0', difference: 'added', owner: 'other', reason: 'run other1' }),
    ]);
  });

  test('the mark of a run whose id only begins with the id of this run does not match', () => {
    expect(owners({}, { links: { 'link a0': link({ alias: 'wf.run=mine2' }) } })).toEqual({ 'link a0': 'other' });
  });

  test('the route protocol of wf identifies a route only with a device of the ledger', () => {
    const route = { dst: '10.5.0.0/16', dev: 'eth7', protocol: '119', table: 'main' };
    const before = { links: { 'link eth7': link({ kind: null }) } };
    const after = { ...before, 'routes ipv4': { 'route 10.5.0.0/16 dev eth7 table main': route } };
    const ledger = [change('net.route', 'route', { link: 'eth7' })];
    expect(owners(before, after)).toEqual({ 'route 10.5.0.0/16 dev eth7 table main': 'other' });
    expect(owners(before, after, ledger)).toEqual({ 'route 10.5.0.0/16 dev eth7 table main': 'run' });
  });
});

describe('identities of the ledger', () => {
  test('the rule of a net.rule step is known by its priority and its protocol, whatever its table is called', () => {
    const rule = (protocol: string, priority = 700): Json => ({ priority, src: '10.7.0.0', table: 'vpn', protocol });
    const after: Content = {
      'rules ipv4': { own: rule('119'), copy: rule('static'), another: rule('119', 701), theirs: rule('boot', 702) },
    };
    const words = ['priority', '700', 'from', '10.7.0.0/16', 'table', '77', 'protocol', '119'];
    const differences = compareFingerprints(
      fingerprint({}),
      fingerprint(after),
      comparedRun('mine', [change('net.rule', `rule ${words.join(' ')}`, { words })]),
    ).differences.map(({ subject, owner, reason }) => [subject, owner, reason]);
    expect(differences).toEqual([
      ['own', 'run', expect.stringContaining('of step s names it')],
      ['copy', 'other', 'nothing marks or records it as the work of this run'],
      ['another', 'other', "its protocol is wf's, but no change of this run names it"],
      ['theirs', 'other', 'nothing marks or records it as the work of this run'],
    ]);
  });

  test('a forwarding entry is known by its address, link and tunnel end; it comes and goes with its link', () => {
    const entry = (dev: string, dst: string): Json => ({ mac: '00:00:00:00:00:00', dev, state: 'permanent', dst });
    const before: Content = { links: { 'link vx0': link({ kind: 'vxlan' }), 'link vx1': link({ kind: 'vxlan' }) } };
    const after: Content = {
      links: { 'link vx0': link({ kind: 'vxlan' }), 'link vx2': link({ kind: 'vxlan' }) },
      forwarding: {
        own: entry('vx0', '10.9.0.2'),
        theirs: entry('vx0', '10.9.0.3'),
        implied: entry('vx2', '10.9.0.2'),
      },
    };
    const record = { link: 'vx0', mac: '00:00:00:00:00:00', dst: '10.9.0.2' };
    const ledger = [change('net.fdb', 'forwarding entry', record)];
    const gone = { ...before, forwarding: { theirs: entry('vx1', '10.9.0.3') } };
    expect(owners(before, after, ledger)).toEqual({
      'link vx1': 'other',
      'link vx2': 'other',
      own: 'run',
      theirs: 'other',
    });
    expect(owners(gone, after, ledger)).toEqual({
      'link vx1': 'other',
      'link vx2': 'other',
      own: 'run',
      theirs: 'other',
    });
  });

  test('a policy rule that names a bridge has the owner of the bridge', () => {
    const rule = (dev: string): Json => ({ priority: 1000, src: 'all', iif: dev, action: 'blackhole' });
    const after: Content = {
      links: {
        'link br-a': link({ kind: 'bridge', alias: 'wf.run=mine' }),
        'link br-b': link({ kind: 'bridge', alias: 'wf.run=other1' }),
        'link br-c': link({ kind: 'bridge' }),
      },
      'rules ipv4': {
        'rule 1000 iif br-a': rule('br-a'),
        'rule 1000 iif br-b': rule('br-b'),
        'rule 1000 iif br-c': rule('br-c'),
        'rule 1000 oif br-a': { priority: 1000, src: 'all', oif: 'br-a', action: 'blackhole' },
      },
    };
    const found = compareFingerprints(fingerprint({}), fingerprint(after), comparedRun('mine')).differences;
    const rules = found
      .filter(({ subject }) => subject.startsWith('rule '))
      .map(({ owner, reason }) => [owner, reason]);
    expect(rules).toEqual([
      ['run', 'it names br-a: it carries the mark of this run'],
      ['other', 'it names br-b: run other1'],
      ['other', 'nothing marks or records it as the work of this run'],
      ['run', 'it names br-a: it carries the mark of this run'],
    ]);
  });

  test('a bridge that its network left behind belongs to the run, with its addresses and rules', () => {
    const after: Content = {
      links: { [`link ${OWN_BRIDGE}`]: link({ kind: 'bridge' }), 'link veth1': link({ master: OWN_BRIDGE }) },
      addresses: { [`address 172.20.0.1/16 on ${OWN_BRIDGE}`]: { cidr: '172.20.0.1/16', dev: OWN_BRIDGE } },
      'iptables ipv4': { 'iptables ipv4 filter FORWARD': chain('FORWARD', [`-i ${OWN_BRIDGE} -j ACCEPT`], 'ACCEPT') },
    };
    expect(new Set(Object.values(owners({}, after, [made])))).toEqual(new Set(['run']));
    expect(Object.keys(owners({}, after, [made]))).toHaveLength(4);
  });

  test('a name that only shares a prefix with one of the ledger belongs to others', () => {
    const ledger = [
      made,
      change('net.veth', 'veth pair br-ab and x', { first: { name: 'br-ab' }, second: { name: 'x' } }),
    ];
    const after: Content = {
      links: {
        'link br-abc': link(),
        'link br-a': link(),
        [`link ${OWN_BRIDGE}0`]: link({ kind: 'bridge' }),
        'link br-ab': link(),
      },
      'iptables ipv4': { 'iptables ipv4 filter FORWARD': chain('FORWARD', [`-i ${OWN_BRIDGE}0 -j ACCEPT`], 'ACCEPT') },
    };
    expect(owners({}, after, ledger)).toEqual({
      'link br-abc': 'other',
      'link br-a': 'other',
      [`link ${OWN_BRIDGE}0`]: 'other',
      'link br-ab': 'run',
      [`iptables ipv4 filter FORWARD rule -i ${OWN_BRIDGE}0 -j ACCEPT`]: 'other',
    });
  });

  test('a link with a name of the ledger, but neither its mark nor its MAC address, belongs to others', () => {
    const record = {
      first: { name: 'a0', mac: '02:00:00:00:00:01' },
      second: { name: 'a1', mac: '02:00:00:00:00:02' },
    };
    const ledger = [
      change('net.veth', 'veth pair a0 and a1', record, 'gone'),
      change('net.up', 'link a0 up', { link: 'a0' }),
    ];
    const own = link({ mac: '02:00:00:00:00:01' });
    const another = link({ mac: '02:00:00:00:00:09' });
    const bridge = link({ kind: 'bridge' });
    expect(owners({}, { links: { 'link a0': own } }, ledger)).toEqual({ 'link a0': 'run' });
    expect(owners({}, { links: { 'link a0': another } }, ledger)).toEqual({ 'link a0': 'other' });
    expect(owners({}, { links: { 'link a0': bridge } }, ledger)).toEqual({ 'link a0': 'other' });
    expect(owners({}, { links: { 'link a0': link({ kind: 'bridge', alias: 'wf.run=mine' }) } }, ledger)).toEqual({
      'link a0': 'run',
    });
  });

  test('a Docker object from before the run belongs to others, although a change names it', () => {
    const ledger = [change('net.address', 'address', { container: { id: FOREIGN } })];
    const before = { containers: { [`container ${FOREIGN}`]: container(FOREIGN, {}) } };
    const stopped = {
      containers: { [`container ${FOREIGN}`]: { id: FOREIGN, name: 'AppDev', labels: {}, running: false } },
    };
    expect(owners(before, {}, ledger)).toEqual({ 'container AppDev (cdcdcdcdcdcd)': 'other' });
    expect(owners(before, stopped, ledger)).toEqual({ 'container AppDev (cdcdcdcdcdcd)': 'other' });
  });

  test('a difference of a foreign link that the run altered belongs to the run; a Docker name matches no link', () => {
    const before = { links: { 'link eth7': link(), 'link devops': link() } };
    const after = { links: { 'link eth7': link({ mtu: 1400 }), 'link devops': link({ mtu: 1400 }) } };
    const ledger = [change('net.mtu', 'MTU of eth7', { link: 'eth7', previous: 1500 }), made];
    expect(owners(before, after, ledger)).toEqual({ 'link eth7': 'run', 'link devops': 'other' });
  });

  test('rules for the subnet of the run belong to the run, unless a foreign network has that subnet now', () => {
    const ledger = [change('docker.network', 'network devops', { id: OWN, subnet: '172.20.0.0/16' })];
    const rules: Content = {
      'iptables ipv4': {
        'iptables ipv4 nat POSTROUTING': {
          table: 'nat',
          chain: 'POSTROUTING',
          policy: 'ACCEPT',
          rules: [
            '-s 172.20.0.2/32 -d 172.20.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE',
            '-s 172.21.0.2/32 -j MASQUERADE',
          ],
        },
      },
    };
    expect(Object.values(owners({}, rules, ledger))).toEqual(['run', 'other']);
    const theirs = { networks: { [`network ${FOREIGN}`]: network(FOREIGN, {}) } };
    expect(Object.values(owners(theirs, { ...theirs, ...rules }, ledger))).toEqual(['docker', 'other']);
  });

  test('a kept change is neither residue nor drift', () => {
    const ledger = [change('docker.network', 'network devops', { id: OWN }, 'kept')];
    const marked = { alias: 'wf.run=mine' };
    const after = {
      networks: { [`network ${OWN}`]: network(OWN, { 'wf.run': 'mine' }) },
      // On the embedded runtime.
      links: {
        [`link ${OWN_BRIDGE}`]: link({ kind: 'bridge', ...marked }),
        'link veth1': link({ master: OWN_BRIDGE, ...marked }),
      },
    };
    expect(owners({}, after, ledger)).toEqual({});
  });

  test('a namespace with the name that a step could not create belongs to others', () => {
    const after = { namespaces: { 'namespace site': { name: 'site', inode: 7 } } };
    const ledger = (namespace: Json) => [
      change('net.namespace', 'namespace site', { name: 'site', namespace }, 'gone'),
    ];
    expect(Object.values(owners({}, after, ledger(null)))).toEqual(['other']);
    expect(Object.values(owners({}, after, ledger({ inode: 7 })))).toEqual(['run']);
  });

  test('a queueing discipline that others set before the step belongs to others', () => {
    const after = { qdiscs: { 'qdisc tbf root dev lan0': { kind: 'tbf', dev: 'lan0' } } };
    const ledger = (content: Json) => [
      change('tc.qdisc', 'qdisc tbf on lan0 on the host', { link: 'lan0', kind: 'tbf', content }, 'gone'),
    ];
    expect(Object.values(owners({}, after, ledger(null)))).toEqual(['other']);
    expect(Object.values(owners({}, after, ledger('tbf ab:')))).toEqual(['run']);
  });

  test('a link, address, setting or rule in a recorded command line belongs to the run', () => {
    const ledger = [
      change('exec.command', 'c', { argv: ['ip', 'link', 'add', 'br9', 'type', 'bridge'] }),
      change('exec.command', 'c', { argv: ['ip', 'address', 'add', '10.7.0.1/24', 'dev', 'eth7'] }),
      change('exec.command', 'c', { argv: ['sysctl', '-w', 'net.ipv4.conf.eth7.proxy_arp=1'] }),
      change('exec.command', 'c', { argv: ['iptables', '-A', 'FORWARD', '-s', '10.7.0.9', '-j', 'ACCEPT'] }),
    ];
    const before: Content = { links: { 'link eth7': link() } };
    const after: Content = {
      links: { ...before.links, 'link br9': link({ kind: 'bridge' }) },
      addresses: { 'address 10.7.0.1/24 on eth7': { cidr: '10.7.0.1/24', dev: 'eth7' } },
      'routes ipv4': {
        'route 10.7.0.0/24 dev eth7 table main': { dst: '10.7.0.0/24', dev: 'eth7', protocol: 'kernel' },
      },
      sysctls: { 'sysctl net.ipv4.conf.eth7.proxy_arp': { value: '1', dev: 'eth7' } },
      'iptables ipv4': { 'iptables ipv4 filter FORWARD': chain('FORWARD', ['-s 10.7.0.9/32 -j ACCEPT'], 'ACCEPT') },
    };
    expect(new Set(Object.values(owners(before, after, ledger)))).toEqual(new Set(['run']));
    expect(new Set(Object.values(owners(before, after)))).toEqual(new Set(['other']));
  });
});

describe('a change that altered an object of others', () => {
  const setting = (name: string, value: string, dev?: string): Content => ({
    sysctls: { [`sysctl ${name}`]: { value, ...(dev === undefined ? {} : { dev }) } },
  });
  const forwarding = (value: string) => setting('net.ipv4.ip_forward', value);
  const ofLink = (value: string) => setting('net.ipv4.conf.eth7.forwarding', value, 'eth7');
  const set = (
    previous: string,
    members: Readonly<Record<string, Json>> = {},
    status: Change['status'] = 'reverted',
  ): Change => {
    const record = { name: 'net.ipv4.ip_forward', value: '1', previous, overwritten: [], ...members };
    return change('sysctl.set', 'sysctl net.ipv4.ip_forward on the host', record, status);
  };
  const ownerOf = (before: Content, after: Content, ...ledger: readonly Change[]) =>
    Object.values(owners(before, after, ledger)).join();

  test('is not the cause of a state that it found and has restored', () => {
    expect(ownerOf(forwarding('1'), forwarding('0'), set('0'))).toBe('other');
    expect(ownerOf(ofLink('1'), ofLink('0'), set('0'))).toBe('other');
    expect(ownerOf(forwarding('1'), forwarding('0'), set('0', { name: 'net.ipv4.conf.all.forwarding' }))).toBe('other');
    const overwritten = [{ name: 'net.ipv4.conf.eth7.forwarding', value: '0' }];
    expect(ownerOf(ofLink('1'), ofLink('0'), set('1', { overwritten }))).toBe('other');
    const links = (attributes: Readonly<Record<string, Json>>): Content => ({
      links: { 'link eth7': link(attributes) },
    });
    const altered: readonly [string, Readonly<Record<string, Json>>, Readonly<Record<string, Json>>][] = [
      ['net.mtu', { previous: 1400 }, { mtu: 1400 }],
      ['net.up', {}, { up: false }],
      ['net.enslave', { previousMaster: 'br7' }, { master: 'br7' }],
    ];
    for (const [kind, record, after] of altered) {
      const made = change(kind, 'link eth7', { link: 'eth7', ...record });
      expect(ownerOf(links({}), links(after), made)).toBe('other');
      expect(ownerOf(links({}), links({ ...after, alias: 'x' }), made)).toBe('run');
    }
    const [found] = compareFingerprints(
      fingerprint(forwarding('1')),
      fingerprint(forwarding('0')),
      comparedRun('mine', [set('0')]),
    ).differences;
    expect(found?.reason).toMatch(/^change 3 \(.*\) of step s found it so already, and restored it$/);
  });

  test('is the cause if the state differs from the one it found, if the change is in place, or if another change of the run may be the cause', () => {
    expect(ownerOf(forwarding('0'), forwarding('1'), set('0'))).toBe('run');
    expect(ownerOf(forwarding('1'), forwarding('0'), set('0', {}, 'stuck'))).toBe('run');
    expect(ownerOf(forwarding('2'), forwarding('1'), set('2'), set('1'))).toBe('run');
    // The value of that link was its own, and the kernel overwrote it.
    const overwritten = [{ name: 'net.ipv4.conf.eth7.forwarding', value: '1' }];
    expect(ownerOf(ofLink('1'), ofLink('0'), set('0', { overwritten }))).toBe('run');
    const typed = change('exec.command', 'c', { argv: ['sysctl', '-w', 'net.ipv4.ip_forward=0'] });
    expect(ownerOf(forwarding('1'), forwarding('0'), set('0'), typed)).toBe('run');
  });
});

/** A fingerprint of the network namespace 7. */
const atHost = (content: Content) => ({ ...fingerprint(content), place: { namespace: 7, engine: null } });
/** A place in a network namespace with this inode. */
const namespaceAt = (inode: number): Json => ({
  type: 'namespace',
  name: 'lab',
  namespace: { path: '/run/netns/lab', inode },
});

test.each<[kind: string, target: string, record: Readonly<Record<string, Json>>, after: Content]>([
  [
    'sysctl.set',
    'sysctl net.ipv4.ip_forward',
    { name: 'net.ipv4.ip_forward', value: '1', previous: '0', overwritten: [] },
    { sysctls: { 'sysctl net.ipv4.ip_forward': { value: '1' } } },
  ],
  [
    'net.address',
    'address 10.7.0.1/24 on eth7',
    { link: 'eth7', address: '10.7.0.1/24' },
    {
      addresses: { 'address 10.7.0.1/24 on eth7': { cidr: '10.7.0.1/24', dev: 'eth7' } },
      'routes ipv4': { 'route 10.7.0.0/24': { dst: '10.7.0.0/24', dev: 'eth7', protocol: 'kernel' } },
    },
  ],
  ['net.link', 'link br9', { name: 'br9' }, { links: { 'link br9': link({ kind: 'bridge' }) } }],
  [
    'net.neighbour',
    'neighbour 10.7.0.9 on eth7',
    { link: 'eth7', address: '10.7.0.9' },
    { neighbours: { 'neighbour 10.7.0.9 dev eth7': { dst: '10.7.0.9', dev: 'eth7' } } },
  ],
  [
    'iptables.rule',
    'iptables FORWARD',
    { argv: ['iptables', '-A', 'FORWARD', '-s', '10.7.0.9', '-j', 'ACCEPT'] },
    { 'iptables ipv4': { 'iptables ipv4 filter FORWARD': chain('FORWARD', ['-s 10.7.0.9/32 -j ACCEPT'], 'ACCEPT') } },
  ],
])('%s in another network namespace is not the cause of the same on the host', (kind, target, record, after) => {
  const foundWith = (inode: number, after: Content) => {
    const run = comparedRun('mine', [change(kind, target, { ...record, place: namespaceAt(inode) }, 'applied')]);
    const { differences } = compareFingerprints(atHost({}), atHost(after), run);
    return differences.map(({ owner, reason }) => [owner, reason]);
  };
  const elsewhere = ['other', expect.stringMatching(/ acted in another network namespace$/)];
  const found = foundWith(7, after);
  expect(found.map(([owner]) => owner)).toEqual(expect.arrayContaining(['run']));
  expect(foundWith(8, after)).toEqual(found.map(() => elsewhere));
  const another: Content = { links: { 'link dummy9': link() } };
  expect(foundWith(8, another)).toEqual([['other', expect.stringMatching(/^nothing marks or records it/)]]);
});

test('a named namespace created from another network namespace belongs to the machine', () => {
  const made = change(
    'net.namespace',
    'namespace lab',
    { name: 'lab', place: namespaceAt(8), namespace: {} },
    'applied',
  );
  const after: Content = { namespaces: { 'namespace lab': { name: 'lab' } } };
  expect(compareFingerprints(atHost({}), atHost(after), comparedRun('mine', [made])).differences).toMatchObject([
    { owner: 'run' },
  ]);
});

describe('the changes that Docker makes itself', () => {
  const theirs = { [`network ${FOREIGN}`]: network(FOREIGN, {}) };
  const before: Content = { networks: theirs, links: { [`link ${FOREIGN_BRIDGE}`]: link({ kind: 'bridge' }) } };

  test('include its bridge, its chains, enabled forwarding, and the ports and rules of foreign networks', () => {
    const after: Content = {
      networks: theirs,
      links: {
        ...before.links,
        'link docker0': link({ kind: 'bridge' }),
        'link veth9': link({ master: FOREIGN_BRIDGE }),
      },
      sysctls: { 'sysctl net.ipv4.ip_forward': { value: '1' } },
      'iptables ipv4': {
        'iptables ipv4 filter DOCKER': chain('DOCKER', ['-d 172.20.0.9/32 ! -i x -j ACCEPT']),
        'iptables ipv4 filter FORWARD': chain('FORWARD', ['-j DOCKER-USER', `-o ${FOREIGN_BRIDGE} -j DOCKER`], 'DROP'),
      },
    };
    const earlier: Content = { ...before, sysctls: { 'sysctl net.ipv4.ip_forward': { value: '0' } } };
    const found = owners(earlier, after, [made]);
    expect(new Set(Object.values(found))).toEqual(new Set(['docker']));
    expect(Object.keys(found)).toHaveLength(8);
  });

  test('exclude rules of others in DOCKER-USER, disabled forwarding and foreign networks', () => {
    const earlier: Content = { sysctls: { 'sysctl net.ipv4.ip_forward': { value: '1' } } };
    const after: Content = {
      networks: theirs,
      sysctls: { 'sysctl net.ipv4.ip_forward': { value: '0' } },
      'iptables ipv4': { 'iptables ipv4 filter DOCKER-USER': chain('DOCKER-USER', ['-s 10.0.0.0/8 -j DROP']) },
    };
    expect(owners(earlier, after)).toEqual({
      'network devops (cdcdcdcdcdcd)': 'other',
      'sysctl net.ipv4.ip_forward': 'other',
      'iptables ipv4 filter DOCKER-USER': 'docker',
      'iptables ipv4 filter DOCKER-USER rule -s 10.0.0.0/8 -j DROP': 'other',
    });
  });
});

describe('a number in a rule', () => {
  const rule = (attributes: Readonly<Record<string, Json>>): Content => ({
    'rules ipv4': { rule: { priority: 100, src: 'all', table: 'main', ...attributes } },
  });
  const ownerOf = (ledger: readonly Change[], after: Content) => owners({}, after, ledger)['rule'];

  test('does not match the metric of a route of the run', () => {
    const route = { destination: 'default', table: 'main', metric: 100, argv: ['ip', 'route', 'add', 'metric', '100'] };
    expect(ownerOf([change('net.route', 'route in table main with metric 100', route)], rule({}))).toBe('other');
    const typed = { argv: ['ip', 'route', 'add', '10.1.0.0/16', 'dev', 'eth0', 'table', 'main', 'metric', '100'] };
    expect(ownerOf([change('exec.command', 'c', typed)], rule({}))).toBe('other');
  });

  test('matches a typed rule as table and priority, or as table with an address', () => {
    const typed = (...words: string[]) => [change('exec.command', 'c', { argv: ['ip', 'rule', 'add', ...words] })];
    expect(ownerOf(typed('pref', '100', 'lookup', 'main'), rule({}))).toBe('run');
    expect(ownerOf(typed('pref', '100', 'lookup', '7'), rule({ table: 7 }))).toBe('run');
    expect(ownerOf(typed('from', '10.7.0.0/24', 'lookup', '7'), rule({ table: 7, src: '10.7.0.0/24' }))).toBe('run');
    expect(ownerOf(typed('pref', '7', 'lookup', '100'), rule({ table: 7 }))).toBe('other');
  });

  test('matches a port only with its option', () => {
    const filter: Content = {
      'iptables ipv4': { x: chain('INPUT', ['-p tcp -m tcp --dport 80 -j ACCEPT'], 'ACCEPT') },
    };
    const typed = (...words: string[]) => [
      change('exec.command', 'c', { argv: ['iptables', '-A', 'INPUT', ...words] }),
    ];
    const ruleOwner = (ledger: readonly Change[]) => Object.values(owners({}, filter, ledger))[0];
    expect(ruleOwner(typed('-p', 'tcp', '--dport', '80', '-j', 'ACCEPT'))).toBe('run');
    expect(ruleOwner(typed('-p', 'tcp', '--dport', '443', '--sport', '80', '-j', 'ACCEPT'))).toBe('other');
  });
});

describe('a difference after a step that may have altered anything', () => {
  const command = change('exec.command', 'command ./act', { argv: ['./act'] });
  const compared = (before: Content, after: Content, run = comparedRun('mine', [command], [command])) =>
    Object.fromEntries(
      compareFingerprints(fingerprint(before), fingerprint(after), run).differences.map((one) => [one.subject, one]),
    );
  const links: Content = { links: { 'link a0': link(), 'link b0': link({ alias: 'wf.run=other1' }) } };

  test('is unexplained without a mark or a record, unless another run marked it', () => {
    expect(compared({}, links)).toMatchObject({
      'link a0': { owner: 'unknown', reason: expect.stringContaining('step s may have altered anything') },
      'link b0': { owner: 'other', reason: 'run other1' },
    });
  });

  test('belongs to a concurrent run whose change names it', () => {
    const theirs = change('net.veth', 'veth pair a0 and a1', { first: { name: 'a0' } }, 'applied');
    const others = () => [{ run: runId('other2'), changes: [theirs] }];
    const found = compared({}, links, { ...comparedRun('mine', [command], [command]), others });
    expect(found['link a0']).toMatchObject({ owner: 'other', reason: 'run other2' });
  });

  test('is accounted for by a kept change', () => {
    const kept: Change = { ...command, status: 'kept' };
    expect(compared({}, links, comparedRun('mine', [kept], [kept]))['link a0']).toMatchObject({ owner: 'other' });
  });

  test('belongs to others in a facet that the step does not alter', () => {
    const run = { ...comparedRun('mine', [command], [command]), arbitrary: ['docker'] as const };
    expect(compared({}, links, run)['link a0']).toMatchObject({ owner: 'other' });
  });

  test('belongs to Docker only if Docker objects changed', () => {
    const rules = { 'iptables ipv4': { 'iptables ipv4 filter DOCKER': chain('DOCKER', ['-j ACCEPT']) } };
    const owner = (found: Readonly<Record<string, Difference>>) =>
      new Set(Object.values(found).map((one) => one.owner));
    expect(owner(compared({}, rules))).toEqual(new Set(['unknown']));
    const theirs = { [`network ${FOREIGN}`]: network(FOREIGN, { 'wf.run': 'other1' }) };
    const found = compared({}, { ...rules, networks: theirs });
    expect(Object.values(found).map((one) => one.owner)).not.toContain('unknown');
  });

  test('does not belong to Docker if forwarding is enabled without the start of an engine', () => {
    const forwarding = (value: string): Content => ({ sysctls: { 'sysctl net.ipv4.ip_forward': { value } } });
    const subject = 'sysctl net.ipv4.ip_forward';
    expect(compared(forwarding('0'), forwarding('1'))[subject]).toMatchObject({ owner: 'unknown' });
    expect(owners(forwarding('0'), forwarding('1'))[subject]).toBe('other');
  });
});

describe('fingerprints of two places', () => {
  const placed = (namespace: number, engine: string | null) => ({ ...fingerprint({}), place: { namespace, engine } });

  test('are compared only if namespace, engine and boot are the same', () => {
    const compared = (after: ReturnType<typeof placed>, sameBoot = true) =>
      compareFingerprints(placed(7, 'engine a'), after, { ...comparedRun('mine'), sameBoot });
    expect(compared(placed(7, 'engine a'))).toEqual({ differences: [], notCompared: [] });
    const elsewhere = { code: 'E_HOST_STATE_UNKNOWN', message: expect.stringMatching(/net:\[7\].*net:\[8\]/) };
    expect(() => compared(placed(8, 'engine a'))).toThrow(expect.objectContaining(elsewhere));
    const another = { code: 'E_HOST_STATE_UNKNOWN', message: expect.stringMatching(/engine a.*engine b/) };
    expect(() => compared(placed(7, 'engine b'))).toThrow(expect.objectContaining(another));
    // After a restart of the machine its namespaces have other numbers.
    expect(compared(placed(8, 'engine a'), false)).toEqual({
      differences: [],
      notCompared: [{ subject: expect.any(String), reason: expect.stringContaining('restarted') }],
    });
  });
});

describe('a section that was not read both times', () => {
  test('counts as a difference of the run if it was readable before', () => {
    const before = fingerprint({ networks: { [`network ${OWN}`]: network(OWN, {}) } });
    const after = fingerprint({}, { networks: 'no engine', containers: 'no engine' });
    expect(compareFingerprints(before, after, comparedRun('mine')).differences).toEqual([
      expect.objectContaining({ subject: 'reading of networks', before: 'read', after: 'no engine', owner: 'run' }),
      expect.objectContaining({ subject: 'reading of containers', owner: 'run' }),
    ]);
  });

  test('shows only objects with the mark of the run if it was unreadable before', () => {
    const before = fingerprint({}, { networks: 'unreadable: needs more rights' });
    const after = fingerprint({
      networks: {
        [`network ${OWN}`]: network(OWN, { 'wf.run': 'mine' }),
        [`network ${FOREIGN}`]: network(FOREIGN, {}, 'n2'),
      },
    });
    expect(
      compareFingerprints(before, after, comparedRun('mine')).differences.map(({ subject, owner }) => [subject, owner]),
    ).toEqual([['network devops (abababababab)', 'run']]);
  });

  test('is listed as not compared if it is unreadable both times, unless its tool is not installed', () => {
    const compared = (why: string) => {
      const states = { nftables: `unreadable: ${why}` } as const;
      return compareFingerprints(fingerprint({}, states), fingerprint({}, states), comparedRun('mine'));
    };
    expect(compared('nft is not installed')).toEqual({ differences: [], notCompared: [] });
    const reason = 'unreadable: nft wrote invalid JSON';
    expect(compared('nft wrote invalid JSON')).toEqual({
      differences: [],
      notCompared: [{ subject: 'nftables', reason }],
    });
  });
});

test('consequences of an added or removed link are not reported as differences', () => {
  const follows: Content = {
    qdiscs: { 'qdisc noqueue root dev a0': { kind: 'noqueue', dev: 'a0' } },
    sysctls: { 'sysctl net.ipv4.conf.a0.forwarding': { value: '0', dev: 'a0' } },
    'routes ipv6': { 'route ipv6 fe80::/64 dev a0 table main': { dst: 'fe80::/64', dev: 'a0', protocol: 'kernel' } },
  };
  const links = { 'link a0': link() };
  expect(Object.keys(owners({}, { links, ...follows }))).toEqual(['link a0']);
  expect(Object.keys(owners({ links, ...follows }, {}))).toEqual(['link a0']);
  expect(Object.keys(owners({ links }, { links, ...follows }))).toHaveLength(3);
});

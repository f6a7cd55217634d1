import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDocker } from '../../../src/docker/create-docker.ts';
import type { Change, Difference } from '../../../src/engine/model/change.ts';
import { asStepId } from '../../../src/engine/model/ids.ts';
import type { Fingerprint } from '../../../src/engine/ports/fingerprint.ts';
import { FACETS } from '../../../src/engine/workflow/facets.ts';
import { createFingerprints } from '../../../src/fingerprint/create-fingerprints.ts';
import { createCommandPort } from '../../../src/host/commands/command.ts';
import { execaStarter } from '../../../src/host/commands/start-command.ts';
import { systemClock } from '../../../src/host/machine/clock.ts';
import { machineNamespace } from '../../../src/host/namespaces/namespace.ts';
import { describeOwnNetwork } from '../../support/host/own-network.ts';
import { comparedRun } from '../../support/in-process/compared-run.ts';
import { testsInTurn } from '../../support/tests-in-turn.ts';

const command = createCommandPort(systemClock, execaStarter);
/** How often the links of the host were listed. */
let listings = 0;
const fingerprints = createFingerprints({
  command: {
    ...command,
    run(argv, options) {
      if (argv.includes('address')) listings += 1;
      return command.run(argv, options);
    },
  },
  docker: createDocker({ DOCKER_HOST: 'unix:///nonexistent/docker.sock' }),
  clock: systemClock,
  namespace: machineNamespace,
});

/** Returns the ledger entry that a runner of host commands would write for this command line. */
function recorded(line: string): Change {
  return {
    seq: 1,
    step: asStepId('s'),
    kind: 'exec.command',
    target: 'c',
    record: { argv: line.split(' ') },
    undo: [],
    status: 'reverted',
    reason: null,
    bootId: 'b',
  };
}

function compared(before: Fingerprint, after: Fingerprint, ledger: readonly Change[]): readonly Difference[] {
  // Named namespaces belong to the whole machine: other tests may create some.
  const elsewhere = ({ subject }: Difference) => /^namespace (?!wffp)/.test(subject);
  return fingerprints
    .compare(before, after, comparedRun('mine', ledger))
    .differences.filter((found) => !elsewhere(found));
}

/** Repeats `work` if another test has created or removed a named namespace meanwhile. */
async function withStableNamespaces<Result>(work: () => Promise<Result>): Promise<Result> {
  const namespaces = namedNamespaces();
  const result = await work();
  return namedNamespaces() === namespaces ? result : await withStableNamespaces(work);
}

function namedNamespaces(): string {
  return existsSync('/run/netns') ? readdirSync('/run/netns').join() : '';
}

const named = ({ difference, subject }: Difference) => `${difference} ${subject}`;

const execute = promisify(execFile);

/** Runs a command line whose words contain no spaces, and returns its output. Throws if it fails. */
async function run(line: string): Promise<string> {
  const [program = '', ...args] = line.split(' ');
  const { stdout } = await execute(program, args);
  return stdout.trim();
}

interface Kind {
  readonly kind: string;
  readonly add: string;
  readonly remove: string;
  /** The differences that the command makes. */
  readonly differences: readonly string[];
}

/** Links that always exist. The first one has the address 10.77.0.1/24; it has no port and so no carrier. */
const BRIDGES = ['wffp0', 'wffpa', 'wffpb', 'wffpc'];
const KINDS: readonly Kind[] = [
  {
    kind: 'bridge',
    add: 'ip link add wffp1 type bridge',
    remove: 'ip link del wffp1',
    differences: ['added link wffp1'],
  },
  {
    kind: 'veth pair',
    add: 'ip link add wffp2 type veth peer name wffp3',
    remove: 'ip link del wffp2',
    differences: ['added link wffp2', 'added link wffp3'],
  },
  {
    kind: 'address',
    add: 'ip address add 10.78.0.1/24 dev wffp0',
    remove: 'ip address del 10.78.0.1/24 dev wffp0',
    differences: [
      'added address 10.78.0.1/24 on wffp0',
      'added route 10.78.0.0/24 dev wffp0 table main',
      'added route broadcast 10.78.0.255 dev wffp0 table local',
      'added route local 10.78.0.1 dev wffp0 table local',
    ],
  },
  {
    kind: 'IPv6 address',
    add: 'ip address add 2001:db8:7::1/64 dev wffp0 nodad',
    remove: 'ip address del 2001:db8:7::1/64 dev wffp0',
    differences: [
      'added address 2001:db8:7::1/64 on wffp0',
      'added route ipv6 2001:db8:7::/64 dev wffp0 table main metric 256',
    ],
  },
  {
    kind: 'route in a table of its own',
    add: 'ip route add 10.79.0.0/16 via 10.77.0.2 dev wffp0 table 100',
    remove: 'ip route del 10.79.0.0/16 via 10.77.0.2 dev wffp0 table 100',
    differences: ['added route 10.79.0.0/16 via 10.77.0.2 dev wffp0 table 100'],
  },
  {
    kind: 'rule',
    add: 'ip rule add from 10.77.0.0/24 lookup 100 priority 1000',
    remove: 'ip rule del from 10.77.0.0/24 lookup 100 priority 1000',
    differences: ['added rule ipv4 1000 from 10.77.0.0/24 lookup 100'],
  },
  {
    kind: 'IPv6 rule',
    add: 'ip -6 rule add iif wffp0 lookup 100 priority 1000',
    remove: 'ip -6 rule del iif wffp0 lookup 100 priority 1000',
    differences: ['added rule ipv6 1000 from all iif wffp0 lookup 100'],
  },
  {
    kind: 'permanent neighbour',
    add: 'ip neigh add 10.77.0.9 lladdr 02:00:00:00:00:09 dev wffp0 nud permanent',
    remove: 'ip neigh del 10.77.0.9 dev wffp0',
    differences: ['added neighbour 10.77.0.9 dev wffp0'],
  },
  {
    kind: 'forwarding entry of a bridge',
    add: 'bridge fdb add 02:00:00:00:00:0f dev wffp0 self permanent',
    remove: 'bridge fdb del 02:00:00:00:00:0f dev wffp0 self',
    differences: ['added forwarding entry 02:00:00:00:00:0f dev wffp0'],
  },
  {
    kind: 'tunnel end of a VXLAN link',
    add: 'bridge fdb append 00:00:00:00:00:00 dev wffpx dst 10.77.0.9 self permanent',
    remove: 'bridge fdb del 00:00:00:00:00:00 dev wffpx dst 10.77.0.9 self',
    differences: ['added forwarding entry 00:00:00:00:00:00 dst 10.77.0.9 dev wffpx'],
  },
  {
    kind: 'qdisc',
    add: 'tc qdisc add dev wffp0 root tbf rate 1mbit burst 32kbit latency 400ms',
    remove: 'tc qdisc del dev wffp0 root',
    differences: ['added qdisc tbf root dev wffp0', 'removed qdisc noqueue root dev wffp0'],
  },
  {
    kind: 'setting of one link',
    add: 'sysctl -q -w net.ipv4.conf.wffp0.proxy_arp=1',
    remove: 'sysctl -q -w net.ipv4.conf.wffp0.proxy_arp=0',
    differences: ['altered sysctl net.ipv4.conf.wffp0.proxy_arp'],
  },
  {
    kind: 'iptables rule',
    add: 'iptables -A INPUT -i wffp0 -j ACCEPT',
    remove: 'iptables -D INPUT -i wffp0 -j ACCEPT',
    differences: ['added iptables ipv4 filter INPUT rule -i wffp0 -j ACCEPT'],
  },
  {
    kind: 'policy',
    add: 'iptables -P OUTPUT DROP',
    remove: 'iptables -P OUTPUT ACCEPT',
    differences: ['altered iptables ipv4 filter OUTPUT'],
  },
  {
    kind: 'ip6tables chain',
    add: 'ip6tables -N WFFP',
    remove: 'ip6tables -X WFFP',
    differences: ['added iptables ipv6 filter WFFP'],
  },
  {
    kind: 'named namespace',
    add: 'ip netns add wffp9',
    remove: 'ip netns del wffp9',
    differences: ['added namespace wffp9'],
  },
  {
    kind: 'MTU',
    add: 'ip link set wffpa mtu 1400',
    remove: 'ip link set wffpa mtu 1500',
    differences: ['altered link wffpa'],
  },
  {
    kind: 'altname',
    add: 'ip link property add dev wffpb altname wffp-another-name',
    remove: 'ip link property del dev wffpb altname wffp-another-name',
    differences: ['altered link wffpb'],
  },
  {
    kind: 'spanning tree of a bridge',
    add: 'ip link set wffpc type bridge stp_state 1',
    remove: 'ip link set wffpc type bridge stp_state 0',
    differences: ['altered link wffpc'],
  },
];

describeOwnNetwork('a fingerprint of a real network namespace', () => {
  const everySecond = testsInTurn(2);
  /** The state to which all kinds are reverted. */
  let before: Fingerprint;
  beforeAll(async () => {
    for (const link of BRIDGES) await run(`ip link add ${link} type bridge`);
    await run('ip address add 10.77.0.1/24 dev wffp0');
    await run('ip link set wffp0 up');
    await run('ip link add wffpx type vxlan id 7 dstport 4789 local 10.77.0.1');
    before = await fingerprints.take(FACETS);
  });
  afterAll(async () => {
    await run('ip link del wffpx');
    for (const link of BRIDGES) await run(`ip link del ${link}`);
  });

  test('detects every kind, attributes each to its command, and reports no difference once it is reverted', async () => {
    const made: Kind[] = [];
    try {
      for (const kind of KINDS) {
        await run(kind.add);
        made.unshift(kind);
      }
      const between = await fingerprints.take(FACETS);
      const found = compared(before, between, []);
      expect(found.map(named).sort()).toEqual(KINDS.flatMap(({ differences }) => differences).sort());
      expect(new Set(found.map(({ owner }) => owner)), 'without a ledger').toEqual(new Set(['other']));
      for (const { kind, add, differences } of KINDS) {
        const own = compared(before, between, [recorded(add)]).filter((one) => differences.includes(named(one)));
        const missed = own.filter(({ owner, difference }) => owner !== 'run' && difference !== 'removed');
        expect(missed, `${kind}, with its command in the ledger`).toEqual([]);
      }
    } finally {
      for (const { remove } of made) await run(remove);
    }
    expect(compared(before, await fingerprints.take(FACETS), [])).toEqual([]);
  });

  test('detects a class and a filter, and ignores the handle of a qdisc', async () => {
    const htb = 'tc qdisc add dev wffp0 root handle 1: htb default 10';
    await run(htb);
    const before = await fingerprints.take(FACETS);
    const commands = [
      'tc class add dev wffp0 parent 1: classid 1:10 htb rate 1mbit',
      'tc filter add dev wffp0 parent 1: protocol ip prio 7 u32 match ip dport 80 0xffff flowid 1:10',
    ];
    try {
      for (const line of commands) await run(line);
      const after = await fingerprints.take(FACETS);
      const found = compared(before, after, []);
      expect([
        ...new Set(found.map(({ difference, subject }) => `${difference} ${subject.replace(/ \(\d+\)$/, '')}`)),
      ]).toEqual(['added filter ip pref 7 u32 parent 1: dev wffp0', 'added class htb 1:10 dev wffp0']);
      const owners = compared(before, after, commands.map(recorded)).map(({ owner }) => owner);
      expect(new Set(owners)).toEqual(new Set(['run']));
    } finally {
      await run('tc qdisc del dev wffp0 root');
    }
    await run(htb.replace('1:', '2:'));
    expect(compared(before, await fingerprints.take(FACETS), [])).toEqual([]);
    await run('tc qdisc del dev wffp0 root');
  });

  test('attributes a link and its parts to a run by the alias of the link', async () => {
    const before = await fingerprints.take(FACETS);
    await run('ip link add wffp4 type bridge');
    await run('ip link set wffp4 alias wf.run=mine');
    await run('ip address add 10.80.0.1/24 dev wffp4');
    await run('ip link add wffp5 type bridge');
    await run('ip link set wffp5 alias wf.run=other1');
    await run('iptables -A FORWARD -i wffp4 -j ACCEPT');
    await run('iptables -A FORWARD -i wffp5 -j ACCEPT');
    const found = compared(before, await fingerprints.take(FACETS), []);
    await run('iptables -D FORWARD -i wffp4 -j ACCEPT');
    await run('iptables -D FORWARD -i wffp5 -j ACCEPT');
    await run('ip link del wffp4');
    await run('ip link del wffp5');
    expect(Object.fromEntries(found.map(({ subject, owner }) => [subject, owner]))).toEqual({
      'link wffp4': 'run',
      'link wffp5': 'other',
      'address 10.80.0.1/24 on wffp4': 'run',
      'iptables ipv4 filter FORWARD rule -i wffp4 -j ACCEPT': 'run',
      'iptables ipv4 filter FORWARD rule -i wffp5 -j ACCEPT': 'other',
    });
    expect(compared(before, await fingerprints.take(FACETS), [])).toEqual([]);
  });

  test('reports an inserted rule as one difference, and a changed order', async () => {
    // A separate chain: an engine in this namespace has rules in FORWARD.
    await run('iptables -N WF-FP');
    const rule = (word: string, number: number) => `iptables -${word} WF-FP -s 10.81.0.${number} -j ACCEPT`;
    for (const number of [1, 2, 3]) await run(rule('A', number));
    const before = await fingerprints.take(FACETS);
    await run('iptables -I WF-FP 1 -s 10.81.0.9 -j DROP');
    const inserted = compared(before, await fingerprints.take(FACETS), []);
    await run('iptables -D WF-FP 1');
    await run(rule('D', 1));
    await run(rule('A', 1));
    const moved = compared(before, await fingerprints.take(FACETS), []);
    await run('iptables -F WF-FP');
    await run('iptables -X WF-FP');
    expect(inserted).toMatchObject([{ difference: 'added', before: null, after: '#1' }]);
    expect(moved).toMatchObject([{ difference: 'altered', before: '#1', after: '#3' }]);
  });

  test('ignores carrier, counters, learned neighbours and addresses under test', async () => {
    const flags = async () => (await run('ip link show wffp0')).split('>')[0];
    await run('ip netns add wffp8');
    await run('ip link add wffp6 type veth peer name wffp7 netns wffp8');
    // Link-local addresses come with the first carrier, and would be a difference.
    for (const link of ['wffp0', 'wffp6']) await run(`ip link set ${link} addrgenmode none`);
    await run('ip link set wffp6 master wffp0 up');
    await run('ip address add 2001:db8:8::1/64 dev wffp0');
    try {
      const before = await fingerprints.take(FACETS);
      const flagsBefore = await flags();
      await run('ip -n wffp8 link set wffp7 up');
      await run('ip neigh add 10.77.0.8 lladdr 02:00:00:00:00:08 dev wffp0 nud reachable');
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      expect(await flags(), 'the carrier').not.toBe(flagsBefore);
      expect(await run('ip -6 address show dev wffp0'), 'the test of the address').not.toContain('tentative');
      expect(compared(before, await fingerprints.take(FACETS), [])).toEqual([]);
    } finally {
      await run('ip netns del wffp8');
      await run('ip address del 2001:db8:8::1/64 dev wffp0');
      await run('ip neigh flush dev wffp0');
    }
  });

  everySecond('lists an unchanged host once, and a changed one twice', async () => {
    const listingsAfter = (added: readonly string[], isWatched: boolean) =>
      withStableNamespaces(async () => {
        const before = await fingerprints.take(FACETS);
        for (const link of added) await run(`ip link add ${link} type bridge`);
        try {
          listings = 0;
          const after = await fingerprints.takeLike(before, isWatched);
          return { listings, differences: compared(before, after, []).map(named) };
        } finally {
          for (const link of added) await run(`ip link del ${link}`);
        }
      });
    expect(await listingsAfter([], false)).toEqual({ listings: 1, differences: [] });
    expect(await listingsAfter(['wffp1'], false)).toEqual({ listings: 2, differences: ['added link wffp1'] });
    // The run has left a difference, which may be temporary.
    expect((await listingsAfter(['wffp1'], true)).listings).toBeGreaterThan(3);
  });

  test('reports Docker objects as absent without an engine', async () => {
    expect(await fingerprints.take(FACETS)).toMatchObject({
      sections: { containers: { state: 'no engine', entries: {} }, networks: { state: 'no engine', entries: {} } },
    });
  });

  everySecond('names a link that always changes, and compares the rest of the host', async () => {
    await run('ip link add wffp9 type bridge');
    // More than two values: the link differs in nearly all samples, however far apart they are.
    const flap =
      'while :; do for mtu in 1400 1401 1402 1403 1404; do ip link set wffp9 mtu $mtu; sleep 0.02; done; done';
    const flapping = spawn('sh', ['-c', flap], { stdio: 'ignore' });
    try {
      const before = await fingerprints.take(FACETS);
      await run('ip link add wffp1 type bridge');
      const after = await fingerprints.takeLike(before, true);
      const { differences, notCompared } = fingerprints.compare(before, after, comparedRun('mine'));
      expect(differences.map(({ difference, subject }) => `${difference} ${subject}`)).toEqual(['added link wffp1']);
      expect(notCompared).toContainEqual({ subject: 'link wffp9', reason: 'it kept changing' });
      expect(notCompared.map(({ subject }) => subject)).not.toContain('link wffp1');
    } finally {
      flapping.kill('SIGKILL');
      await once(flapping, 'exit');
      await run('ip link del wffp9');
      await run('ip link del wffp1');
    }
  });
});

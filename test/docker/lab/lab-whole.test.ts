import { beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { planSchema } from '../../support/command/plan-record.ts';
import {
  logsSchema,
  type RunRecord,
  refusalSchema,
  runRecordSchema,
  runSummariesSchema,
} from '../../support/command/run-record.ts';
import { openProject, type WfEnd } from '../../support/command/run-wf.ts';
import { describeDocker, dockerInspect } from '../../support/engines/docker-tests.ts';
import {
  defaultRoutesOf,
  fetchInside,
  type HostState,
  hostState,
  linksOf,
  pidOf,
  tool,
} from '../../support/host/host-state.ts';
import { SPLICED, STAGES, startLab } from '../../support/workflows/lab.ts';

/** Shell metacharacters, and letters of other scripts. */
const NASTY = `"double" 'single' $(touch pwned) \`touch pwned\` ; && | > * \\n é 日本 🙂`;

describeDocker('the lab', () => {
  const project = openProject();
  let before: HostState;
  let after: HostState;
  let end: WfEnd;
  let rollback: WfEnd;
  let seconds: WfEnd[];
  let record: RunRecord;
  let logs: z.infer<typeof logsSchema>;
  let spliced: Awaited<ReturnType<typeof readSplice>>;

  beforeAll(async () => {
    before = await hostState();
    const lab = project.start(startLab({ devText: NASTY }, '--json', '--id', 'whole'));
    await lab.haltAt(/^setup {2}createProdNetwork .* ok /);
    const ofTheSameNames = () => openProject().sharedWf(startLab({}, '--json', '--id', 'second'));
    seconds = [await ofTheSameNames()];
    lab.kill('SIGCONT');
    await lab.haltAt(SPLICED);
    seconds.push(await ofTheSameNames());
    spliced = await readSplice();
    rollback = await project.sharedWf(['rollback', 'whole', '--json']);
    lab.kill('SIGCONT');
    end = await lab.end;
    after = await hostState();
    record = runRecordSchema.parse(end.json());
    logs = logsSchema.parse((await project.sharedWf(['logs', 'whole', '--json'])).json());
  });

  test('succeeds in every stage, in order', () => {
    expect(end.exitCode).toBe(0);
    expect(record).toMatchObject({ id: 'whole', workflow: 'lab-network', status: 'succeeded', error: null });
    expect(record.stages.map(({ name, status }) => ({ name, status }))).toEqual(
      STAGES.map((name) => ({ name, status: 'succeeded' })),
    );
    expect(record.steps.filter(({ status }) => status !== 'succeeded')).toEqual([]);
    const inOrder = [...new Set(record.steps.map(({ stage }) => stage))];
    expect(inOrder).toEqual(STAGES);
    expect(Math.max(...record.stages.map(({ durationMs }) => durationMs ?? 0))).toBeLessThanOrEqual(
      record.durationMs ?? 0,
    );
  });

  test('is not rolled back by another process while it runs', () => {
    expect(rollback).toMatchObject({ exitCode: 4 });
    expect(rollback.json()).toMatchObject({ error: { code: 'E_LEASE_HELD' } });
  });

  test('keeps its names from a lab in another database, whenever that starts', () => {
    for (const second of seconds) {
      expect(second.exitCode, second.stderr).toBe(4);
      expect(refusalSchema.parse(second.json()).error).toMatchObject({
        code: 'E_NAME_IN_USE',
        message: expect.stringContaining('created by run whole'),
      });
    }
  });

  test('settles every change', () => {
    expect(record.changes.map(({ seq }) => seq)).toEqual(record.changes.map((_, index) => index + 1));
    expect(record.changes.filter(({ status }) => !['reverted', 'gone', 'kept'].includes(status))).toEqual([]);
    const settled = new Map(record.changes.map(({ step, status }) => [step, status]));
    expect(Object.fromEntries(settled)).toEqual({
      createDevNetwork: 'reverted',
      createProdNetwork: 'reverted',
      createAppDev: 'reverted',
      createAppProd: 'reverted',
      createProbe: 'reverted',
      // These changes are gone with the network namespace of AppProd.
      createVethPair: 'gone',
      enslaveHostLink: 'gone',
      setHostLinkUp: 'gone',
      moveContainerLink: 'gone',
      renameContainerLink: 'gone',
      setContainerLinkUp: 'gone',
      addSpliceAddress: 'gone',
      addDefaultRoute: 'gone',
    });
  });

  test('restores the host', () => {
    expect(after).toEqual(before);
    expect(record.verification).toMatchObject({ restored: true, residues: [] });
  });

  test('has the same report in start, show and runs', async () => {
    const shown = await project.sharedWf(['show', 'whole', '--json']);
    expect(shown).toMatchObject({ exitCode: 0, stderr: '' });
    expect(shown.json()).toEqual(end.json());
    const latest = await project.sharedWf(['show', '@latest', '--json']);
    expect(latest.stdout).toBe(shown.stdout);
    const listed = await project.sharedWf(['runs', '--json']);
    const { stages, steps, changes, proofs, requests, verification, ...summary } = record;
    expect(runSummariesSchema.parse(listed.json())).toEqual([{ ...summary, changesInPlace: 0 }]);
    expect((await project.sharedWf(['changes', '--json'])).json()).toEqual([]);
  });

  test('connects AppProd to the bridge of devops by a veth pair', () => {
    const { hostLink, containerDevice, bridge } = spliced;
    expect(hostLink).toMatchObject({ master: bridge, ifalias: 'wf.run=whole', operstate: 'UP' });
    expect(containerDevice).toMatchObject({ ifalias: 'wf.run=whole', operstate: 'UP' });
    // The two ends of one pair, and not just two links of the right names.
    expect(hostLink?.link_index).toBe(containerDevice?.ifindex);
    expect(containerDevice?.link_index).toBe(hostLink?.ifindex);
    expect(hostLink?.mtu).toBe(containerDevice?.mtu);
    expect(hostLink?.mtu).toBe(spliced.bridgeMtu);
    expect(spliced.strayLinks).toEqual([]);
  });

  test('gives AppProd the address .0.100 of devops', () => {
    const prefixLength = Number(spliced.subnet.split('/')[1]);
    expect(spliced.containerDevice?.addr_info).toContainEqual(
      expect.objectContaining({ family: 'inet', local: spliced.address, prefixlen: prefixLength }),
    );
    expect(spliced.atSpliceAddress).toBe('Production');
  });

  test('adds a second default route and keeps the first', () => {
    expect(spliced.routes).toHaveLength(2);
    const [first, second] = spliced.routes;
    expect(first).toMatchObject({ gateway: spliced.prodGateway, dev: 'eth0' });
    expect(first?.protocol).not.toBe('119');
    expect(second).toMatchObject({ gateway: spliced.devGateway, dev: 'eth1', protocol: '119' });
    expect(second?.metric).toBeGreaterThan(first?.metric ?? 0);
  });

  test('marks all its Docker objects', () => {
    expect(spliced.labels).toEqual(['whole', 'whole', 'whole', 'whole']);
  });

  describe('leaves evidence that', () => {
    const of = (step: string) => logs.filter((item) => item.step === step);

    test('is of the steps, kinds and stages that a dry run lists', async () => {
      const dry = planSchema.parse((await project.sharedWf(startLab({}, '--dry-run', '--json'))).json());
      const listed = dry.steps.map(({ step, stage, kind }) => `${stage} ${step} ${kind}`);
      expect(listed.sort()).toEqual(record.steps.map(({ id, stage, kind }) => `${stage} ${id} ${kind}`).sort());
    });

    test('has an ordinary command for every step', () => {
      const silent = record.steps.filter(({ id }) => of(id).length === 0).map(({ id }) => id);
      expect(silent).toEqual([]);
      expect([...new Set(logs.map(({ stage }) => stage))]).toEqual(STAGES);
      const programs = new Set(logs.map(({ command }) => command.split(' ')[0]));
      // nft runs too, and leaves evidence if it is installed.
      programs.delete('nft');
      expect([...programs].sort()).toEqual(['#', 'bridge', 'docker', 'ip', 'iptables-save', 'nsenter', 'ping', 'wget']);
    });

    test('has the plain command for the default route, with the error of the kernel', () => {
      const [plainCommand, added] = of('addDefaultRoute');
      expect(plainCommand?.command).toMatch(/^nsenter --net=\/proc\/\d+\/ns\/net ip route add default via [\d.]+$/);
      expect(plainCommand).toMatchObject({
        exitCode: 2,
        output: expect.stringContaining('RTNETLINK answers: File exists'),
      });
      expect(added?.command).toMatch(/ ip route add default via [\d.]+ dev eth1 metric \d+ protocol 119$/);
      expect(added).toMatchObject({ exitCode: 0 });
    });

    test('shows the neighbour and the bridge port of the splice, and the routes of the packets', () => {
      const veth = of('readSplicedAddresses')[0]?.output ?? '';
      const mac = / eth1@[\s\S]*?link\/ether ([0-9a-f:]{17})/.exec(veth)?.[1] ?? 'no MAC address';
      expect(of('readNeighboursBefore')[0]?.output).not.toContain(mac);
      expect(of('readNeighboursAfter')[0]?.output).toContain(`lladdr ${mac}`);
      expect(of('readForwarding')[0]?.output).toContain(`${mac} dev int_hote `);
      expect(of('routeFromAppDev')[0]?.output).toMatch(/\.100 dev eth0 src /);
      expect(of('routeFromAppProd')[0]?.output).toMatch(/ dev eth1 src [\d.]+\.100 /);
      expect(of('observeDevBridge').map(({ command }) => command)).toContain('bridge link show');
    });

    test('shows no lost ping inside a network and through the pair, and no answer between the networks', () => {
      for (const step of [
        'pingAppDevByName',
        'controlAppDevAnswersPing',
        'controlAppProdAnswersPing',
        'pingSpliceFromAppDev',
        'pingAppDevFromAppProd',
      ]) {
        expect(of(step).at(-1), step).toMatchObject({
          exitCode: 0,
          output: expect.stringMatching(/3 (packets )?received, 0% packet loss/),
        });
      }
      for (const step of ['pingAppProdFromAppDev', 'pingAppProdOnItsOwnNetwork']) {
        expect(of(step).at(-1), step).toMatchObject({
          exitCode: 1,
          output: expect.stringContaining('0 received, 100% packet loss'),
        });
      }
    });

    test('shows that the counters of int_hote rose', () => {
      const counters = (step: string) =>
        /RX:.*\n +\d+ +(\d+) [\s\S]*TX:.*\n +\d+ +(\d+) /
          .exec(of(step).at(-1)?.output ?? '')
          ?.slice(1, 3)
          .map(Number) ?? [];
      const [before, after] = [counters('readCountersBefore'), counters('readCountersAfter')];
      // Three pings each way, and two conversations over HTTP.
      expect((after[0] ?? 0) - (before[0] ?? 0)).toBeGreaterThan(6);
      expect((after[1] ?? 0) - (before[1] ?? 0)).toBeGreaterThan(6);
    });

    test('shows the rule of Docker that counted dropped packets, which the proofs name', async () => {
      const dropped = (step: string) =>
        /\[(\d+):\d+\] (-A DOCKER-ISOLATION-STAGE-2 -o br-[0-9a-f]{12} -j DROP)/g[Symbol.matchAll](
          of(step).find(({ command }) => command.startsWith('iptables-save'))?.output ?? '',
        );
      const counts = (step: string) => new Map([...dropped(step)].map(([, packets, rule]) => [rule, Number(packets)]));
      const [before, after] = [counts('readFirewallBefore'), counts('readFirewallAfter')];
      const counted = [...after].filter(([rule, packets]) => packets > (before.get(rule) ?? 0));
      expect(counted).toHaveLength(1);
      const shown = await project.sharedWf(['show', 'whole']);
      expect(shown.stdout).toContain(`filter/DOCKER-ISOLATION-STAGE-2 ${counted[0]?.[0]} (`);
    });

    test('has commands that can be pasted into a shell: a text with quotes is one word', async () => {
      const command = of('createAppDev')[0]?.command ?? '';
      const words = await tool('sh', '-c', `printf '%s\\n' ${command.replace(/^docker run /, '')}`);
      expect(words.split('\n').at(-1)).toBe(NASTY);
      expect(of('fetchAppDevByName').at(-1)?.output.trimEnd()).toBe(NASTY);
      expect(of('fetchAppDevFromAppProd').at(-1)?.output.trimEnd()).toBe(NASTY);
    });

    test('is printed by stage, with each command, its output and its exit code', async () => {
      const { stdout, exitCode } = await project.sharedWf(['logs', 'whole']);
      expect(exitCode).toBe(0);
      expect(stdout.match(/^=== \w+ ===$/gm)).toEqual(STAGES.map((stage) => `=== ${stage} ===`));
      expect(stdout).toContain('RTNETLINK answers: File exists\n[exit 2, ');
      const one = await project.sharedWf(['logs', 'whole', 'createVethPair']);
      expect(one.stdout).toMatch(/^\$ ip link add name int_hote .*type veth peer name int_conteneur/m);
      expect(one.stdout).not.toContain('docker');
    });
  });
});

/** Reads the splice between vethSplice and teardown, without wf. */
async function readSplice() {
  const [devId, subnet, devGateway, prodGateway, pid] = await Promise.all([
    dockerInspect('devops', '{{.Id}}'),
    dockerInspect('devops', '{{(index .IPAM.Config 0).Subnet}}'),
    dockerInspect('devops', '{{(index .IPAM.Config 0).Gateway}}'),
    dockerInspect('prod', '{{(index .IPAM.Config 0).Gateway}}'),
    pidOf('AppProd'),
  ]);
  const bridge = `br-${devId.slice(0, 12)}`;
  // Docker gives the gateway the first address of the subnet.
  const address = devGateway.replace(/\.1$/, '.100');
  const host = await linksOf();
  const [inAppProd, routes, atSpliceAddress, labels] = await Promise.all([
    linksOf(pid),
    defaultRoutesOf(pid),
    // This request comes from the host: the lab shows how AppDev learns the address.
    fetchInside(undefined, `http://${address}:5678/`),
    Promise.all([
      dockerInspect('AppDev', '{{index .Config.Labels "wf.run"}}'),
      dockerInspect('AppProd', '{{index .Config.Labels "wf.run"}}'),
      dockerInspect('devops', '{{index .Labels "wf.run"}}'),
      dockerInspect('prod', '{{index .Labels "wf.run"}}'),
    ]),
  ]);
  return {
    bridge,
    bridgeMtu: host.get(bridge)?.mtu,
    subnet,
    address,
    devGateway,
    prodGateway,
    hostLink: host.get('int_hote'),
    containerDevice: inAppProd.get('eth1'),
    strayLinks: [host.has('int_conteneur'), inAppProd.has('int_conteneur')].filter(Boolean),
    routes,
    labels,
    atSpliceAddress,
  };
}

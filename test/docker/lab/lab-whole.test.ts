import { beforeAll, expect, test } from 'vitest';
import { describeDocker, dockerInspect } from '../../support/docker-tests.ts';
import { defaultRoutesOf, fetchInside, type HostState, hostState, linksOf, pidOf } from '../../support/host-state.ts';
import { SPLICED, STAGES, startLab } from '../../support/lab.ts';
import { type RunRecord, runRecordSchema, runSummariesSchema } from '../../support/run-record.ts';
import { openProject, type WfEnd } from '../../support/run-wf.ts';

describeDocker('the lab', () => {
  const project = openProject();
  let before: HostState;
  let after: HostState;
  let end: WfEnd;
  let rollback: WfEnd;
  let record: RunRecord;
  let spliced: Awaited<ReturnType<typeof lookAtSplice>>;

  beforeAll(async () => {
    before = await hostState();
    const lab = project.start(startLab({}, '--json', '--id', 'whole'));
    await lab.haltAt(SPLICED);
    spliced = await lookAtSplice();
    rollback = await project.sharedWf(['rollback', 'whole', '--json']);
    lab.kill('SIGCONT');
    end = await lab.end;
    after = await hostState();
    record = runRecordSchema.parse(end.json());
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
      // Gone with the network namespace of AppProd.
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

  test('is reported alike by start, show and runs', async () => {
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
});

/** Reads the splice between vethSplice and teardown, without wf. */
async function lookAtSplice() {
  const [devId, subnet, devGateway, prodGateway, pid, devPid] = await Promise.all([
    dockerInspect('devops', '{{.Id}}'),
    dockerInspect('devops', '{{(index .IPAM.Config 0).Subnet}}'),
    dockerInspect('devops', '{{(index .IPAM.Config 0).Gateway}}'),
    dockerInspect('prod', '{{(index .IPAM.Config 0).Gateway}}'),
    pidOf('AppProd'),
    pidOf('AppDev'),
  ]);
  const bridge = `br-${devId.slice(0, 12)}`;
  // Docker gives the gateway the first address of whatever subnet it chose.
  const address = devGateway.replace(/\.1$/, '.100');
  const host = await linksOf();
  const [inAppProd, routes, atSpliceAddress, labels] = await Promise.all([
    linksOf(pid),
    defaultRoutesOf(pid),
    fetchInside(devPid, `http://${address}:5678/`),
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

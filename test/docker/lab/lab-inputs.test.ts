import { expect, test } from 'vitest';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { describeDocker, dockerInspect } from '../../support/engines/docker-tests.ts';
import {
  defaultRoutesOf,
  fetchInside,
  hostState,
  linksOf,
  pidOf,
  type SeenLink,
} from '../../support/host/host-state.ts';
import { SPLICED, startLab } from '../../support/workflows/lab.ts';

describeDocker('the inputs of the lab', () => {
  test('allow two concurrent labs: one with all names chosen and a replaced route, one with the smallest subnets and no route', async () => {
    const before = await hostState();
    const chosen = {
      prefix: 'ann-',
      devNetwork: 'Bench_1',
      prodNetwork: 'live.net',
      devContainer: 'App_Dev-2',
      prodContainer: 'prod_app',
      hostLink: '$(id);',
      containerLink: '`é`',
      containerDevice: 'uplink;0',
      devText: `"Mon" 'AppDev' $(id) \`id\`; é 日本`,
      prodText: '<b>&amp;</b> %s \\n {"a": 1}',
      devSubnet: '172.30.0.0/16',
      prodSubnet: '10.99.0.0/24',
      spliceAddress: '172.30.7.77',
      defaultRoute: 'replace',
    };
    const project = openProject();
    const ann = project.start(startLab(chosen, '--json', '--id', 'ann'));
    const smallest = { devSubnet: '172.29.0.0/29', spliceAddress: '172.29.0.4', prodSubnet: '172.28.5.0/30' };
    const bob = project.start(startLab({ prefix: 'bob-', defaultRoute: 'none', ...smallest }, '--json', '--id', 'bob'));

    await Promise.all([
      ann.haltAt(SPLICED).then(async () => {
        const [pid, devPid, bridge, subnet] = await Promise.all([
          pidOf('ann-prod_app'),
          pidOf('ann-App_Dev-2'),
          dockerInspect('ann-Bench_1', '{{.Id}}').then((id) => `br-${id.slice(0, 12)}`),
          dockerInspect('ann-live.net', '{{(index .IPAM.Config 0).Subnet}}'),
        ]);
        expect(subnet).toBe('10.99.0.0/24');
        expect((await linksOf()).get('ann-$(id);')).toMatchObject({ master: bridge, ifalias: 'wf.run=ann' });
        expect(ipv4Of((await linksOf(pid)).get('uplink;0'))).toEqual(['172.30.7.77/16']);
        expect(await defaultRoutesOf(pid)).toMatchObject([{ gateway: '172.30.0.1', dev: 'uplink;0', protocol: '119' }]);
        expect(await fetchInside(devPid, 'http://172.30.7.77:5678/')).toBe(chosen.prodText);
        expect(await fetchInside(pid, `http://${await addressOf('ann-App_Dev-2')}:5678/`)).toBe(chosen.devText);
        ann.kill('SIGCONT');
      }),
      bob.haltAt(SPLICED).then(async () => {
        const pid = await pidOf('bob-AppProd');
        const routes = await defaultRoutesOf(pid);
        expect(routes).toHaveLength(1);
        expect(routes[0]?.dev).toBe('eth0');
        expect((await linksOf()).get('bob-int_hote')).toMatchObject({ ifalias: 'wf.run=bob' });
        expect(ipv4Of((await linksOf(pid)).get('eth1'))).toEqual(['172.29.0.4/29']);
        bob.kill('SIGCONT');
      }),
    ]);

    for (const [id, end] of [
      ['ann', await ann.end],
      ['bob', await bob.end],
    ] as const) {
      expect(end.exitCode, end.stderr).toBe(0);
      const record = runRecordSchema.parse(end.json());
      expect(record).toMatchObject({ id, status: 'succeeded', verification: { restored: true, residues: [] } });
      expect(record.changes.filter(({ status }) => status !== 'reverted' && status !== 'gone')).toEqual([]);
    }
    expect(runRecordSchema.parse((await ann.end).json()).input).toMatchObject(chosen);
    expect(await hostState()).toEqual(before);
  });
});

function ipv4Of(link: SeenLink | undefined): readonly string[] {
  const addresses = link?.addr_info.filter(({ family }) => family === 'inet') ?? [];
  return addresses.map(({ local, prefixlen }) => `${local}/${prefixlen}`);
}

function addressOf(container: string): Promise<string> {
  return dockerInspect(container, '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}');
}

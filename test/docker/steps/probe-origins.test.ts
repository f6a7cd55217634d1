import { afterAll, beforeAll, expect, it } from 'vitest';
import { namespaceOfPid } from '../../../src/host/namespaces/namespace.ts';
import type { ContainerHandle } from '../../../src/steps/container-handle.ts';
import { checkAddressFree, observeBridge } from '../../../src/steps/net/index.ts';
import {
  dnsProbe,
  httpProbe,
  insideContainer,
  insideNamespaceOf,
  type ProbeOrigin,
  pingProbe,
} from '../../../src/steps/probe/index.ts';
import { describeDocker, docker } from '../../support/engines/docker-tests.ts';
import { HTTP_ECHO_IMAGE, PROBE_IMAGE } from '../../support/engines/images.ts';
import { readWith } from '../../support/in-process/carry-out.ts';
import { testContext } from '../../support/in-process/step-context.ts';

const NETS = ['probetest-dev', 'probetest-prod'];
const NAMES = ['ProbeTestDev', 'ProbeTestProd', 'ProbeTestHelper'];

describeDocker('probes from a container and from its namespace', () => {
  let dev: ContainerHandle;
  let helper: ContainerHandle;
  let prodAddress = '';
  let devAddress = '';

  beforeAll(async () => {
    await remove();
    for (const net of NETS) await docker('network', 'create', net);
    await docker(
      'run',
      '-d',
      '--name',
      'ProbeTestDev',
      '--network',
      NETS[0] ?? '',
      HTTP_ECHO_IMAGE,
      '-text',
      'Mon AppDev',
    );
    await docker(
      'run',
      '-d',
      '--name',
      'ProbeTestProd',
      '--network',
      NETS[1] ?? '',
      HTTP_ECHO_IMAGE,
      '-text',
      'Production',
    );
    await docker('run', '-d', '--name', 'ProbeTestHelper', '--network', NETS[0] ?? '', PROBE_IMAGE, 'sleep', '600');
    dev = await handleOf('ProbeTestDev');
    helper = await handleOf('ProbeTestHelper');
    devAddress = await addressOf('ProbeTestDev');
    prodAddress = await addressOf('ProbeTestProd');
  });
  afterAll(remove);

  const origins: [string, () => ProbeOrigin][] = [
    ['namespace', () => insideNamespaceOf(helper)],
    ['container', () => insideContainer(helper)],
  ];

  it.each(origins)('get an answer from a reachable target (%s)', async (_title, from) => {
    const ready = { from: from(), deadlineMs: 5_000 };
    const ping = await readWith(pingProbe, { ...ready, to: devAddress, intervalMs: 20 }, testContext());
    expect(ping).toMatchObject({ sent: 3, received: 3, answered: true });
    const url = `http://${devAddress}:5678`;
    const http = await readWith(httpProbe, { ...ready, url, expect: 'Mon AppDev' }, testContext());
    expect(http).toMatchObject({ status: 200, answered: true });
    const dns = await readWith(dnsProbe, { ...ready, name: 'probetestdev' }, testContext());
    expect(dns).toEqual({ name: 'probetestdev', addresses: [devAddress], outcome: 'resolved' });
  });

  it.each(origins)('get no answer from an isolated target, and do not resolve its name (%s)', async (_title, from) => {
    const silent = { from: from(), deadlineMs: 400, must: 'fail' } as const;
    const startedAt = performance.now();
    const ping = await readWith(pingProbe, { ...silent, to: prodAddress, intervalMs: 20 }, testContext());
    expect(ping).toMatchObject({ sent: 3, received: 0, answered: false });
    const url = `http://${prodAddress}:5678`;
    expect(await readWith(httpProbe, { ...silent, url }, testContext())).toMatchObject({ answered: false });
    const dns = await readWith(dnsProbe, { ...silent, name: 'probetestprod' }, testContext());
    expect(dns.outcome).not.toBe('resolved');
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });

  it('report a tool that the container lacks', async () => {
    const from = insideContainer(helper);
    await docker('exec', 'ProbeTestHelper', 'sh', '-c', 'rm -f /bin/wget /usr/bin/wget');
    const asked = readWith(httpProbe, { from, url: `http://${devAddress}:5678`, deadlineMs: 2_000 }, testContext());
    await expect(asked).rejects.toMatchObject({ code: 'E_TOOL_MISSING' });
  });

  it('net.bridge finds the peers of the ports, net.address-free the members of the network', async () => {
    const id = await docker('network', 'inspect', '-f', '{{.Id}}', NETS[0] ?? '');
    const bridge = `br-${id.slice(0, 12)}`;
    const seen = await readWith(observeBridge, { bridge, containers: [dev, helper] }, testContext());
    expect(seen.ports.map(({ peer }) => peer?.container).sort()).toEqual(['ProbeTestDev', 'ProbeTestHelper']);
    expect(seen.ports.map(({ peer }) => peer?.link)).toEqual(['eth0', 'eth0']);
    const free = (address: string) =>
      readWith(checkAddressFree, { address, link: bridge, networkId: id }, testContext());
    await expect(free(devAddress)).rejects.toMatchObject({
      code: 'E_ADDRESS_IN_USE',
      message: expect.stringContaining('ProbeTestDev'),
    });
    expect(await free(devAddress.replace(/\.\d+$/, '.100'))).toMatchObject({ free: true });
  });
});

async function handleOf(name: string): Promise<ContainerHandle> {
  const [id = '', startedAt = '', pid = ''] = (
    await docker('inspect', '-f', '{{.Id}} {{.State.StartedAt}} {{.State.Pid}}', name)
  ).split(' ');
  return { id, name, startedAt, pid: Number(pid), namespace: namespaceOfPid(Number(pid)) };
}

function addressOf(name: string): Promise<string> {
  return docker('inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', name);
}

async function remove(): Promise<void> {
  for (const name of NAMES) await docker('rm', '-f', name).catch(() => '');
  for (const net of NETS) await docker('network', 'rm', net).catch(() => '');
}

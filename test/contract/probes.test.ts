import { beforeAll, expect, test } from 'vitest';
import type { ContainerInfo } from '../../src/engine/ports/docker.ts';
import { namespaceOfPid } from '../../src/host/namespaces/namespace.ts';
import {
  dnsProbe,
  httpProbe,
  insideContainer,
  insideNamespaceOf,
  pingProbe,
  tcpProbe,
  tlsProbe,
} from '../../src/steps/probe/index.ts';
import { readWith } from '../support/in-process/carry-out.ts';
import { addressOf } from '../support/in-process/contract-subject.ts';
import { describeContract } from '../support/in-process/contract-tests.ts';
import { testContext } from '../support/in-process/step-context.ts';

const READY = { deadlineMs: 10_000 };
const SILENCE = { deadlineMs: 500, must: 'fail' } as const;

describeContract('probes', (subject) => {
  const context = () => testContext({ host: subject().host.ports });
  let from: ReturnType<typeof handle>;
  let to: ContainerInfo;
  beforeAll(async () => {
    const network = await subject().network('ct-net');
    from = handle(await subject().container('ct-from', network, ['sleep', '600']));
    to = await subject().container('ct-To', network);
  });
  const handle = (container: ContainerInfo) => ({ ...container, namespace: namespaceOfPid(container.pid) });

  test('get an answer from a neighbour by ping, HTTP and DNS', async () => {
    for (const origin of [insideContainer(from), insideNamespaceOf(from)]) {
      const pinged = await readWith(pingProbe, { from: origin, to: addressOf(to), ...READY }, context());
      expect(pinged).toMatchObject({ answered: true, sent: 3, received: 3 });
      const url = `http://${addressOf(to)}:5678/`;
      expect(await readWith(httpProbe, { from: origin, url, expect: 'ct-To', ...READY }, context())).toMatchObject({
        status: 200,
      });
      const named = await readWith(dnsProbe, { from: origin, name: 'ct-to', ...READY }, context());
      expect(named.addresses).toEqual([addressOf(to)]);
    }
    const connected = { from: insideContainer(from), to: 'ct-to', port: 5678, ...READY };
    expect(await readWith(tcpProbe, connected, context())).toMatchObject({ outcome: 'connected' });
    const noTls = readWith(tlsProbe, { ...connected, deadlineMs: 2_000 }, context());
    await expect(noTls).rejects.toMatchObject({
      code: 'E_PROBE_FAILED',
      message: expect.stringMatching(/no handshake/),
    });
    const byName = { from: insideContainer(from), url: 'http://ct-to:5678/', expect: 'ct-To', ...READY };
    expect(await readWith(httpProbe, byName, context())).toMatchObject({ status: 200 });
  });

  test('send pings at the requested interval, also for an ordinary user', async () => {
    const asked = context();
    const input = { from: insideNamespaceOf(from), to: addressOf(to), count: 5, intervalMs: 10, ...READY };
    const pinged = await readWith(pingProbe, input, asked);
    expect(pinged).toMatchObject({ sent: 5, received: 5 });
    // Without ping, wf probes by TCP.
    expect(asked.evidence.map(({ command }) => command).join()).toMatch(/ -i 0\.01 |^# instead of ping/);
  });

  test('get no answer from a container of another network, and fail if they expect one', async () => {
    const far = await subject().container('ct-far', await subject().network('ct-right'));
    const origin = insideNamespaceOf(from);
    const url = `http://${addressOf(far)}:5678/`;
    const near = `http://${addressOf(to)}:5678/`;
    expect(await readWith(pingProbe, { from: origin, to: addressOf(far), ...SILENCE }, context())).toMatchObject({
      received: 0,
    });
    expect(await readWith(httpProbe, { from: origin, url, ...SILENCE }, context())).toMatchObject({ answered: false });
    const wrong = readWith(httpProbe, { from: origin, url, deadlineMs: 500 }, context());
    await expect(wrong).rejects.toMatchObject({ code: 'E_PROBE_FAILED' });
    const answered = readWith(httpProbe, { from: origin, url: near, ...READY, must: 'fail' }, context());
    await expect(answered).rejects.toMatchObject({ code: 'E_PROBE_ANSWERED' });
  });
});

import { beforeAll, expect, test } from 'vitest';
import type { ContainerInfo, NetworkInfo } from '../../src/engine/ports/docker.ts';
import { reachabilityProbe } from '../../src/steps/probe/index.ts';
import { readWith } from '../support/in-process/carry-out.ts';
import { addressOf } from '../support/in-process/contract-subject.ts';
import { describeContract } from '../support/in-process/contract-tests.ts';
import { testContext } from '../support/in-process/step-context.ts';

const TIME = { deadlineMs: 10_000, silenceMs: 400 };

describeContract('reachability probes', (subject) => {
  const byName = (...containers: ContainerInfo[]) =>
    Object.fromEntries(containers.map((container) => [container.name, addressOf(container)]));
  let left: NetworkInfo;
  let from: ContainerInfo;
  let near: ContainerInfo;
  let far: ContainerInfo;
  beforeAll(async () => {
    left = await subject().network('ct-left', '172.29.85.0/24');
    from = await subject().container('ct-from', left);
    near = await subject().container('ct-near', left);
    far = await subject().container('ct-far', await subject().network('ct-right'));
  });

  test('succeed if the expected targets answer and the others are silent, and need a control and the same container', async () => {
    const context = testContext({ host: subject().host.ports });
    const input = { from, answering: byName(near), silent: byName(far), ...TIME };
    expect(await readWith(reachabilityProbe, input, context)).toEqual({ from: 'ct-from', answered: 1, silent: 1 });
    expect(context.evidence).toMatchObject([{ exitCode: 0, output: expect.stringContaining('silent for 400 ms') }]);
    const vain = readWith(reachabilityProbe, { ...input, answering: {} }, context);
    await expect(vain).rejects.toMatchObject({ code: 'E_STEP_INPUT' });
    const earlier = { ...from, startedAt: '2024-01-01T00:00:00.000000000Z' };
    const late = readWith(reachabilityProbe, { ...input, from: earlier, silent: {} }, context);
    await expect(late).rejects.toMatchObject({ code: 'E_NAMESPACE_GONE' });
  });

  test('name every pair that differs from the expectation', async () => {
    const context = testContext({ host: subject().host.ports });
    const answering = { ...byName(far), itself: '127.0.0.1' };
    const wrong = { from, answering, silent: byName(near), deadlineMs: 1_000, silenceMs: 400 };
    const refused = readWith(reachabilityProbe, wrong, context);
    await expect(refused).rejects.toMatchObject({
      code: 'E_PROBE_ANSWERED',
      message: expect.stringContaining(`ct-from -> ct-near (${addressOf(near)}) answered and should not have`),
    });
    await expect(refused).rejects.toMatchObject({
      message: expect.stringContaining(`ct-from -> ct-far (${addressOf(far)}) did not answer within 1 s`),
    });
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('itself') });
    const missing = { ...wrong, silent: {} };
    await expect(readWith(reachabilityProbe, missing, context)).rejects.toMatchObject({ code: 'E_PROBE_FAILED' });
  });

  test('succeed for the gateway and for each container, and an address can move to another container', async () => {
    const third = await subject().container('ct-third', left);
    const gateway = from.endpoints[0]?.gateway ?? '';
    const input = { from, answering: { ...byName(near, third), gateway }, silent: {}, ...TIME };
    const context = testContext({ host: subject().host.ports });
    expect(await readWith(reachabilityProbe, input, context)).toMatchObject({ answered: 3 });
    const address = addressOf(third);
    await subject().host.ports.docker.removeContainer(third.id);
    // The neighbour takes over the address, with another MAC address.
    subject().outputIn(near, 'ip', 'address', 'add', `${address}/24`, 'dev', 'eth0');
    // Flushes the entries that the kernel has learned. A permanent entry of the runtime would stay.
    subject().outputIn(from, 'ip', 'neighbour', 'flush', 'dev', 'eth0');
    expect(subject().fetch(from, address)).toBe(near.name);
  });
});

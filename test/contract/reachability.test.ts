import { expect, test } from 'vitest';
import type { ContainerInfo } from '../../src/engine/ports/docker.ts';
import { reachabilityProbe } from '../../src/steps/probe/index.ts';
import { readWith } from '../support/carry-out.ts';
import { addressOf } from '../support/contract-subject.ts';
import { describeContract } from '../support/contract-tests.ts';
import { testContext } from '../support/step-context.ts';

const TIME = { deadlineMs: 10_000, silenceMs: 400 };

describeContract('reachability of many at a time', (subject) => {
  const byName = (...containers: ContainerInfo[]) =>
    Object.fromEntries(containers.map((container) => [container.name, addressOf(container)]));
  const threeContainers = async () => {
    const left = await subject().network('ct-left');
    const from = await subject().container('ct-from', left);
    const near = await subject().container('ct-near', left);
    const far = await subject().container('ct-far', await subject().network('ct-right'));
    return { from, near, far };
  };

  test('those that must answer did, and those that must not were silent', async () => {
    const { from, near, far } = await threeContainers();
    const context = testContext({ host: subject().host.ports });
    const input = { from, answering: byName(near), silent: byName(far), ...TIME };
    expect(await readWith(reachabilityProbe, input, context)).toEqual({ from: 'ct-from', answered: 1, silent: 1 });
    expect(context.evidence).toMatchObject([{ exitCode: 0, output: expect.stringContaining('silent for 400 ms') }]);
  });

  test('every pair that is not as it must be is named', async () => {
    const { from, near, far } = await threeContainers();
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

  test('without a control nothing is asked, and from a container that was started again neither', async () => {
    const { from, near, far } = await threeContainers();
    const context = testContext({ host: subject().host.ports });
    const vain = readWith(reachabilityProbe, { from, answering: {}, silent: byName(far), ...TIME }, context);
    await expect(vain).rejects.toMatchObject({ code: 'E_STEP_INPUT' });
    const earlier = { ...from, startedAt: '2024-01-01T00:00:00.000000000Z' };
    const late = readWith(reachabilityProbe, { from: earlier, answering: byName(near), silent: {}, ...TIME }, context);
    await expect(late).rejects.toMatchObject({ code: 'E_NAMESPACE_GONE' });
  });

  test('all pairs of a large network answer; an address that somebody else has later is found with him', async () => {
    const network = await subject().network('ct-large', '172.29.85.0/24');
    const names = Array.from({ length: 10 }, (_none, index) => `ct-${index}`);
    const all = await Promise.all(names.map((name) => subject().container(name, network)));
    for (const from of all) {
      const others = byName(...all.filter(({ id }) => id !== from.id));
      const input = { from, answering: { ...others, gateway: '172.29.85.1' }, silent: {}, ...TIME };
      const context = testContext({ host: subject().host.ports });
      expect(await readWith(reachabilityProbe, input, context)).toMatchObject({ answered: 10 });
    }
    const [first, second, third] = all;
    if (first === undefined || second === undefined || third === undefined) throw new Error('there are ten');
    const address = addressOf(third);
    await subject().host.ports.docker.removeContainer(third.id);
    // The second takes its address, with a link address that nobody has known so far.
    subject().outputIn(second, 'ip', 'address', 'add', `${address}/24`, 'dev', 'eth0');
    // What the kernel itself remembers of the container that was there is no matter of the runtime; what it was told for good is.
    subject().outputIn(first, 'ip', 'neighbour', 'flush', 'dev', 'eth0');
    expect(subject().fetch(first, address)).toBe(second.name);
  });
});

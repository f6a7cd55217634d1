import { afterEach, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { dockerContainer, dockerNetwork } from '../../../src/steps/docker/index.ts';
import {
  describeDocker,
  docker,
  dockerInspect,
  dockerKnows,
  engineId,
  removeContainers,
  removeNetworks,
} from '../../support/engines/docker-tests.ts';
import { askEngine } from '../../support/engines/engine-api.ts';
import { PROBE_IMAGE } from '../../support/engines/images.ts';
import { askAndDie } from '../../support/engines/killed-client.ts';
import { changeOf } from '../../support/in-process/carry-out.ts';
import { testContext } from '../../support/in-process/step-context.ts';
import { stopEverywhere, undo } from '../../support/in-process/stopped.ts';
import { chosen, EVERY_CASE, inTurn } from '../../support/rotation.ts';

const RUN = 'dkkill';
const NETWORK = 'dkkill-devops';
const NAME = 'dkkill-AppDev';
/** The number of times that a race is run. */
const ROUNDS = EVERY_CASE ? 5 : 2;
const Labels = { 'wf.run': RUN };

describeDocker('the requests of a killed client', () => {
  const network = changeOf(dockerNetwork);
  const container = changeOf(dockerContainer);
  /** A second attempt: an earlier one has sent the same request. */
  const context = () => testContext({ run: RUN, attempt: 2 });
  let engine = '';
  const networkRecord = (id: string | null) => ({ name: NETWORK, id, engine });
  const containerRecord = (id: string | null) => ({ name: NAME, id, startedNow: null, traces: null, engine });
  beforeAll(async () => {
    engine = await engineId();
  });

  afterEach(async () => {
    await removeContainers({ name: 'dkkill-' });
    await removeNetworks({ name: 'dkkill-' });
  });

  const networksOfTheName = async () =>
    z
      .array(z.object({ Id: z.string() }))
      .parse(await askEngine(`/networks?filters=${encodeURIComponent(JSON.stringify({ name: [NETWORK] }))}`))
      .map(({ Id }) => Id);
  const landed = (what: 'network' | 'container', name: string) =>
    expect.poll(() => dockerKnows(what, name), { timeout: 2_000, interval: 5 }).toBe(true);

  test('still create a network and a container, within the time that wf waits for late effects', async () => {
    expect([network.lateEffectMs, container.lateEffectMs]).toEqual([2_000, 2_000]);
    await askAndDie('POST', '/networks/create', { Name: NETWORK, Labels });
    await landed('network', NETWORK);
    await askAndDie('POST', `/containers/create?name=${NAME}`, { Image: PROBE_IMAGE, Cmd: ['sleep', '600'], Labels });
    await landed('container', NAME);
  });

  const subnets = [null, '172.29.64.0/24'] as const;
  test.each(chosen(subnets))(
    'leave one network if the next process requests it at the same time (subnet %s)',
    async (subnet) => {
      const input = { name: NETWORK, subnet };
      const IPAM = subnet === null ? {} : { IPAM: { Config: [{ Subnet: subnet, Gateway: '172.29.64.1' }] } };
      await askAndDie('POST', '/networks/create', { Name: NETWORK, CheckDuplicate: true, Labels, ...IPAM });
      const record = await network.apply(input, networkRecord(null), 'absent', context());
      // Two may exist, and their name identifies neither: the late one is removed, and the other belongs to the run.
      const observed = async () => {
        const seen = await network.observe(input, context(), record);
        if (seen.found === 'partial') await network.apply(input, seen.record, 'partial', context());
        return { found: seen.found, networks: (await networksOfTheName()).length };
      };
      await expect.poll(observed, { timeout: 2_000 }).toEqual({ found: 'ours', networks: 1 });
      await undo(network, record, context());
      expect(await networksOfTheName()).toEqual([]);
    },
  );

  const duplicate = () => askAndDie('POST', '/networks/create', { Name: NETWORK, CheckDuplicate: false, Labels });
  /** Creates a network with a container, then another: the engine starts no container while there are two. */
  async function twoNetworks(...label: string[]): Promise<string> {
    await duplicate();
    await landed('network', NETWORK);
    const [used = ''] = await networksOfTheName();
    await docker('run', '--detach', '--name', NAME, ...label, '--network', used, PROBE_IMAGE, 'sleep', '600');
    await duplicate();
    await expect.poll(networksOfTheName).toHaveLength(2);
    return used;
  }

  test('can leave two networks: the unused one is removed, and undo removes both', async () => {
    const used = await twoNetworks('--label', `wf.run=${RUN}`);
    const seen = await network.observe({ name: NETWORK, subnet: null }, context(), networkRecord(null));
    if (seen.found !== 'partial') throw new Error(seen.found);
    await network.apply({ name: NETWORK, subnet: null }, seen.record, 'partial', context());
    expect(await networksOfTheName()).toEqual([used]);
    expect(await network.observe({ name: NETWORK, subnet: null }, context(), seen.record)).toMatchObject({
      found: 'ours',
    });

    await duplicate();
    await expect.poll(networksOfTheName).toHaveLength(2);
    await docker('rm', '--force', NAME);
    await undo(network, seen.record, context());
    expect(await networksOfTheName()).toEqual([]);
  });

  test('can leave two networks: undo removes the unused one and reports the one with a foreign container', async () => {
    const used = await twoNetworks();
    await expect(network.undo(networkRecord(null), context())).rejects.toMatchObject({ code: 'E_FOREIGN' });
    expect(await networksOfTheName()).toEqual([used]);
    expect(await dockerInspect(NAME, '{{.State.Running}}')).toBe('true');
  });

  const input = async () => ({
    name: NAME,
    image: PROBE_IMAGE,
    command: ['sleep', '600'],
    networkId: await docker('network', 'inspect', '--format', '{{.Id}}', NETWORK),
    network: NETWORK,
  });
  const createMarked = () =>
    docker(
      ...['create', '--name', NAME, '--label', `wf.run=${RUN}`, '--network', NETWORK],
      PROBE_IMAGE,
      'sleep',
      '600',
    );
  const body = { Image: PROBE_IMAGE, Cmd: ['sleep', '600'], Labels, HostConfig: { NetworkMode: NETWORK } };

  test('can create a container late, which the next process adopts', async () => {
    await docker('network', 'create', NETWORK);
    const asked = await input();
    for (let round = 0; round < ROUNDS; round += 1) {
      await askAndDie('POST', `/containers/create?name=${NAME}`, body);
      const record = await container.apply(asked, containerRecord(null), 'absent', context());
      expect(await container.observe(asked, context(), record)).toMatchObject({ found: 'ours' });
      await undo(container, record, context());
    }
  });

  test('are not assumed for a foreign container, whose name is refused', async () => {
    await docker('network', 'create', NETWORK);
    await docker('create', '--name', NAME, PROBE_IMAGE);
    const record = containerRecord(null);
    await expect(container.apply(await input(), record, 'absent', context())).rejects.toMatchObject({
      code: 'E_NAME_IN_USE',
    });
    expect(await dockerInspect(NAME, '{{.State.Status}}')).toBe('created');
  });

  test('can start or remove a container while the next process does the same', async () => {
    await docker('network', 'create', NETWORK);
    const asked = await input();
    for (const delayMs of inTurn([0, 30, 100], 2)) {
      const id = await createMarked();
      await askAndDie('POST', `/containers/${id}/start`);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      // The process observed before the engine handled that request.
      const record = await container.apply(asked, containerRecord(id), 'partial', context());
      expect(await dockerInspect(id, '{{.State.Running}}')).toBe('true');
      await askAndDie('DELETE', `/containers/${id}?force=1&v=1`);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await undo(container, record, context());
      expect(await dockerKnows('container', id)).toBe(false);
    }
  });

  test('can start a container during its undo, which still removes it', async () => {
    await docker('network', 'create', NETWORK);
    const id = await createMarked();
    await askAndDie('POST', `/containers/${id}/start`);
    await undo(container, containerRecord(id), context());
    expect(await dockerKnows('container', id)).toBe(false);
  });

  test('can remove a network during its undo, which succeeds', async () => {
    const id = await docker('network', 'create', '--label', `wf.run=${RUN}`, NETWORK);
    await askAndDie('DELETE', `/networks/${id}`);
    await undo(network, networkRecord(id), context());
    expect(await networksOfTheName()).toEqual([]);
  });

  test('can be cut off anywhere: network and container are then resumed and undone', async () => {
    const state = async () => [await docker('ps', '--all', '--quiet'), await docker('network', 'ls', '--quiet')];
    const same = (after: unknown, before: unknown, what: string) => expect(after, what).toEqual(before);
    const ofNetwork = await stopEverywhere(
      {
        actor: dockerNetwork,
        prepare: async () => ({ name: NETWORK, subnet: null }),
        remove: async () => {},
        state,
        expectMade: async () => expect(await dockerInspect(NETWORK, '{{index .Labels "wf.run"}}')).toBe(RUN),
        context,
      },
      same,
    );
    expect(ofNetwork).toEqual({ resumed: 1, undone: 1, undoneAgain: 1 });
    await docker('network', 'create', NETWORK);
    const ofContainer = await stopEverywhere(
      {
        actor: dockerContainer,
        prepare: input,
        remove: async () => {},
        state,
        expectMade: async () => expect(await dockerInspect(NAME, '{{.State.Running}}')).toBe('true'),
        context,
      },
      same,
    );
    expect(ofContainer).toEqual({ resumed: 2, undone: 2, undoneAgain: 1 });
  });
});

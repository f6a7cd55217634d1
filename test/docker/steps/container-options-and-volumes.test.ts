import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { dockerContainer, dockerVolume, hostPortFree, volumeNameFree } from '../../../src/steps/docker/index.ts';
import {
  describeDocker,
  docker,
  dockerInspect,
  dockerKnows,
  removeContainers,
  removeVolumes,
  volumeNames,
} from '../../support/engines/docker-tests.ts';
import { PROBE_IMAGE } from '../../support/engines/images.ts';
import { askAndDie } from '../../support/engines/killed-client.ts';
import { carryOut, changeOf } from '../../support/in-process/carry-out.ts';
import { testContext } from '../../support/in-process/step-context.ts';
import { stopEverywhere, undo } from '../../support/in-process/stopped.ts';

const RUN = 'dkoptrun';
const NAME = 'dkopt-web';
const NETWORK = 'dkopt-net';
const VOLUME = 'dkopt-data';
const context = () => testContext({ run: RUN });
const words = (...argv: [string, ...string[]]) => argv;
const removeAll = async () => {
  await removeContainers({ name: 'dkopt-' });
  await removeVolumes({ name: 'dkopt-' });
};

describeDocker('a container with options', () => {
  const behaviour = changeOf(dockerContainer);
  let networkId = '';
  const plain = () => ({ name: NAME, image: PROBE_IMAGE, command: ['sleep', '600'], networkId, network: NETWORK });
  const full = () => ({
    ...plain(),
    env: { COLOUR: 'blue=sky', EMPTY: '' },
    labels: { tier: 'front' },
    ports: [
      { containerPort: 80, hostPort: 48_081 },
      { containerPort: 53, protocol: 'udp' as const, hostAddress: '0.0.0.0' },
    ],
    mounts: [
      { type: 'volume' as const, source: VOLUME, target: '/data' },
      { type: 'bind' as const, source: import.meta.dirname, target: '/tests', readOnly: true },
      { type: 'tmpfs' as const, target: '/scratch', sizeBytes: 65_536 },
    ],
    resources: { memoryBytes: 64 * 1024 * 1024, cpus: 0.5, pids: 32 },
    restart: { policy: 'on-failure' as const, maxRetries: 2 },
    healthCheck: { argv: words('test', '-d', '/data'), intervalMs: 100 },
    waitHealthyMs: 20_000,
  });

  beforeAll(async () => {
    networkId = await docker('network', 'create', NETWORK);
  });
  afterEach(removeAll);
  afterAll(() => docker('network', 'rm', NETWORK));

  test('has all of them, is healthy, and a resumed step finds it again', async () => {
    await expect(carryOut(dockerContainer, full(), context())).rejects.toMatchObject({
      message: `volume ${VOLUME} of container ${NAME} does not exist`,
    });
    await docker('volume', 'create', VOLUME);
    const here = context();
    const { record, output } = await carryOut(dockerContainer, full(), here);
    // The undo needs no secret of a variable.
    expect(JSON.stringify(record)).not.toContain('sky');
    const shown = await dockerInspect(
      NAME,
      '{{.Config.Env}} {{index .Config.Labels "tier"}} {{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}} ' +
        '{{.HostConfig.RestartPolicy.Name}} {{.State.Health.Status}}',
    );
    expect(shown).toMatch(/^\[COLOUR=blue=sky EMPTY=.*\] front 67108864 500000000 32 on-failure healthy$/);
    const inside = await docker(
      'exec',
      NAME,
      'sh',
      '-c',
      'df /scratch /data | wc -l; touch /tests/x; ls /tests | wc -l',
    );
    expect(inside).toMatch(/^3\n[1-9]/);
    expect(output.ports).toContainEqual({
      containerPort: 80,
      protocol: 'tcp',
      hostAddress: '127.0.0.1',
      hostPort: 48_081,
    });
    expect(output.ports.find(({ protocol }) => protocol === 'udp')?.hostPort).toBeGreaterThan(1_024);
    expect(here.evidence[0]?.command).toContain(
      `--label tier=front --env COLOUR=blue=sky --env EMPTY= --publish 127.0.0.1:48081:80/tcp`,
    );
    expect(here.evidence.at(-1)).toMatchObject({ output: 'healthy' });
    const again = await behaviour.observe(dockerContainer.runner.parseInput(full()), context(), record);
    expect(again).toMatchObject({ found: 'ours', output: { id: output.id } });
    // The same container is foreign to a step with other options.
    for (const [what, changed] of [
      ['published ports', { ports: [] }],
      ['mounts', { mounts: [] }],
      ['limits', { resources: { memoryBytes: null, cpus: 0.5, pids: 32 } }],
      ['restart policy', { restart: { policy: 'always' } }],
      ['health check', { healthCheck: { argv: ['true'] } }],
      ['another value of the variable COLOUR', { env: { COLOUR: 'violet' } }],
      ['another value of the label tier', { labels: { tier: 'back' } }],
    ] as const) {
      const parsed = dockerContainer.runner.parseInput({ ...full(), ...changed });
      const seen = await behaviour.observe(parsed, context(), undefined);
      expect(seen).toMatchObject({ found: 'foreign', error: { code: 'E_NAME_IN_USE' } });
      expect(seen.found === 'foreign' && seen.error.message).toContain(what);
      expect(seen.found === 'foreign' && seen.error.message).not.toMatch(/violet|blue/);
    }
    await undo(behaviour, record, context());
    // It has a name, and the run did not create it.
    expect(await volumeNames({ name: 'dkopt-' })).toEqual([VOLUME]);
  });

  test('names the container that publishes its port before it changes anything', async () => {
    await docker('run', '--detach', '--name', 'dkopt-other', '--publish', '48081:80', PROBE_IMAGE, 'sleep', '600');
    const parsed = dockerContainer.runner.parseInput({ ...plain(), ports: [{ containerPort: 80, hostPort: 48_081 }] });
    expect(await behaviour.observe(parsed, context(), undefined)).toMatchObject({
      found: 'foreign',
      error: { code: 'E_ADDRESS_IN_USE', message: expect.stringMatching(/^127\.0\.0\.1:48081:80\/tcp .* dkopt-other/) },
    });
    expect(await hostPortFree(48_081).check(context().host)).toMatchObject({ met: false });
    expect(await hostPortFree(48_081, { protocol: 'udp' }).check(context().host)).toMatchObject({ met: true });
  });

  test('finds a program that listens on its port, in the preflight or at its start, which is undone', async () => {
    const server = createServer().listen(48_082, '127.0.0.1');
    try {
      await new Promise((resolve) => server.once('listening', resolve));
      expect(await hostPortFree(48_082).check(context().host)).toMatchObject({
        met: false,
        error: { code: 'E_ADDRESS_IN_USE', hint: expect.stringContaining('ss --listening') },
      });
      const ports = [{ containerPort: 80, hostPort: 48_082 }];
      const failed = carryOut(dockerContainer, { ...plain(), ports }, context());
      await expect(failed).rejects.toMatchObject({ code: 'E_ADDRESS_IN_USE', transient: false });
    } finally {
      server.close();
    }
    const record = {
      name: NAME,
      id: null,
      startedNow: null,
      traces: null,
      engine: await context().host.docker.engineId(),
    };
    await undo(behaviour, record, context());
    expect(await dockerKnows('container', NAME)).toBe(false);
  });

  test('fails if it is not healthy in time, with the output of the last check', async () => {
    const healthCheck = { argv: words('sh', '-c', 'echo not yet; exit 1'), intervalMs: 100 };
    const failed = carryOut(dockerContainer, { ...plain(), healthCheck, waitHealthyMs: 1_500 }, context());
    await expect(failed).rejects.toMatchObject({
      code: 'E_STEP_FAILED',
      message: expect.stringMatching(/dkopt-web is (?:starting|unhealthy) after 1\.5 s; .* printed: not yet$/),
    });
    await docker('rm', '--force', NAME);
    const without = carryOut(dockerContainer, { ...plain(), waitHealthyMs: 1_000 }, context());
    await expect(without).rejects.toMatchObject({ message: `container ${NAME} is without a health check` });
  });

  test('that runs but is not healthy yet makes a resumed step wait', async () => {
    const healthCheck = { argv: words('test', '-e', '/ready'), intervalMs: 100, retries: 100 };
    const { record } = await carryOut(dockerContainer, { ...plain(), healthCheck }, context());
    const waiting = { ...plain(), healthCheck, waitHealthyMs: 20_000 };
    expect(await behaviour.observe(dockerContainer.runner.parseInput(waiting), context(), record)).toMatchObject({
      found: 'partial',
    });
    const resumed = carryOut(dockerContainer, waiting, context(), record);
    await docker('exec', NAME, 'touch', '/ready');
    expect(await resumed).toMatchObject({ found: 'partial', output: { name: NAME } });
  });
});

describeDocker('a volume', () => {
  const behaviour = changeOf(dockerVolume);
  const input = (changed: { existing?: 'use'; dataOnUndo?: 'remove' } = {}) => ({ name: VOLUME, ...changed });
  const make = (changed?: Parameters<typeof input>[0]) => carryOut(dockerVolume, input(changed), context());
  afterEach(removeAll);

  test('carries the mark of its run, and is undone while it is empty', async () => {
    const here = context();
    const { record, output } = await carryOut(dockerVolume, { name: VOLUME, labels: { tier: 'data' } }, here);
    expect(await docker('volume', 'inspect', '--format', '{{index .Labels "wf.run"}} {{.Labels.tier}}', VOLUME)).toBe(
      `${RUN} data`,
    );
    expect(output).toEqual({ name: VOLUME, mountpoint: expect.stringMatching(/_data$/), created: true });
    expect(here.evidence).toMatchObject([
      { command: `docker volume create --label tier=data --label wf.run=${RUN} ${VOLUME}`, output: VOLUME },
    ]);
    expect(await volumeNameFree(VOLUME).check(context().host)).toMatchObject({ met: false });
    await undo(behaviour, record, context());
    expect(await behaviour.inspect(record, context())).toMatchObject({ found: 'gone' });
    expect(await volumeNameFree(VOLUME).check(context().host)).toMatchObject({ met: true });
  });

  test('with data is left and named, unless the input asks for its removal', async () => {
    const { record, output } = await make();
    writeFileSync(path.join(output.mountpoint, 'ledger.db'), 'precious');
    await expect(behaviour.undo(record, context())).rejects.toMatchObject({
      code: 'E_RESIDUE',
      message: `volume ${VOLUME} has data (1 entries): wf does not remove it`,
      hint: expect.stringContaining(`docker volume rm ${VOLUME}`),
    });
    expect(await docker('volume', 'ls', '--quiet')).toContain(VOLUME);
    const asked = await carryOut(dockerVolume, input({ dataOnUndo: 'remove' }), context(), record);
    await undo(behaviour, asked.record, context());
    expect(await docker('volume', 'ls', '--quiet')).not.toContain(VOLUME);
  });

  test('of an engine with folders of another machine is left: nothing proves that it is empty', async () => {
    const { record } = await make();
    const real = context();
    const elsewhere = testContext({
      run: RUN,
      host: {
        docker: {
          ...real.host.docker,
          volume: async (name) => {
            const volume = await real.host.docker.volume(name);
            return volume && { ...volume, createdAt: '2020-01-01T00:00:00Z' };
          },
        },
      },
    });
    await expect(behaviour.undo(record, elsewhere)).rejects.toMatchObject({
      code: 'E_HOST_STATE_UNKNOWN',
      message: expect.stringContaining('is not the folder of that volume on this machine'),
    });
    await undo(behaviour, record, context());
  });

  test('that a container uses is left, whichever client created the container', async () => {
    const { record } = await make({ dataOnUndo: 'remove' });
    await docker('create', '--name', 'dkopt-guest', '--volume', `${VOLUME}:/data`, PROBE_IMAGE);
    await expect(behaviour.undo(record, context())).rejects.toMatchObject({
      code: 'E_FOREIGN',
      message: expect.stringContaining('dkopt-guest'),
    });
  });

  test('of somebody else is refused, or used and never removed', async () => {
    await docker('volume', 'create', '--label', 'wf.run=otherrun', VOLUME);
    expect(await behaviour.observe(dockerVolume.runner.parseInput(input()), context(), undefined)).toMatchObject({
      found: 'foreign',
      error: { code: 'E_NAME_IN_USE', hint: expect.stringContaining('wf rollback otherrun') },
    });
    expect(await make({ existing: 'use' })).toMatchObject({
      found: 'unchanged',
      record: null,
      output: { created: false },
    });
    const engine = await context().host.docker.engineId();
    const intent = { name: VOLUME, dataOnUndo: 'remove', engine };
    // The engine returns the volume of somebody else, who created it after the observation.
    await expect(
      behaviour.apply(dockerVolume.runner.parseInput(input()), intent, 'absent', context()),
    ).rejects.toMatchObject({ code: 'E_NAME_IN_USE' });
    expect(await behaviour.inspect(intent, context())).toMatchObject({ found: 'gone' });
    await behaviour.undo(intent, context());
    expect(await docker('volume', 'ls', '--quiet')).toContain(VOLUME);
  });

  test('is resumed and undone after a stop at any touch, and after a request of a killed client', async () => {
    const state = () => volumeNames();
    const stops = await stopEverywhere(
      {
        actor: dockerVolume,
        prepare: async () => input(),
        remove: async () => {},
        state,
        expectMade: async () => expect(await state()).toContain(VOLUME),
        context,
      },
      (after, before, what) => expect(after, what).toEqual(before),
    );
    expect(stops).toEqual({ resumed: 1, undone: 1, undoneAgain: 1 });
    // A busy engine drops this request if its client is gone before it begins with it.
    await vi.waitFor(async () => {
      await askAndDie('POST', '/volumes/create', { Name: VOLUME, Labels: { 'wf.run': RUN } });
      await expect.poll(state, { timeout: behaviour.lateEffectMs, interval: 5 }).toContain(VOLUME);
    }, 20_000);
    const intent = { name: VOLUME, dataOnUndo: 'refuse', engine: await context().host.docker.engineId() };
    expect(await carryOut(dockerVolume, input(), context(), intent)).toMatchObject({ found: 'ours' });
    await undo(behaviour, intent, context());
  });
});

import { statSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { dockerContainer } from '../../../src/steps/docker/index.ts';
import {
  describeDocker,
  docker,
  dockerInspect,
  dockerKnows,
  engineId,
  removeContainers,
} from '../../support/engines/docker-tests.ts';
import { HTTP_ECHO_IMAGE, PROBE_IMAGE } from '../../support/engines/images.ts';
import { carryOut, changeOf } from '../../support/in-process/carry-out.ts';
import { testContext } from '../../support/in-process/step-context.ts';
import { inTurn } from '../../support/rotation.ts';

const NAME = 'dkctr-AppDev';
const NETWORK = 'dkctr-devops';
const RUN = 'dkctrrun';
const MARK = ['--label', `wf.run=${RUN}`];

describeDocker('the step runner docker.container', () => {
  const behaviour = changeOf(dockerContainer);
  const context = () => testContext({ run: RUN });
  let networkId = '';
  let engine = '';
  const recordOf = (id: string | null) => ({ name: NAME, id, startedNow: null, traces: null, engine });
  const input = (changes: { image?: string; command?: string[] } = {}) => ({
    name: NAME,
    image: HTTP_ECHO_IMAGE,
    command: ['-text', 'Mon AppDev'],
    networkId,
    network: NETWORK,
    ...changes,
  });
  const create = (...args: string[]) => docker('create', '--name', NAME, '--network', NETWORK, ...args);

  beforeAll(async () => {
    networkId = await docker('network', 'create', NETWORK);
    engine = await engineId();
  });
  afterEach(async () => {
    await removeContainers({ name: 'dkctr-' });
  });
  afterAll(() => docker('network', 'rm', networkId));

  test('creates and starts a marked container and returns its namespace and addresses', async () => {
    const here = context();
    const { found, output, record } = await carryOut(dockerContainer, input(), here);
    expect(found).toBe('absent');
    const hostLink = { name: expect.stringMatching(/^veth/), ifindex: expect.any(Number), mac: expect.any(String) };
    expect(record).toEqual({
      name: NAME,
      id: output.id,
      startedNow: null,
      traces: { process: output.namespace.process, hostLink },
      engine: expect.any(String),
    });
    const format = '{{index .Config.Labels "wf.run"}} {{.State.Running}} {{.State.Pid}} {{.State.StartedAt}}';
    expect(await dockerInspect(NAME, format)).toBe(`${RUN} true ${output.pid} ${output.startedAt}`);
    const settings = (field: string) =>
      dockerInspect(NAME, `{{(index .NetworkSettings.Networks "${NETWORK}").${field}}}`);
    expect(await settings('IPAddress')).toBe(output.ipv4);
    expect(await settings('IPPrefixLen')).toBe(String(output.prefixLength));
    expect(await settings('MacAddress')).toBe(output.mac);
    expect(await settings('Gateway')).toBe(output.gateway);
    expect(output.namespace).toEqual({
      path: `/proc/${output.pid}/ns/net`,
      inode: statSync(`/proc/${output.pid}/ns/net`).ino,
      process: {
        pid: output.pid,
        startTime: expect.stringMatching(/^\d+$/),
        bootId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
    });
    expect(output.namespace.inode).not.toBe(statSync('/proc/self/ns/net').ino);
    expect(await dockerInspect(NAME, '{{.HostConfig.RestartPolicy.Name}}')).toBe('no');
    expect(here.evidence).toMatchObject([
      {
        command: `docker run --detach --name ${NAME} --label wf.run=${RUN} --network ${NETWORK} ${HTTP_ECHO_IMAGE} -text 'Mon AppDev'`,
        output: output.id,
        exitCode: 0,
      },
    ]);
  });

  test('adopts a running container that carries the mark of the run', async () => {
    const id = await create(...MARK, HTTP_ECHO_IMAGE, '-text', 'Mon AppDev');
    await docker('start', id);
    expect(await behaviour.observe(input(), context(), undefined)).toMatchObject({
      found: 'ours',
      output: { id, name: NAME },
    });
  });

  test('starts a container that was created but not started', async () => {
    const id = await create(...MARK, HTTP_ECHO_IMAGE, '-text', 'Mon AppDev');
    const here = context();
    const { found, output } = await carryOut(dockerContainer, input(), here, recordOf(null));
    expect(found).toBe('partial');
    expect(output.id).toBe(id);
    expect(await dockerInspect(id, '{{.State.Running}}')).toBe('true');
    expect(here.evidence).toMatchObject([{ command: `docker start ${NAME}`, exitCode: 0 }]);
  });

  test('restarts a container that was stopped, and returns its new start time', async () => {
    const first = await carryOut(dockerContainer, input(), context());
    await docker('stop', NAME);
    const again = await carryOut(dockerContainer, input(), context(), first.record);
    expect(again.found).toBe('partial');
    expect(again.output.id).toBe(first.output.id);
    expect(again.output.startedAt).not.toBe(first.output.startedAt);
  });

  test.each([
    ['without the mark', [], 'docker rm --force'],
    ['with the mark of another run', ['--label', 'wf.run=otherrun'], 'wf rollback otherrun'],
  ])('refuses a container %s and leaves it unchanged', async (_which, label, removalHint) => {
    const id = await create(...label, PROBE_IMAGE, 'sleep', '600');
    expect(await behaviour.observe(input(), context(), undefined)).toMatchObject({
      found: 'foreign',
      error: {
        code: 'E_NAME_IN_USE',
        message: expect.stringContaining(id.slice(0, 12)),
        hint: expect.stringContaining(removalHint),
      },
    });
    expect(await dockerInspect(id, '{{.State.Status}}')).toBe('created');
  });

  test('reports a name that is taken between observe and apply', async () => {
    const seen = await behaviour.observe(input(), context(), undefined);
    expect(seen.found).toBe('absent');
    await create(PROBE_IMAGE, 'sleep', '600');
    await expect(behaviour.apply(input(), recordOf(null), 'absent', context())).rejects.toMatchObject({
      code: 'E_NAME_IN_USE',
    });
  });

  test('reports the output of a container that exits at once', async () => {
    await expect(carryOut(dockerContainer, input({ command: ['-txet', 'x'] }), context())).rejects.toMatchObject({
      code: 'E_STEP_FAILED',
      message: expect.stringMatching(/exit code 2: flag provided but not defined: -txet/),
    });
    // The container was created, so the undo removes it.
    await behaviour.undo(recordOf(null), context());
    expect(await dockerKnows('container', NAME)).toBe(false);
  });

  test.each(inTurn([0, 5, 20, 60], 2))(
    'reports the output of a container that exits %i ms after its start, or sees it running',
    async (ms) => {
      const command = ['sh', '-c', `usleep ${ms * 1000}; echo no; exit 4`];
      const step = carryOut(dockerContainer, input({ image: PROBE_IMAGE, command }), context());
      const how = await step.then(
        () => 'it was running when wf inspected it',
        (thrown: unknown) => thrown,
      );
      if (typeof how !== 'string') {
        expect(how).toMatchObject({ code: 'E_STEP_FAILED', message: expect.stringContaining('exit code 4: no') });
      } else {
        expect(ms).toBeGreaterThan(0);
      }
    },
  );

  test('reports a missing image', async () => {
    await expect(carryOut(dockerContainer, input({ image: 'wf-test/nowhere' }), context())).rejects.toMatchObject({
      code: 'E_IMAGE_UNAVAILABLE',
    });
  });

  test('does not accept a paused container as running', async () => {
    const { record } = await carryOut(dockerContainer, input(), context());
    await docker('pause', NAME);
    expect(await behaviour.observe(input(), context(), record)).toMatchObject({
      found: 'unknown',
      error: { code: 'E_CONTAINER_CHANGED', hint: expect.stringContaining(`docker unpause ${NAME}`) },
    });
  });

  test('does not create a second container if its own was renamed', async () => {
    const { record } = await carryOut(dockerContainer, input(), context());
    await docker('rename', NAME, 'dkctr-renamed');
    expect(await behaviour.observe(input(), context(), record)).toMatchObject({
      found: 'foreign',
      error: { message: expect.stringContaining('dkctr-renamed') },
    });
    await behaviour.undo(record, context());
    expect(await dockerKnows('container', 'dkctr-renamed')).toBe(false);
  });

  test('does not accept an id prefix as a name', async () => {
    const id = await docker('create', '--name', 'dkctr-other', PROBE_IMAGE);
    const { host } = context();
    expect(await host.docker.container(id.slice(0, 4))).toBeNull();
    expect(await host.docker.container('dkctr-other')).toMatchObject({ id, status: 'created', pid: 0 });
  });

  test('undo succeeds once, twice, and after a removal by hand', async () => {
    const { record, output } = await carryOut(dockerContainer, input(), context());
    expect(await behaviour.inspect(record, context())).toEqual({ found: 'in place' });
    const here = context();
    await behaviour.undo(record, here);
    expect(await dockerKnows('container', output.id)).toBe(false);
    expect(here.evidence).toMatchObject([
      { command: `docker rm --force --volumes ${NAME}`, output: NAME, exitCode: 0 },
    ]);
    await behaviour.undo(record, context());
    expect(await behaviour.inspect(record, context())).toMatchObject({ found: 'gone' });

    const second = await carryOut(dockerContainer, input(), context());
    await docker('rm', '--force', NAME);
    expect(await behaviour.inspect(second.record, context())).toMatchObject({ found: 'gone' });
    await behaviour.undo(second.record, context());
  });

  test('undo succeeds in three concurrent calls', async () => {
    const { record } = await carryOut(dockerContainer, input(), context());
    await Promise.all([1, 2, 3].map(() => behaviour.undo(record, context())));
    expect(await dockerKnows('container', NAME)).toBe(false);
  });

  test('undo keeps a later container of the same name, marked or not', async () => {
    const { record } = await carryOut(dockerContainer, input(), context());
    await docker('rm', '--force', NAME);
    const later = await create(...MARK, PROBE_IMAGE, 'sleep', '600');
    expect(await behaviour.inspect(record, context())).toMatchObject({ found: 'gone' });
    await behaviour.undo(record, context());
    expect(await dockerKnows('container', later)).toBe(true);
    await docker('rm', '--force', NAME);
    const stranger = await create(PROBE_IMAGE, 'sleep', '600');
    await behaviour.undo(recordOf(null), context());
    expect(await dockerKnows('container', stranger)).toBe(true);
    await expect(behaviour.undo(recordOf(stranger), context())).rejects.toMatchObject({ code: 'E_FOREIGN' });
    expect(await dockerKnows('container', stranger)).toBe(true);
  });

  test('undo finds the container by name and mark if the record has no id', async () => {
    const id = await create(...MARK, PROBE_IMAGE, 'sleep', '600');
    expect(await behaviour.inspect(recordOf(null), context())).toEqual({ found: 'in place' });
    await behaviour.undo(recordOf(null), context());
    expect(await dockerKnows('container', id)).toBe(false);
  });
});

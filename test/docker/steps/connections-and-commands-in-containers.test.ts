import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { attemptHost } from '../../../src/engine/place/attempt-host.ts';
import { NO_CRASH_POINTS } from '../../../src/engine/ports/crash-points.ts';
import { NO_SECRETS } from '../../../src/engine/secrets/secrets.ts';
import { ownProcess } from '../../../src/host/processes/process.ts';
import { dockerConnect, dockerExec } from '../../../src/steps/docker/index.ts';
import { describeDocker, docker, dockerInspect, removeContainers } from '../../support/engines/docker-tests.ts';
import { askEngine } from '../../support/engines/engine-api.ts';
import { PROBE_IMAGE } from '../../support/engines/images.ts';
import { askAndDie } from '../../support/engines/killed-client.ts';
import { carryOut, changeOf } from '../../support/in-process/carry-out.ts';
import { testContext } from '../../support/in-process/step-context.ts';
import { stopEverywhere, undo } from '../../support/in-process/stopped.ts';

const RUN = 'dkjoinrun';
const NAME = 'dkjoin-app';
const NETWORK = 'dkjoin-net';
const context = () => testContext({ run: RUN });
const words = (...argv: [string, ...string[]]) => argv;
const removeOwn = () => removeContainers({ name: 'dkjoin-' });
const connectedSchema = z.object({ NetworkSettings: z.object({ Networks: z.record(z.string(), z.unknown()) }) });

describeDocker('the step runner docker.connect', () => {
  const behaviour = changeOf(dockerConnect);
  let networkId = '';
  let id = '';
  const input = (changed: { ipv4?: string; aliases?: string[] } = {}) => ({
    container: NAME,
    network: NETWORK,
    ...changed,
  });
  const connect = (changed?: Parameters<typeof input>[0]) => carryOut(dockerConnect, input(changed), context());
  const observe = (changed?: Parameters<typeof input>[0]) =>
    behaviour.observe(dockerConnect.runner.parseInput(input(changed)), context(), undefined);
  const connections = async () => {
    const { NetworkSettings } = connectedSchema.parse(await askEngine(`/containers/${NAME}/json`));
    return Object.keys(NetworkSettings.Networks).toSorted();
  };

  /** Has the address 172.29.48.8 while it runs. */
  const startNeighbour = () =>
    docker(
      ...['run', '--detach', '--name', 'dkjoin-b', '--network', NETWORK, '--ip', '172.29.48.8'],
      ...[PROBE_IMAGE, 'sleep', '99'],
    );

  beforeAll(async () => {
    networkId = await docker('network', 'create', '--subnet', '172.29.48.0/24', NETWORK);
    id = await docker('run', '--detach', '--name', NAME, PROBE_IMAGE, 'sleep', '600');
  });
  afterEach(async () => {
    if ((await connections()).includes(NETWORK)) await docker('network', 'disconnect', NETWORK, NAME);
  });
  afterAll(async () => {
    await removeOwn();
    await docker('network', 'rm', NETWORK);
  });

  test("connects somebody's container, with address and alias, and disconnects it", async () => {
    const here = context();
    const { record, output } = await carryOut(dockerConnect, input({ ipv4: '172.29.48.77', aliases: ['page'] }), here);
    const endpointId = await dockerInspect(NAME, `{{(index .NetworkSettings.Networks "${NETWORK}").EndpointID}}`);
    expect(record).toMatchObject({ containerId: id, networkId, endpointId });
    expect(output).toMatchObject({
      containerId: id,
      networkId,
      ipv4: '172.29.48.77',
      prefixLength: 24,
      connected: true,
    });
    expect(await docker('exec', NAME, 'nslookup', 'page')).toContain('172.29.48.77');
    expect(here.evidence).toMatchObject([
      {
        command: `docker network connect --ip 172.29.48.77 --alias page --driver-opt wf.run=${RUN} ${NETWORK} ${NAME}`,
        exitCode: 0,
      },
    ]);
    await undo(behaviour, record, context());
    expect(await connections()).toEqual(['bridge']);
    expect(await behaviour.inspect(record, context())).toMatchObject({ found: 'gone' });
  });

  test('leaves an earlier connection unchanged: it accepts an equal one, and refuses another', async () => {
    await docker('network', 'connect', '--ip', '172.29.48.9', '--alias', 'page', NETWORK, NAME);
    expect(await connect({ ipv4: '172.29.48.9', aliases: ['page'] })).toMatchObject({
      found: 'unchanged',
      record: null,
      output: { connected: false, ipv4: '172.29.48.9' },
    });
    expect(await observe({ ipv4: '172.29.48.10' })).toMatchObject({
      found: 'foreign',
      error: { code: 'E_ADDRESS_IN_USE' },
    });
    expect(await observe({ aliases: ['other'] })).toMatchObject({ found: 'foreign', error: { code: 'E_NAME_IN_USE' } });
  });

  test('leaves a connection that somebody has created anew, with any mark', async () => {
    for (const mark of [[], ['--driver-opt', `wf.run=${RUN}`]]) {
      const { record } = await connect();
      await docker('network', 'disconnect', NETWORK, NAME);
      await docker('network', 'connect', ...mark, NETWORK, NAME);
      expect(await behaviour.inspect(record, context())).toMatchObject({
        found: 'gone',
        reason: expect.stringContaining('connected again by somebody else'),
      });
      await behaviour.undo(record, context());
      expect(await connections()).toContain(NETWORK);
      await docker('network', 'disconnect', NETWORK, NAME);
    }
  });

  test('recognizes its connection after a restart of the container, and while it does not run', async () => {
    const { record } = await connect();
    await docker('restart', '--time', '0', NAME);
    expect(await behaviour.inspect(record, context())).toEqual({ found: 'in place' });
    await docker('stop', '--time', '0', NAME);
    expect(await behaviour.inspect(record, context())).toEqual({ found: 'in place' });
    await undo(behaviour, record, context());
    await docker('start', NAME);
    const never = await docker('create', '--name', 'dkjoin-never', PROBE_IMAGE);
    const made = await carryOut(
      dockerConnect,
      { container: never, network: networkId, ipv4: '172.29.48.12' },
      context(),
    );
    expect(made).toMatchObject({ found: 'absent', output: { ipv4: null, mac: null } });
    await undo(behaviour, made.record, context());
  });

  test('names a taken address, one outside the subnet, and a missing network before it changes anything', async () => {
    await startNeighbour();
    const taken = { code: 'E_ADDRESS_IN_USE', message: expect.stringContaining('that of container dkjoin-b') };
    expect(await observe({ ipv4: '172.29.48.8' })).toMatchObject({ found: 'foreign', error: taken });
    expect(await observe({ ipv4: '172.29.49.8' })).toMatchObject({ found: 'foreign', error: { code: 'E_STEP_INPUT' } });
    const parsed = dockerConnect.runner.parseInput({ container: NAME, network: 'nowhere' });
    const nowhere = { found: 'unknown', error: { code: 'E_DOCKER', message: 'network nowhere does not exist' } };
    expect(await behaviour.observe(parsed, context(), undefined)).toMatchObject(nowhere);
    await docker('rm', '--force', 'dkjoin-b');
  });

  test('removes what the engine leaves of a connection that it refuses: the container could not start again', async () => {
    const asked = dockerConnect.runner.parseInput(input({ ipv4: '172.29.48.8' }));
    await startNeighbour();
    await docker('stop', '--time', '0', 'dkjoin-b');
    const seen = await behaviour.observe(asked, context(), undefined);
    if (seen.found !== 'absent') throw new Error(seen.found);
    await docker('start', 'dkjoin-b');
    await expect(behaviour.apply(asked, seen.record, 'absent', context())).rejects.toMatchObject({
      code: 'E_ADDRESS_IN_USE',
    });
    expect(await behaviour.inspect(seen.record, context())).toEqual({ found: 'in place' });
    await undo(behaviour, seen.record, context());
    expect(await connections()).toEqual(['bridge']);
    await docker('restart', '--time', '0', NAME);
    await docker('rm', '--force', 'dkjoin-b');
  });

  test('is resumed and undone after a stop at any touch, and after a request of a killed client', async () => {
    const stops = await stopEverywhere(
      {
        actor: dockerConnect,
        prepare: async () => input({ aliases: ['page'] }),
        remove: async () => {},
        state: connections,
        expectMade: async () => expect(await connections()).toContain(NETWORK),
        context,
      },
      (after, before, what) => expect(after, what).toEqual(before),
    );
    expect(stops).toEqual({ resumed: 1, undone: 1, undoneAgain: 1 });
    const body = { Container: id, EndpointConfig: { DriverOpts: { 'wf.run': RUN } } };
    await askAndDie('POST', `/networks/${networkId}/connect`, body);
    await expect.poll(connections, { timeout: behaviour.lateEffectMs, interval: 5 }).toContain(NETWORK);
    const intent = {
      ...{ containerId: id, container: NAME, networkId, network: NETWORK },
      ...{ endpointId: null, startedAt: null, engine: await context().host.docker.engineId() },
    };
    expect(await carryOut(dockerConnect, input(), context(), intent)).toMatchObject({ found: 'ours' });
    await undo(behaviour, intent, context());
    expect(await connections()).toEqual(['bridge']);
  });
});

describeDocker('the step runner docker.exec', () => {
  const behaviour = changeOf(dockerExec);
  const parse = (input: object) => dockerExec.runner.parseInput({ container: NAME, ...input });
  const start = () => docker('run', '--detach', '--name', NAME, '--env', 'SIDE=left', PROBE_IMAGE, 'sleep', '600');
  beforeAll(start);
  afterAll(removeOwn);

  const mark = {
    argv: words('tee', '/tmp/mark'),
    stdin: 'made\n',
    check: words('grep', '-q', 'made', '/tmp/mark'),
    undo: words('rm', '-f', '/tmp/mark'),
  };

  test('runs in the container, with its input, variables, user and folder, and separate outputs', async () => {
    const here = context();
    const script = 'cat; echo $SIDE $HAND; id -u; pwd; echo wrong >&2; exit 3';
    const { output } = await carryOut(
      dockerExec,
      {
        ...{ container: NAME, argv: ['sh', '-c', script], stdin: 'hello\n', env: { HAND: 'right' } },
        ...{ user: '12:34', cwd: '/tmp', expectExitCodes: [3] },
      },
      here,
    );
    expect(output).toEqual({
      exitCode: 3,
      stdout: 'hello\nleft right\n12\n/tmp\n',
      stderr: 'wrong\n',
      truncated: false,
    });
    expect(here.evidence).toMatchObject([
      { command: expect.stringMatching(/^docker exec --user 12:34 --workdir \/tmp dkjoin-app sh -c /), exitCode: 3 },
    ]);
  });

  test('is undone by its undo command, in the same container and no other', async () => {
    const { record } = await carryOut(dockerExec, { container: NAME, ...mark }, context());
    expect(await docker('exec', NAME, 'cat', '/tmp/mark')).toBe('made');
    await undo(behaviour, record, context());
    expect(await docker('exec', NAME, 'ls', '/tmp')).toBe('');
    const second = await carryOut(dockerExec, { container: NAME, ...mark }, context());
    const engineId = async () => 'another engine';
    const elsewhere = { ...context().host, docker: { ...context().host.docker, engineId } };
    await expect(behaviour.requireMadeHere?.(second.record, elsewhere)).rejects.toMatchObject({
      code: 'E_WRONG_PLACE',
    });
    await docker('stop', '--time', '0', NAME);
    await expect(behaviour.undo(second.record, context())).rejects.toMatchObject({ code: 'E_DOCKER' });
    const stopped = { found: 'unknown', error: { code: 'E_CONTAINER_CHANGED' } };
    expect(await behaviour.observe(parse(mark), context(), undefined)).toMatchObject(stopped);
    await docker('rm', NAME);
    await start();
    expect(await behaviour.inspect(second.record, context())).toMatchObject({
      found: 'gone',
      reason: expect.stringContaining(`container ${NAME} is gone`),
    });
  });

  test('fails with the exit code, the last lines and no process left, also at its time-out', async () => {
    const failed = carryOut(dockerExec, { container: NAME, argv: ['sh', '-c', 'echo no >&2; exit 4'] }, context());
    await expect(failed).rejects.toMatchObject({
      code: 'E_HOST_COMMAND',
      message: expect.stringContaining('exit code 4: no'),
    });
    const argv = words('sh', '-c', 'sleep 4243 & sleep 4244');
    const slow = carryOut(dockerExec, { container: NAME, argv, timeoutMs: 300 }, context());
    await expect(slow).rejects.toMatchObject({ code: 'E_HOST_COMMAND', message: expect.stringContaining('timed out') });
    await expect.poll(() => docker('exec', NAME, 'ps')).not.toMatch(/sleep 424/);
  });

  test('ends with its command, although a child keeps its outputs open or the command closes them', async () => {
    const startedAt = performance.now();
    const open = await carryOut(dockerExec, { container: NAME, argv: ['sh', '-c', 'echo up; sleep 30 &'] }, context());
    expect(open.output).toMatchObject({ exitCode: 0, stdout: 'up\n' });
    const argv = words('sh', '-c', 'exec >&- 2>&-; sleep 0.5; exit 6');
    const closed = await carryOut(dockerExec, { container: NAME, argv, expectExitCodes: [6] }, context());
    expect(closed.output.exitCode).toBe(6);
    expect(performance.now() - startedAt).toBeLessThan(25_000);
  });

  test('carries the mark of its attempt, by which a takeover ends it, and loses a cut secret', async () => {
    const { host } = context();
    const { id } = (await host.docker.container(NAME)) ?? { id: '' };
    const attempt = attemptHost(
      {
        host,
        named: () => host,
        history: { holds: () => true },
        lease: { run: context().run, fence: 1 },
        claimed: async () => {},
        crashPoints: NO_CRASH_POINTS,
        secrets: { ...NO_SECRETS, cutPartialSecret: () => 'cut' },
      },
      { run: context().run, step: context().step, attempt: 1, owner: ownProcess() },
    );
    const options = { timeoutMs: 10_000, user: null, cwd: null };
    const { docker: port } = attempt.acting();
    const { stdout } = await port.execCommand(id, ['sh', '-c', 'echo "$WF_PROCESS"'], options);
    expect(JSON.parse(stdout)).toMatchObject({ run: RUN, attempt: 1, owner: ownProcess() });
    const cut = await port.execCommand(id, ['sh', '-c', 'echo "$WF_PROCESS"'], { ...options, maxOutputBytes: 8 });
    expect(cut).toMatchObject({ stdout: 'cut', truncated: true });
  });

  test('does not run beside the command of a killed process', async () => {
    const { docker: port } = context().host;
    const { id } = (await port.container(NAME)) ?? { id: '' };
    const argv = words('sleep', '4245');
    const intent = {
      ...{ step: 'step', title: null, argv, check: null, undo: null, cwd: null, env: {}, undoEnv: null },
      ...{ in: { id, name: NAME, engine: await port.engineId(), user: null }, timeoutMs: 1_000, result: null },
    };
    await docker('exec', '--detach', NAME, ...argv);
    const alive = { found: 'unknown', error: { code: 'E_ORPHAN_ALIVE' } };
    expect(await behaviour.observe(parse({ argv }), context(), intent)).toMatchObject(alive);
    expect(await behaviour.inspect(intent, context())).toMatchObject(alive);
    await docker('exec', NAME, 'sh', '-c', 'kill -9 $(pidof sleep | tr " " "\n" | grep -vx 1)');
    const unknown = { found: 'unknown', error: { code: 'E_HOST_STATE_UNKNOWN' } };
    await expect.poll(() => behaviour.observe(parse({ argv }), context(), intent)).toMatchObject(unknown);
  });

  test('is resumed and undone after a stop at any touch', async () => {
    const state = () => docker('exec', NAME, 'ls', '/tmp');
    const stops = await stopEverywhere(
      {
        actor: dockerExec,
        prepare: async () => ({ container: NAME, ...mark }),
        remove: async () => {},
        state,
        expectMade: async () => expect(await state()).toBe('mark'),
        context,
      },
      (after, before, what) => expect(after, what).toEqual(before),
    );
    expect(Math.min(stops.resumed, stops.undone, stops.undoneAgain)).toBeGreaterThan(0);
  });
});

import Dockerode from 'dockerode';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { createDocker } from '../../../src/docker/create-docker.ts';
import { dockerNetwork } from '../../../src/steps/docker/index.ts';
import {
  describeDocker,
  docker,
  dockerHost,
  dockerInspect,
  dockerKnows,
  engineId,
  linkNames,
  removeContainers,
  removeNetworks,
} from '../../support/engines/docker-tests.ts';
import { PROBE_IMAGE } from '../../support/engines/images.ts';
import { carryOut, changeOf } from '../../support/in-process/carry-out.ts';
import { testContext } from '../../support/in-process/step-context.ts';

const NAME = 'dknet-devops';
const RUN = 'dknetrun';
const MARK = ['--label', `wf.run=${RUN}`];

describeDocker('the step runner docker.network', () => {
  const behaviour = changeOf(dockerNetwork);
  const context = () => testContext({ run: RUN });
  const observe = (subnet: string | null = null) => behaviour.observe({ name: NAME, subnet }, context(), undefined);

  let engine = '';
  const recordOf = (id: string | null) => ({ name: NAME, id, engine });
  beforeAll(async () => {
    engine = await engineId();
  });
  afterEach(async () => {
    await removeContainers({ name: 'dknet-' });
    await removeNetworks({ name: 'dknet-' });
  });

  test('creates a marked network and returns its subnet, gateway and bridge', async () => {
    const here = context();
    const { found, output, record } = await carryOut(dockerNetwork, { name: NAME }, here);
    expect(found).toBe('absent');
    expect(record).toEqual({ name: NAME, id: output.id, engine: expect.any(String) });
    expect(await dockerInspect(output.id, '{{index .Labels "wf.run"}} {{.Name}} {{.Driver}}')).toBe(
      `${RUN} ${NAME} bridge`,
    );
    expect(await dockerInspect(output.id, '{{(index .IPAM.Config 0).Subnet}}')).toBe(output.subnet);
    expect(await dockerInspect(output.id, '{{(index .IPAM.Config 0).Gateway}}')).toBe(output.gateway);
    expect(output.bridge).toBe(`br-${output.id.slice(0, 12)}`);
    expect(await linkNames()).toContain(output.bridge);
    expect(here.evidence).toMatchObject([
      { command: `docker network create --label wf.run=${RUN} ${NAME}`, output: output.id, exitCode: 0 },
    ]);
  });

  test('uses the requested subnet, with its first address as the gateway', async () => {
    const { output } = await carryOut(dockerNetwork, { name: NAME, subnet: '172.29.96.0/20' }, context());
    expect(output).toMatchObject({ subnet: '172.29.96.0/20', gateway: '172.29.96.1' });
    expect(await dockerInspect(output.id, '{{(index .IPAM.Config 0).Subnet}}')).toBe('172.29.96.0/20');
  });

  test('adopts a network that carries the mark of the run', async () => {
    const id = await docker('network', 'create', ...MARK, NAME);
    expect(await observe()).toMatchObject({ found: 'ours', record: { id }, output: { id, name: NAME } });
  });

  test('waits for the manager of a swarm, which lists a new network before it has a driver and a subnet', async () => {
    const id = await docker('network', 'create', ...MARK, NAME);
    const { host, ...others } = context();
    let reads = 0;
    const networks = async (name?: string) => {
      reads += 1;
      const listed = await host.docker.networks(name);
      return reads === 1 ? listed.map((network) => ({ ...network, driver: '', subnets: [] })) : listed;
    };
    const swarm = { ...others, host: { ...host, docker: { ...host.docker, networks } } };
    const seen = await behaviour.observe({ name: NAME, subnet: null }, swarm, undefined);
    expect(seen).toMatchObject({ found: 'ours', output: { id, driver: 'bridge' } });
  });

  test('refuses a network without the mark and leaves it unchanged', async () => {
    const id = await docker('network', 'create', NAME);
    const seen = await observe();
    expect(seen).toMatchObject({ found: 'foreign', error: { code: 'E_NAME_IN_USE' } });
    expect(JSON.stringify(seen.found === 'foreign' && seen.error.message)).toContain(id.slice(0, 12));
    expect(await dockerKnows('network', id)).toBe(true);
  });

  test('names the run that owns the name, and how to undo it', async () => {
    await docker('network', 'create', '--label', 'wf.run=otherrun', NAME);
    expect(await observe()).toMatchObject({
      found: 'foreign',
      error: { code: 'E_NAME_IN_USE', hint: expect.stringContaining('wf rollback otherrun') },
    });
  });

  test('works by id if two networks share a name', async () => {
    await carryOut(dockerNetwork, { name: NAME }, context());
    const ours = await docker('network', 'inspect', '--format', '{{.Id}}', NAME);
    const other = await createDuplicate(NAME);
    expect(await observe()).toMatchObject({ found: 'ours', record: { id: ours } });
    await behaviour.undo(recordOf(ours), context());
    expect(await dockerKnows('network', ours)).toBe(false);
    expect(await dockerKnows('network', other)).toBe(true);
  });

  test('does not adopt a network of the run with another subnet', async () => {
    await docker('network', 'create', ...MARK, '--subnet', '172.29.80.0/24', NAME);
    expect(await observe('172.29.81.0/24')).toMatchObject({ found: 'foreign', error: { code: 'E_NAME_IN_USE' } });
  });

  test('reports a subnet that is in use', async () => {
    await docker('network', 'create', '--subnet', '172.29.80.0/24', 'dknet-other');
    await expect(carryOut(dockerNetwork, { name: NAME, subnet: '172.29.80.0/25' }, context())).rejects.toMatchObject({
      code: 'E_SUBNET_IN_USE',
    });
    expect(await dockerKnows('network', NAME)).toBe(false);
  });

  test('does not report a network as absent if the engine is unreachable', async () => {
    const unreachable = testContext({
      run: RUN,
      host: { docker: createDocker({ DOCKER_HOST: 'unix:///nowhere/docker.sock' }) },
    });
    const error = { code: 'E_DOCKER_UNREACHABLE' };
    expect(await behaviour.observe({ name: NAME, subnet: null }, unreachable, undefined)).toMatchObject({
      found: 'unknown',
      error,
    });
    expect(await behaviour.inspect(recordOf('a'.repeat(64)), unreachable)).toMatchObject({
      found: 'unknown',
      error,
    });
  });

  test('undo removes the network and its bridge, and can be repeated', async () => {
    const { record, output } = await carryOut(dockerNetwork, { name: NAME }, context());
    expect(await behaviour.inspect(record, context())).toEqual({ found: 'in place' });
    const here = context();
    await behaviour.undo(record, here);
    expect(await dockerKnows('network', output.id)).toBe(false);
    expect(await linkNames()).not.toContain(output.bridge);
    expect(here.evidence).toMatchObject([{ command: `docker network rm ${NAME}`, output: NAME, exitCode: 0 }]);
    await behaviour.undo(record, context());
    expect(await behaviour.inspect(record, context())).toMatchObject({ found: 'gone' });
  });

  test('undo finds the network by name and mark if the record has no id', async () => {
    const ours = await docker('network', 'create', ...MARK, NAME);
    const record = recordOf(null);
    expect(await behaviour.inspect(record, context())).toEqual({ found: 'in place' });
    await behaviour.undo(record, context());
    expect(await dockerKnows('network', ours)).toBe(false);
    expect(await behaviour.inspect(record, context())).toMatchObject({ found: 'gone' });
  });

  test('undo keeps an unmarked network of the same name if the record has no id', async () => {
    const other = await docker('network', 'create', NAME);
    await behaviour.undo(recordOf(null), context());
    expect(await dockerKnows('network', other)).toBe(true);
  });

  test('undo refuses a network with the mark of another run', async () => {
    const other = await docker('network', 'create', '--label', 'wf.run=otherrun', NAME);
    await expect(behaviour.undo(recordOf(other), context())).rejects.toMatchObject({ code: 'E_FOREIGN' });
    expect(await dockerKnows('network', other)).toBe(true);
  });

  test('undo refuses to disconnect a foreign container', async () => {
    const { record, output } = await carryOut(dockerNetwork, { name: NAME }, context());
    await docker('run', '--detach', '--name', 'dknet-guest', '--network', NAME, PROBE_IMAGE, 'sleep', '600');
    await expect(behaviour.undo(record, context())).rejects.toMatchObject({
      code: 'E_FOREIGN',
      message: expect.stringContaining('dknet-guest'),
      hint: expect.stringContaining(`docker network disconnect ${NAME} dknet-guest`),
    });
    expect(await dockerInspect('dknet-guest', '{{.State.Running}}')).toBe('true');
    expect(await dockerInspect(output.id, '{{len .Containers}}')).toBe('1');
  });

  test('undo names a container of the run in the network, and disconnects nothing', async () => {
    const { record, output } = await carryOut(dockerNetwork, { name: NAME }, context());
    await docker('run', '--detach', '--name', 'dknet-own', ...MARK, '--network', NAME, PROBE_IMAGE, 'sleep', '600');
    await expect(behaviour.undo(record, context())).rejects.toMatchObject({
      code: 'E_RESIDUE',
      message: expect.stringContaining('dknet-own'),
    });
    expect(await dockerInspect(output.id, '{{len .Containers}}')).toBe('1');
    await docker('rm', '--force', 'dknet-own');
    await behaviour.undo(record, context());
    expect(await dockerKnows('network', output.id)).toBe(false);
  });

  test('gives the command that removes the network by hand', () => {
    expect(behaviour.undoCommands(recordOf('a'.repeat(64)))).toEqual([['docker', 'network', 'rm', 'aaaaaaaaaaaa']]);
    expect(behaviour.undoCommands(recordOf(null))).toEqual([['docker', 'network', 'rm', NAME]]);
  });
});

/** Creates a second network of the same name, as two concurrent clients can. */
async function createDuplicate(name: string): Promise<string> {
  const engine = new Dockerode({ socketPath: dockerHost().replace('unix://', '') });
  return (await engine.createNetwork({ Name: name, CheckDuplicate: false })).id;
}

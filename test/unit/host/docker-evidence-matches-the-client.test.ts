import { describe, expect, test } from 'vitest';
import { bridgeNameOf, bridgeOf } from '../../../src/docker/bridge-name.ts';
import { engineError, failureOf } from '../../../src/docker/connection/engine-error.ts';
import { WfError } from '../../../src/engine/model/errors.ts';
import { firstHostOf } from '../../../src/host/ip/subnet.ts';
import { asCommand, table } from '../../../src/steps/docker/client-output.ts';
import {
  dockerContainer,
  dockerImage,
  dockerNetwork,
  inspectContainer,
  inspectNetwork,
  listContainers,
  listNetworks,
} from '../../../src/steps/docker/index.ts';
import { testContext } from '../../support/in-process/step-context.ts';

describe('the evidence of a docker step', () => {
  test('has tables with columns of at least ten characters', () => {
    expect(table(['ID', 'NAME', 'X'], [['1', 'a-long-network-name', 'y']])).toBe(
      'ID        NAME                  X\n1         a-long-network-name   y',
    );
  });

  test('contains an error as the docker client prints it', async () => {
    const context = testContext();
    const refused = new WfError('E_DOCKER', 'no', { hint: 'h' });
    await expect(asCommand(context, ['docker', 'x'], () => Promise.reject(refused), String)).rejects.toBe(refused);
    expect(context.evidence).toMatchObject([
      { command: 'docker x', output: 'Error response from daemon: no', exitCode: 1 },
    ]);
  });
});

describe('the defaults of a Docker network', () => {
  test('name the bridge after the first twelve digits of the id, unless an option names it', () => {
    expect(bridgeOf('0123456789abcdef')).toBe('br-0123456789ab');
    const options = { 'com.docker.network.bridge.name': 'docker0' };
    expect(bridgeNameOf({ id: '0123456789abcdef', options })).toBe('docker0');
  });

  test('make the first address the gateway', () => {
    expect(firstHostOf('172.20.0.0/16')).toBe('172.20.0.1');
    expect(firstHostOf('10.1.2.128/25')).toBe('10.1.2.129');
    expect(() => firstHostOf('10.1/16')).toThrow(/not an IPv4 subnet/);
  });
});

describe('an error of the engine', () => {
  const errorOf = (status: number, message: string) => {
    const thrown = Object.assign(new Error(`(HTTP code ${status}) unexpected - ${message} `), { statusCode: status });
    const failure = failureOf(thrown);
    if (failure === undefined) throw new Error('not recognised');
    return engineError(failure, 'do it', 'unix:///x (default)', thrown);
  };

  test.each([
    [403, 'Pool overlaps with other one on this address space', 'E_SUBNET_IN_USE', false],
    [400, 'invalid pool request: Pool overlaps with other one on this address space', 'E_SUBNET_IN_USE', false],
    [
      404,
      'could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network',
      'E_SUBNET_IN_USE',
      false,
    ],
    [400, 'all predefined address pools have been fully subnetted', 'E_SUBNET_IN_USE', false],
    [409, 'Conflict. The container name "/a" is already in use by container "b".', 'E_NAME_IN_USE', false],
    [409, 'network with name a already exists', 'E_NAME_IN_USE', false],
    [404, 'No such image: a:latest', 'E_IMAGE_UNAVAILABLE', false],
    [500, 'driver failed programming external connectivity', 'E_DOCKER', true],
    [403, 'error while removing network: network a id b has active endpoints', 'E_DOCKER', false],
  ])('%i "%s" is reported as %s', (status, message, code, transient) => {
    expect(errorOf(status, message)).toMatchObject({ code, transient, message: expect.stringContaining(message) });
  });

  test.each([
    ['ECONNREFUSED', 'E_DOCKER_UNREACHABLE', 'systemctl start docker'],
    ['ENOENT', 'E_DOCKER_UNREACHABLE', 'apt-get install docker.io'],
    ['EACCES', 'E_PERMISSION', 'group docker'],
    ['ECONNRESET', 'E_DOCKER', 'systemctl status docker'],
  ])('%s is reported as %s', (errno, code, hint) => {
    const failure = failureOf(Object.assign(new Error(errno), { code: errno }));
    if (failure === undefined) throw new Error('not recognised');
    const error = engineError(failure, 'do it', 'unix:///x (default)', undefined);
    expect(error).toMatchObject({ code, hint: expect.stringContaining(hint) });
  });

  test('excludes a defect of wf', () => {
    expect(failureOf(new TypeError('x is not a function'))).toBeUndefined();
  });
});

test.each([
  [dockerImage, { reference: 'alpine' }, 'docker pull alpine'],
  [
    dockerNetwork,
    { name: 'devops', subnet: '172.20.0.0/16' },
    'docker network create --label wf.run=RUN --subnet 172.20.0.0/16 devops',
  ],
  [
    dockerContainer,
    { name: 'AppDev', image: 'i', command: ['-text', 'x'], networkId: 'n', network: 'devops' },
    'docker run --detach --name AppDev --label wf.run=RUN --network devops i -text x',
  ],
  [inspectNetwork, { id: 'abc' }, 'docker network inspect abc'],
  [inspectContainer, { id: 'abc' }, 'docker inspect abc'],
  [listNetworks, {}, 'docker network ls'],
  [listContainers, {}, 'docker ps --all --format table {{.ID}}\\t{{.Image}}\\t{{.State}}\\t{{.Names}}'],
])('a rehearsal of $runner.kind returns its command', ({ runner }, input, line) => {
  const { commands } = runner.rehearse(runner.parseInput(input));
  expect(commands.map((argv) => argv.join(' '))).toEqual([line]);
});

test.each(['', 'a', '-x', 'a b', 'a/b', 'a;b', 'é'])('"%s" is refused as a network name', (name) => {
  expect(() => dockerNetwork.runner.parseInput({ name })).toThrow(/must have two or more/);
});

test.each(['172.20.0.0', '172.20/16', '172.20.0.0/33', 'fd00::/64'])('%s is refused as a subnet', (subnet) => {
  expect(() => dockerNetwork.runner.parseInput({ name: 'devops', subnet })).toThrow(/IPv4 subnet/);
});

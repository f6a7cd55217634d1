import { afterEach, beforeEach, expect, it } from 'vitest';
import { addRoute } from '../../../src/steps/net/index.ts';
import { describeOwnNetwork, networkState, type TestContainer, testContainer } from '../../support/host/own-network.ts';
import { carryOut, changeOf } from '../../support/in-process/carry-out.ts';
import { testContext } from '../../support/in-process/step-context.ts';

const route = changeOf(addRoute);
const context = () => testContext({ run: 'routerun' });

describeOwnNetwork('net.route', () => {
  let container: TestContainer;
  const input = (mode: 'secondary' | 'replace') => ({
    destination: 'default',
    via: '10.2.0.1',
    device: 'eth1',
    mode,
    in: container.handle,
  });
  const defaults = () => container.ip('route', 'show', 'default');
  const state = () => networkState(container.ip);

  beforeEach(async () => {
    container = await testContainer('AppProd');
    for (const [device, address] of [
      ['eth0', '10.1.0.2/24'],
      ['eth1', '10.2.0.2/24'],
    ] as const) {
      container.ip('link', 'add', device, 'type', 'bridge');
      container.ip('address', 'add', address, 'dev', device);
      container.ip('link', 'set', device, 'up');
    }
  });
  afterEach(() => container.remove());

  it('secondary adds a marked route with a higher metric, and records the error of the plain command', async () => {
    container.ip('route', 'add', 'default', 'via', '10.1.0.1');
    const before = state();
    const ctx = context();
    const made = await carryOut(addRoute, input('secondary'), ctx);
    expect(made.output).toEqual({
      destination: 'default',
      via: '10.2.0.1',
      device: 'eth1',
      metric: 100,
      plainCommand: { command: 'ip route add default via 10.2.0.1', output: 'RTNETLINK answers: File exists' },
    });
    expect(defaults()).toMatch(/default via 10\.2\.0\.1 dev eth1 proto 119 metric 100/);
    expect(defaults()).toMatch(/default via 10\.1\.0\.1 dev eth0/);
    expect(ctx.evidence.map(({ command, exitCode }) => [command.replace(/\S+ns\/net/, 'NS'), exitCode])).toEqual([
      ['nsenter NS ip route add default via 10.2.0.1', 2],
      ['nsenter NS ip route add default via 10.2.0.1 dev eth1 metric 100 protocol 119', 0],
    ]);
    expect((await carryOut(addRoute, input('secondary'), context(), made.record)).found).toBe('ours');
    await undoTwice(made.record);
    expect(state()).toEqual(before);
  });

  it('secondary does not try the plain command if it would succeed', async () => {
    container.ip('route', 'add', 'default', 'via', '10.1.0.1', 'metric', '50');
    const made = await carryOut(addRoute, input('secondary'), context());
    expect(made.output).toMatchObject({ metric: 150, plainCommand: null });
    expect(defaults().trim().split('\n')).toHaveLength(2);
  });

  it('adds a plain route if there is none', async () => {
    const before = state();
    const made = await carryOut(addRoute, input('secondary'), context());
    expect(made.output).toMatchObject({ metric: null, plainCommand: null });
    expect(defaults()).toMatch(/^default via 10\.2\.0\.1 dev eth1 proto 119 /);
    await undoTwice(made.record);
    expect(state()).toEqual(before);
  });

  const replaced: [string, string[][]][] = [
    ['a plain route', [['default', 'via', '10.1.0.1']]],
    [
      'a route with every attribute',
      [
        [
          'default',
          'via',
          '10.1.0.1',
          'dev',
          'eth0',
          'proto',
          'static',
          'src',
          '10.1.0.2',
          'metric',
          '7',
          'mtu',
          'lock',
          '1400',
          'advmss',
          '1300',
          'realms',
          '5',
          'onlink',
        ],
      ],
    ],
    [
      'three routes',
      [
        ['default', 'via', '10.1.0.1', 'metric', '5'],
        ['unreachable', 'default', 'metric', '9'],
        [
          'default',
          'metric',
          '11',
          'nexthop',
          'via',
          '10.1.0.1',
          'weight',
          '3',
          'nexthop',
          'via',
          '10.2.0.9',
          'weight',
          '1',
        ],
      ],
    ],
  ];
  it.each(replaced)('replace restores exactly %s', async (_title, routes) => {
    for (const words of routes) container.ip('route', 'add', ...words);
    const before = state();
    const made = await carryOut(addRoute, input('replace'), context());
    expect(defaults().trim().split('\n')).toHaveLength(1);
    expect(defaults()).toMatch(/^default via 10\.2\.0\.1 dev eth1 proto 119/);
    await undoTwice(made.record);
    expect(state()).toEqual(before);
  });

  it('replace is resumed and undone if it was killed after it removed the old route', async () => {
    container.ip('route', 'add', 'default', 'via', '10.1.0.1');
    const before = state();
    const parsed = addRoute.runner.parseInput(input('replace'));
    const seen = await route.observe(parsed, context(), undefined);
    if (seen.found !== 'absent') throw new Error(seen.found);
    container.ip('route', 'delete', 'default');

    expect(await route.inspect(seen.record, context())).toEqual({ found: 'in place' });
    const resumed = await carryOut(addRoute, input('replace'), context(), seen.record);
    expect(resumed.found).toBe('partial');
    expect(defaults()).toMatch(/^default via 10\.2\.0\.1 dev eth1 proto 119/);
    await undoTwice(resumed.record);
    expect(state()).toEqual(before);
  });

  it('refuses a marked route without its own intent, and records no change for an equal route', async () => {
    container.ip('route', 'add', 'default', 'via', '10.2.0.1', 'proto', '119');
    const before = state();
    for (const mode of ['secondary', 'replace'] as const) {
      await expect(carryOut(addRoute, input(mode), context())).rejects.toMatchObject({ code: 'E_ROUTE_IN_USE' });
    }
    expect(state()).toEqual(before);
    container.ip('route', 'replace', 'default', 'via', '10.2.0.1', 'proto', 'static');
    expect(await carryOut(addRoute, input('secondary'), context())).toMatchObject({ found: 'unchanged', record: null });
  });

  it('is gone with the namespace', async () => {
    container.ip('route', 'add', 'default', 'via', '10.1.0.1');
    const made = await carryOut(addRoute, input('replace'), context());
    await container.remove();
    expect(await route.inspect(made.record, context())).toMatchObject({ found: 'gone' });
    await route.undo(made.record, context());
  });

  it('is gone if its links and those of the replaced routes are gone', async () => {
    container.ip('route', 'add', 'default', 'via', '10.1.0.1');
    const made = await carryOut(addRoute, input('replace'), context());
    container.ip('link', 'delete', 'eth0');
    container.ip('link', 'delete', 'eth1');
    expect(await route.inspect(made.record, context())).toMatchObject({ found: 'gone' });
  });

  async function undoTwice(record: Parameters<typeof route.inspect>[0]): Promise<void> {
    expect(await route.inspect(record, context())).toEqual({ found: 'in place' });
    await route.undo(record, context());
    expect(await route.inspect(record, context())).toMatchObject({ found: 'gone' });
    await route.undo(record, context());
  }
});

import { execFileSync } from 'node:child_process';
import { afterEach, expect, it, vi } from 'vitest';
import type { StepActor } from '../../../src/engine/workflow/define-step.ts';
import {
  addAddress,
  addRoute,
  createVethPair,
  enslaveLink,
  moveLink,
  renameLink,
  setLinkUp,
} from '../../../src/steps/net/index.ts';
import {
  describeOwnNetwork,
  ip,
  networkState,
  removeLinks,
  type TestContainer,
  testContainer,
} from '../../support/host/own-network.ts';
import { testContext } from '../../support/in-process/step-context.ts';
import { stopEverywhere } from '../../support/in-process/stopped.ts';
import { inTurn } from '../../support/rotation.ts';

const RUN = 'stoprun';

// Each test changes its network about ten times.
vi.setConfig({ testTimeout: 180_000 });

describeOwnNetwork('a network change that is stopped at any of its touches', () => {
  let container: TestContainer;
  const inside = (...args: string[]) => container.ip(...args);

  /** Bridges, a marked pair, and a container with two links. */
  async function world(): Promise<void> {
    container = await testContainer('AppProd');
    batch(
      [],
      [
        ...['t_br', 't_br2'].map((name, index) => `link add ${name} address 02:00:00:00:00:a${index} type bridge`),
        'link add t_host type veth peer name t_cont',
        ...['t_host', 't_cont'].map((name) => `link set dev ${name} alias wf.run=${RUN}`),
      ],
    );
    batch(
      ['nsenter', `--net=${container.handle.namespace.path}`],
      [
        ...['eth0', 'eth5'].map((name) => `link add ${name} type bridge`),
        ...['10.1.0.2/24 dev eth0', '10.2.0.2/24 dev eth5'].map((address) => `address add ${address}`),
        ...['eth0', 'eth5'].map((name) => `link set dev ${name} up`),
      ],
    );
  }
  async function removeWorld(): Promise<void> {
    await container.remove();
    await removeLinks('t_br', 't_br2', 't_host', 't_new');
  }
  afterEach(removeWorld);

  interface Case<Input, Output> {
    readonly actor: StepActor<Input, Output>;
    readonly input: () => Input;
    readonly prepare?: () => void;
    readonly made: () => void;
    /** The number of touches of apply and of undo. */
    readonly touches: readonly [apply: number, undo: number];
  }

  async function holds<Input, Output>(one: Case<Input, Output>): Promise<void> {
    const stops = await stopEverywhere(
      {
        actor: one.actor,
        async prepare() {
          await world();
          one.prepare?.();
          return one.input();
        },
        remove: removeWorld,
        state: async () => [settled(networkState()), settled(networkState(inside))],
        expectMade: async () => one.made(),
        context: () => testContext({ run: RUN, step: 'change' }),
      },
      (after, before, what) => expect(after, what).toEqual(before),
    );
    expect([stops.resumed, stops.undoneAgain]).toEqual(one.touches);
  }

  const route = (mode: 'secondary' | 'replace', ...present: string[][]) => ({
    actor: addRoute,
    prepare() {
      for (const words of present) inside('route', 'add', ...words);
    },
    input: () => ({
      destination: 'default' as const,
      via: '10.2.0.1',
      device: 'eth5',
      mode,
      in: container.handle,
    }),
    made: () => expect(inside('route', 'show', 'default')).toMatch(/via 10\.2\.0\.1 dev eth5 proto 119/),
  });
  const plain = ['default', 'via', '10.1.0.1'];

  const changes: readonly (readonly [name: string, tried: () => Promise<void>])[] = [
    [
      'net.veth',
      () =>
        holds({
          actor: createVethPair,
          input: () => ({ name: 't_new', peer: 't_new2', mtu: 1400 }),
          made() {
            for (const name of ['t_new', 't_new2']) {
              expect(linkNamed(ip, name)).toMatchObject({ mtu: 1400, ifalias: `wf.run=${RUN}` });
            }
          },
          touches: [3, 1],
        }),
    ],

    [
      'net.enslave',
      () =>
        holds({
          actor: enslaveLink,
          input: () => ({ link: 't_host', bridge: 't_br' }),
          made: () => expect(linkNamed(ip, 't_host')).toMatchObject({ master: 't_br' }),
          touches: [1, 1],
        }),
    ],

    [
      'net.enslave from another bridge',
      () =>
        holds({
          actor: enslaveLink,
          prepare: () => ip('link', 'set', 't_host', 'master', 't_br2'),
          input: () => ({ link: 't_host', bridge: 't_br' }),
          made: () => expect(linkNamed(ip, 't_host')).toMatchObject({ master: 't_br' }),
          touches: [1, 1],
        }),
    ],

    [
      'net.move',
      () =>
        holds({
          actor: moveLink,
          input: () => ({ link: 't_cont', to: container.handle, name: 'eth1' }),
          made: () => expect(linkNamed(inside, 'eth1')).toMatchObject({ ifalias: `wf.run=${RUN}` }),
          touches: [1, 1],
        }),
    ],

    [
      'net.move of a link that is up',
      () =>
        holds({
          actor: moveLink,
          prepare: () => ip('link', 'set', 't_cont', 'up'),
          input: () => ({ link: 't_cont', to: container.handle, name: 'eth1' }),
          made: () => expect(linkNamed(inside, 'eth1')).toBeDefined(),
          touches: [1, 2],
        }),
    ],

    [
      'net.rename',
      () =>
        holds({
          actor: renameLink,
          prepare: () => ip('link', 'set', 't_cont', 'netns', String(container.handle.pid)),
          input: () => ({ link: 't_cont', name: 'eth1', in: container.handle }),
          made: () => expect(linkNamed(inside, 'eth1')).toBeDefined(),
          touches: [1, 1],
        }),
    ],

    [
      'net.up',
      () =>
        holds({
          actor: setLinkUp,
          input: () => ({ link: 't_host' }),
          made: () => expect(linkNamed(ip, 't_host')?.flags).toContain('UP'),
          touches: [1, 1],
        }),
    ],

    [
      'net.address',
      () =>
        holds({
          actor: addAddress,
          input: () => ({ link: 'eth5', address: '10.2.0.100/24', in: container.handle }),
          made: () => expect(inside('address', 'show', 'dev', 'eth5')).toContain('10.2.0.100/24'),
          touches: [1, 1],
        }),
    ],

    ['net.route as the only route', () => holds({ ...route('secondary'), touches: [1, 1] })],
    ['net.route beside another route', () => holds({ ...route('secondary', plain), touches: [2, 1] })],
    ['net.route replacing one route', () => holds({ ...route('replace', plain), touches: [3, 2] })],
    [
      'net.route replacing three routes',
      () =>
        holds({
          ...route(
            'replace',
            [...plain, 'dev', 'eth0', 'proto', 'static', 'mtu', '1400', 'onlink'],
            ['unreachable', 'default', 'metric', '9'],
            ['default', 'metric', '11', 'nexthop', 'via', '10.1.0.1', 'weight', '3', 'nexthop', 'via', '10.2.0.9'],
          ),
          touches: [5, 4],
        }),
    ],
  ];

  it.for(inTurn(changes, 5))('is resumed and undone: %s', ([, tried]) => tried());
});

/** Runs many `ip` commands in one process. */
function batch(through: readonly string[], commands: readonly string[]): void {
  const [program, ...args] = [...through, 'ip', '-batch', '-'];
  execFileSync(program ?? 'ip', args, { input: commands.join('\n') });
}

interface SeenLink {
  readonly ifname: string;
  readonly flags: readonly string[];
}

function linkNamed(run: (...args: string[]) => string, name: string): SeenLink | undefined {
  const links: SeenLink[] = JSON.parse(run('-json', '-details', 'link', 'show'));
  return links.find(({ ifname }) => ifname === name);
}

/** Removes the carrier and its delayed effects from the state, and sorts the links by name. */
function settled(state: unknown): unknown {
  const { links, ...rest } = Object(state);
  const byName = [...links].sort((a, b) => a.ifname.localeCompare(b.ifname));
  return JSON.parse(JSON.stringify({ ...rest, links: byName }), (key, value: unknown) => {
    if (key === 'tentative') return undefined;
    return Array.isArray(value) ? value.filter((item) => !CARRIER_FLAGS.includes(item) && !isLinkLocal(item)) : value;
  });
}

const CARRIER_FLAGS: readonly unknown[] = ['NO-CARRIER', 'LOWER_UP', 'linkdown'];

function isLinkLocal(item: unknown): boolean {
  const { local, dst } = Object(item);
  return [local, dst].some((address) => typeof address === 'string' && /^(fe80:|ff00:)/.test(address));
}

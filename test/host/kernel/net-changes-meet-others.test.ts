import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../../../src/engine/model/json.ts';
import type { CommandPort } from '../../../src/engine/ports/command.ts';
import type { StepActor } from '../../../src/engine/workflow/define-step.ts';
import type { StepRunner } from '../../../src/engine/workflow/step.ts';
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
import { carryOut, changeOf } from '../../support/in-process/carry-out.ts';
import { testContext } from '../../support/in-process/step-context.ts';
import { endsWithin } from '../../support/in-process/stopped.ts';

const RUN = 'meetrun';
const context = () => testContext({ run: RUN, step: 'change' });

describeOwnNetwork('foreign changes between a kill and the recovery', () => {
  let container: TestContainer;
  beforeEach(async () => {
    container = await testContainer('AppProd');
    ip('link', 'add', 't_br', 'type', 'bridge');
    makePair();
  });
  afterEach(async () => {
    await container.remove();
    await removeLinks('t_br', 't_host', 't_cont', 't_new', 't_new2');
  });

  function makePair(): void {
    ip('link', 'add', 't_host', 'type', 'veth', 'peer', 'name', 't_cont');
    for (const end of ['t_host', 't_cont']) ip('link', 'set', 'dev', end, 'alias', `wf.run=${RUN}`);
  }

  describe('a link that was deleted by hand', () => {
    const changes: [string, () => Promise<readonly [Actor, Json]>][] = [
      ['net.enslave', () => made(enslaveLink, { link: 't_host', bridge: 't_br' })],
      ['net.up', () => made(setLinkUp, { link: 't_host' })],
      ['net.address', () => made(addAddress, { link: 't_host', address: '10.9.0.1/24' })],
    ];
    it.each(changes)(
      'is gone for %s, which does not touch a new link with its name and ifindex',
      async (_kind, make) => {
        const [actor, record] = await make();
        const { inspect, undo, observe } = changeOf(actor);
        const { ifindex } = linkNamed('t_host');
        ip('link', 'delete', 't_host');
        expect(await inspect(record, context())).toMatchObject({ found: 'gone' });

        ip('link', 'add', 't_host', 'index', String(ifindex), 'type', 'veth', 'peer', 'name', 't_cont');
        for (const words of [['up'], ['master', 't_br']]) ip('link', 'set', 'dev', 't_host', ...words);
        ip('address', 'add', '10.9.0.1/24', 'dev', 't_host');
        expect(linkNamed('t_host').ifindex).toBe(ifindex);
        const before = networkState();
        expect(await inspect(record, context())).toMatchObject({ found: 'gone' });
        await undo(record, context());
        expect(networkState()).toEqual(before);
        const input = actor.runner.parseInput(inputs.get(actor));
        expect(await observe(input, context(), record), 'not taken for its own').toMatchObject({ found: 'unchanged' });
      },
    );

    it('is recreated by net.veth, unless the name is taken', async () => {
      const input = { name: 't_new', peer: 't_new2', mtu: null };
      const [actor, record] = await made(createVethPair, input);
      ip('link', 'delete', 't_new2');
      expect(await changeOf(actor).inspect(record, context())).toMatchObject({ found: 'gone' });
      expect((await carryOut(createVethPair, input, context(), record)).found).toBe('absent');
      ip('link', 'delete', 't_new2');
      ip('link', 'add', 't_new', 'type', 'bridge');
      const before = networkState();
      await expect(carryOut(createVethPair, input, context(), record)).rejects.toMatchObject({ code: 'E_LINK_IN_USE' });
      await changeOf(actor).undo(record, context());
      expect(networkState()).toEqual(before);
    });
  });

  it('net.veth undoes a pair that was renamed before it was marked', async () => {
    const { observe, apply, inspect, undo } = changeOf(createVethPair);
    const input = createVethPair.runner.parseInput({ name: 't_new', peer: 't_new2', mtu: null });
    const seen = await observe(input, context(), undefined);
    if (seen.found !== 'absent') throw new Error(seen.found);
    expect(await endsWithin(1, context(), (own) => apply(input, seen.record, 'absent', own))).toBe(false);
    ip('link', 'set', 't_new', 'name', 't_odd');
    expect(await observe(input, context(), seen.record)).toMatchObject({ found: 'unknown' });
    expect(await inspect(seen.record, context())).toEqual({ found: 'in place' });
    await undo(seen.record, context());
    expect(ip('link', 'show')).not.toMatch(/t_odd|t_new2/);
  });

  it('net.move refuses a foreign link with the name in the container, and neither link moves', async () => {
    const { observe, inspect, undo } = changeOf(moveLink);
    const input = moveLink.runner.parseInput({ link: 't_cont', to: container.handle, name: 'eth1' });
    const seen = await observe(input, context(), undefined);
    if (seen.found !== 'absent') throw new Error(seen.found);
    container.ip('link', 'add', 'eth1', 'type', 'bridge');
    const before = [networkState(), networkState(container.ip)];
    expect(await observe(input, context(), seen.record)).toMatchObject({
      found: 'foreign',
      error: { code: 'E_LINK_IN_USE' },
    });
    expect(await inspect(seen.record, context())).toMatchObject({ found: 'gone' });
    await undo(seen.record, context());
    expect([networkState(), networkState(container.ip)]).toEqual(before);
  });

  it('net.move and net.rename recognize their change even if the old name is taken', async () => {
    const move = { link: 't_cont', to: container.handle, name: 'eth1' };
    const moved = await carryOut(moveLink, move, context());
    ip('link', 'add', 't_cont', 'type', 'bridge');
    expect((await carryOut(moveLink, move, context(), moved.record)).found).toBe('ours');
    const rename = { link: 'eth1', name: 'eth2', in: container.handle };
    const renamed = await carryOut(renameLink, rename, context());
    container.ip('link', 'add', 'eth1', 'type', 'bridge');
    expect((await carryOut(renameLink, rename, context(), renamed.record)).found).toBe('ours');
  });

  it('net.rename reports a link that was renamed by hand as gone', async () => {
    const [actor, record] = await made(renameLink, { link: 't_host', name: 't_new' });
    ip('link', 'set', 't_new', 'name', 't_host');
    expect(await changeOf(actor).inspect(record, context())).toMatchObject({ found: 'gone' });
  });

  it('all changes in a container are gone after its restart', async () => {
    ip('link', 'set', 't_cont', 'netns', String(container.handle.pid), 'name', 'eth1');
    const inContainer = { link: 'eth1', in: container.handle };
    const changes = [
      await made(setLinkUp, inContainer),
      await made(addAddress, { ...inContainer, address: '10.9.0.1/24' }),
      await made(addRoute, route('secondary', 'eth1', '10.9.0.2')),
    ];
    const { handle } = container;
    await container.remove();
    container = await testContainer('AppProd');
    // The new container may have the pid and the inode of the old one: the start time of the process distinguishes them.
    const again = { ...handle, namespace: { ...container.handle.namespace, process: handle.namespace.process } };
    for (const [actor, record] of changes) {
      const { inspect, undo, observe } = changeOf(actor);
      const restarted = withHandle(record, again);
      expect(await inspect(restarted, context()), actor.runner.kind).toMatchObject({ found: 'gone' });
      await undo(restarted, context());
      const input = actor.runner.parseInput({ ...Object(inputs.get(actor)), in: again });
      await expect(observe(input, context(), restarted)).rejects.toMatchObject({ code: 'E_NAMESPACE_GONE' });
    }
  });

  describe('net.route', () => {
    beforeEach(() => {
      for (const [device, address] of [
        ['eth0', '10.1.0.2/24'],
        ['eth5', '10.2.0.2/24'],
      ] as const) {
        container.ip('link', 'add', device, 'type', 'bridge');
        container.ip('address', 'add', address, 'dev', device);
        container.ip('link', 'set', device, 'up');
      }
      container.ip('route', 'add', 'default', 'via', '10.1.0.1');
    });
    const defaults = () => container.ip('route', 'show', 'default').trim().split(/\s*\n/);

    it('replace keeps another default route that appeared, and undo restores the old one', async () => {
      const { observe, apply, undo, inspect } = changeOf(addRoute);
      const input = addRoute.runner.parseInput(route('replace', 'eth5', '10.2.0.1'));
      const seen = await observe(input, context(), undefined);
      if (seen.found !== 'absent') throw new Error(seen.found);
      expect(await endsWithin(2, context(), (own) => apply(input, seen.record, 'absent', own))).toBe(false);
      expect(defaults()).toEqual(['']);
      container.ip('route', 'add', 'default', 'via', '10.1.0.9', 'metric', '50');
      const resumed = await carryOut(addRoute, route('replace', 'eth5', '10.2.0.1'), context(), seen.record);
      expect(defaults()).toEqual([
        'default via 10.2.0.1 dev eth5 proto 119',
        'default via 10.1.0.9 dev eth0 metric 50',
      ]);
      await undo(resumed.record, context());
      expect(await inspect(resumed.record, context())).toMatchObject({ found: 'gone' });
      expect(defaults()).toEqual(['default via 10.1.0.1 dev eth0', 'default via 10.1.0.9 dev eth0 metric 50']);
    });

    it.each(['secondary', 'replace'] as const)(
      '%s adopts and undoes the route of a plain command that succeeded before a kill',
      async (mode) => {
        const { observe, apply, undo, inspect } = changeOf(addRoute);
        const input = addRoute.runner.parseInput(route(mode, 'eth5', '10.2.0.1'));
        const seen = await observe(input, context(), undefined);
        if (seen.found !== 'absent') throw new Error(seen.found);
        const real = context().host.command;
        let vanished = false;
        const rivalVanishes: CommandPort = {
          run(argv, options) {
            if (argv.includes('add') && !vanished) {
              vanished = true;
              container.ip('route', 'delete', 'default');
            }
            return real.run(argv, options);
          },
        };
        const racing = testContext({ run: RUN, host: { command: rivalVanishes } });
        await endsWithin(1, racing, (own) => apply(input, seen.record, 'absent', own));
        expect(defaults()).toEqual(['default via 10.2.0.1 dev eth5 proto 119']);
        const resumed = await observe(input, context(), seen.record);
        expect(resumed).toMatchObject({ found: 'ours', output: { metric: null } });
        await undo(seen.record, context());
        expect(await inspect(seen.record, context())).toMatchObject({ found: 'gone' });
        expect(defaults()).toEqual([mode === 'replace' ? 'default via 10.1.0.1 dev eth0' : '']);
      },
    );

    it('replace refuses a route that expires, as it could not be restored', async () => {
      container.ip('-6', 'address', 'add', 'fd00::2/64', 'dev', 'eth5', 'nodad');
      container.ip('-6', 'route', 'add', 'default', 'via', 'fd00::1', 'expires', '600');
      const input = { ...route('replace', 'eth5', 'fd00::9') };
      const before = container.ip('-6', 'route', 'show', 'default').replace(/expires \d+sec/, '');
      await expect(carryOut(addRoute, input, context())).rejects.toMatchObject({ code: 'E_ROUTE_IN_USE' });
      expect(container.ip('-6', 'route', 'show', 'default').replace(/expires \d+sec/, '')).toBe(before);
    });
  });

  const route = (mode: 'secondary' | 'replace', device: string, via: string) => ({
    destination: 'default' as const,
    via,
    device,
    mode,
    in: container.handle,
  });
});

interface Actor {
  readonly runner: StepRunner;
}

/** The last input of each step runner. */
const inputs = new Map<unknown, unknown>();

async function made<Input, Output>(actor: StepActor<Input, Output>, input: Input): Promise<readonly [Actor, Json]> {
  inputs.set(actor, input);
  const { record } = await carryOut(actor, input, context());
  return [actor, record];
}

function withHandle(record: Json, handle: unknown): Json {
  const copy = JSON.parse(JSON.stringify(record));
  Object.assign(copy.place, handle);
  return copy;
}

function linkNamed(name: string): { readonly ifindex: number } {
  const [link]: { ifindex: number }[] = JSON.parse(ip('-json', 'link', 'show', 'dev', name));
  if (link === undefined) throw new Error(`there is no link ${name}`);
  return link;
}

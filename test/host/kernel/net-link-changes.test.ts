import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Json } from '../../../src/engine/model/json.ts';
import type { StepRunner } from '../../../src/engine/workflow/step.ts';
import {
  addAddress,
  enslaveLink,
  moveLink,
  removeAddress,
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
import { carryOut } from '../../support/in-process/carry-out.ts';
import { testContext } from '../../support/in-process/step-context.ts';

const context = () => testContext({ run: 'linkrun' });
const ours = ['alias', 'wf.run=linkrun'];
const others = ['alias', 'wf.run=otherrun'];

describeOwnNetwork('changes of a link', () => {
  let container: TestContainer;
  beforeEach(async () => {
    container = await testContainer('AppProd');
    ip('link', 'add', 't_br', 'type', 'bridge');
    ip('link', 'set', 't_br', 'address', '02:00:00:00:00:aa');
    ip('link', 'add', 't_host', 'type', 'veth', 'peer', 'name', 't_cont');
    ip('link', 'set', 'dev', 't_cont', ...ours);
    ip('link', 'set', 'dev', 't_host', ...ours);
  });
  afterEach(async () => {
    await container.remove();
    await removeLinks('t_br', 't_br2', 't_host', 't_host2');
  });

  it('net.enslave adds a port and removes it again', async () => {
    const before = networkState();
    const input = { link: 't_host', bridge: 't_br' };
    const { record, output, found } = await carryOut(enslaveLink, input, context());
    expect(found).toBe('absent');
    expect(output).toEqual(input);
    expect(masterOf('t_host')).toBe('t_br');
    expect((await carryOut(enslaveLink, input, context(), record)).found).toBe('ours');
    await undoTwice(enslaveLink, record);
    expect(networkState()).toEqual(before);
  });

  it('net.enslave records no change for an enslaved link, and undo restores an earlier bridge', async () => {
    ip('link', 'set', 't_host', 'master', 't_br');
    const same = await carryOut(enslaveLink, { link: 't_host', bridge: 't_br' }, context());
    expect(same).toMatchObject({ found: 'unchanged', record: null });
    ip('link', 'add', 't_br2', 'type', 'bridge');
    const moved = await carryOut(enslaveLink, { link: 't_host', bridge: 't_br2' }, context());
    expect(masterOf('t_host')).toBe('t_br2');
    await undoTwice(enslaveLink, moved.record);
    expect(masterOf('t_host')).toBe('t_br');
  });

  it('net.enslave refuses a link of another run, a target that is no bridge, and an MTU that would change the bridge', async () => {
    ip('link', 'set', 't_host', 'mtu', '1400');
    await refused(carryOut(enslaveLink, { link: 't_host', bridge: 't_br' }, context()), 'E_STEP_FAILED');
    await refused(carryOut(enslaveLink, { link: 't_host', bridge: 't_cont' }, context()), 'E_LINK_IN_USE');
    ip('link', 'set', 'dev', 't_host', ...others);
    await refused(carryOut(enslaveLink, { link: 't_host', bridge: 't_br' }, context()), 'E_LINK_IN_USE');
    await refused(carryOut(enslaveLink, { link: 'nosuch', bridge: 't_br' }, context()), 'E_STEP_FAILED');
  });

  it('net.move moves a link into the container under another name, and back', async () => {
    const before = networkState();
    const input = { link: 't_cont', to: container.handle, name: 'eth1' };
    const { record, output, found } = await carryOut(moveLink, input, context());
    expect(found).toBe('absent');
    expect(output).toMatchObject({ link: 'eth1', to: 'AppProd' });
    expect(container.ip('link', 'show')).toContain('eth1@');
    expect(ip('link', 'show')).not.toContain('t_cont');
    expect((await carryOut(moveLink, input, context(), record)).found).toBe('ours');
    expect((await carryOut(moveLink, input, context())).found, 'adopted by its mark').toBe('ours');
    await undoTwice(moveLink, record);
    expect(byName(networkState())).toEqual(byName(before));
  });

  it('net.move refuses a name that is taken in the container, and touches neither link', async () => {
    await carryOut(moveLink, { link: 't_cont', to: container.handle, name: 'eth1' }, context());
    ip('link', 'add', 't_host2', 'type', 'veth', 'peer', 'name', 't_cont2');
    const before = [networkState(), networkState(container.ip)];
    const input = { link: 't_cont2', to: container.handle, name: 'eth1' };
    await refused(carryOut(moveLink, input, context()), 'E_LINK_IN_USE');
    expect([networkState(), networkState(container.ip)]).toEqual(before);
  });

  it('net.move refuses a link with addresses, which it could not restore', async () => {
    ip('address', 'add', '10.11.0.1/24', 'dev', 't_cont');
    await refused(carryOut(moveLink, { link: 't_cont', to: container.handle }, context()), 'E_LINK_IN_USE');
  });

  it('net.move refuses a namespace whose inode has changed', async () => {
    const stale = { ...container.handle, namespace: { ...container.handle.namespace, inode: 1 } };
    const before = networkState();
    await refused(carryOut(moveLink, { link: 't_cont', to: stale }, context()), 'E_NAMESPACE_GONE');
    expect(networkState()).toEqual(before);
  });

  it('net.rename renames a link and back', async () => {
    ip('link', 'set', 't_cont', 'netns', String(container.handle.pid));
    const before = networkState(container.ip);
    const input = { link: 't_cont', name: 'eth1', in: container.handle };
    const { record, found } = await carryOut(renameLink, input, context());
    expect(found).toBe('absent');
    expect(container.ip('link', 'show')).toContain('eth1@');
    expect((await carryOut(renameLink, input, context(), record)).found).toBe('ours');
    expect((await carryOut(renameLink, input, context())).found, 'adopted by its mark').toBe('ours');
    await undoTwice(renameLink, record);
    expect(networkState(container.ip)).toEqual(before);
  });

  it('net.rename refuses a name that is taken', async () => {
    const before = networkState();
    await refused(carryOut(renameLink, { link: 't_cont', name: 't_br' }, context()), 'E_LINK_IN_USE');
    expect(networkState()).toEqual(before);
  });

  it('net.up sets a link up and down again, and records no change for a link that is up', async () => {
    const before = networkState();
    const input = { link: 't_host' };
    const { record, found } = await carryOut(setLinkUp, input, context());
    expect(found).toBe('absent');
    expect((await carryOut(setLinkUp, input, context(), record)).found).toBe('ours');
    expect(await carryOut(setLinkUp, input, context())).toMatchObject({ found: 'unchanged', record: null });
    await undoTwice(setLinkUp, record);
    expect(networkState()).toEqual(before);
    ip('link', 'set', 'dev', 't_host', ...others);
    await refused(carryOut(setLinkUp, input, context()), 'E_LINK_IN_USE');
  });

  it('net.address adds and removes an address, and adopts only one that its own intent recorded', async () => {
    ip('link', 'set', 't_cont', 'netns', String(container.handle.pid));
    const before = networkState(container.ip);
    const input = { link: 't_cont', address: '172.20.0.100/16', in: container.handle };
    const { record, output, found } = await carryOut(addAddress, input, context());
    expect(found).toBe('absent');
    expect(output).toEqual({ link: 't_cont', address: '172.20.0.100/16' });
    expect((await carryOut(addAddress, input, context(), record)).found).toBe('ours');
    expect(await carryOut(addAddress, input, context())).toMatchObject({ found: 'unchanged', record: null });
    await refused(carryOut(addAddress, { ...input, link: 'lo' }, context()), 'E_ADDRESS_IN_USE');
    await refused(carryOut(addAddress, { ...input, address: '172.20.0.100/24' }, context()), 'E_ADDRESS_IN_USE');
    await undoTwice(addAddress, record);
    expect(networkState(container.ip)).toEqual(before);
  });

  it('net.address-removal removes an address and restores it exactly', async () => {
    const exact = ['broadcast', '10.12.0.200', 'scope', 'link', 'label', 't_cont:0', 'metric', '7', 'noprefixroute'];
    ip('link', 'set', 't_cont', 'netns', String(container.handle.pid));
    container.ip('address', 'add', '10.12.0.1/24', ...exact, 'dev', 't_cont');
    container.ip('address', 'add', 'fd00:12::1/64', 'dev', 't_cont', 'nodad');
    for (const address of ['10.12.0.1/24', 'fd00:12::1/64']) {
      const before = networkState(container.ip);
      const input = { link: 't_cont', address, in: container.handle };
      const { record, output, found } = await carryOut(removeAddress, input, context());
      expect([found, output]).toEqual(['absent', { link: 't_cont', address }]);
      expect(container.ip('address', 'show', 'dev', 't_cont')).not.toContain(address);
      expect((await carryOut(removeAddress, input, context(), record)).found).toBe('ours');
      expect(await carryOut(removeAddress, input, context())).toMatchObject({ found: 'unchanged', record: null });
      await undoTwice(removeAddress, record);
      expect(networkState(container.ip)).toEqual(before);
    }
  });

  it('net.address-removal refuses an address that the kernel would not remove alone, or that expires', async () => {
    ip('link', 'set', 't_cont', 'netns', String(container.handle.pid));
    container.ip('link', 'set', 't_cont', 'up');
    const remove = (address: string) =>
      carryOut(removeAddress, { link: 't_cont', address, in: container.handle }, context());
    container.ip('address', 'add', '10.12.0.1/24', 'dev', 't_cont');
    container.ip('route', 'add', '10.13.0.0/24', 'via', '10.12.0.9');
    await expect(remove('10.12.0.1/24'), 'the last one').rejects.toThrow('remove the route to 10.13.0.0/24 with it');
    container.ip('address', 'add', '10.14.0.1/24', 'dev', 't_cont');
    container.ip('route', 'add', '10.15.0.0/24', 'dev', 't_cont', 'src', '10.14.0.1');
    await expect(remove('10.14.0.1/24'), 'a source').rejects.toThrow('remove the route to 10.15.0.0/24 with it');
    container.ip('address', 'add', '10.12.0.2/24', 'dev', 't_cont');
    await expect(remove('10.12.0.1/24')).rejects.toThrow('10.12.0.2/24, which is secondary to it');
    container.ip('address', 'add', '10.16.0.1/24', 'dev', 't_cont', 'valid_lft', '1000', 'preferred_lft', '1000');
    await expect(remove('10.16.0.1/24')).rejects.toThrow('could not be restored exactly: valid_life_time');
    // The secondary address can be removed alone.
    const before = networkState(container.ip);
    const { record } = await carryOut(
      removeAddress,
      { link: 't_cont', address: '10.12.0.2/24', in: container.handle },
      context(),
    );
    await undoTwice(removeAddress, record);
    expect(expiring(networkState(container.ip))).toEqual(expiring(before));
  });

  it('are gone with the namespace of the container', async () => {
    const inContainer = { link: 'eth1', in: container.handle };
    const made = [
      [moveLink, (await carryOut(moveLink, { link: 't_cont', to: container.handle, name: 'eth1' }, context())).record],
      [addAddress, (await carryOut(addAddress, { ...inContainer, address: '10.9.0.1/24' }, context())).record],
      [removeAddress, (await carryOut(removeAddress, { ...inContainer, address: '10.9.0.1/24' }, context())).record],
      [setLinkUp, (await carryOut(setLinkUp, inContainer, context())).record],
      [renameLink, (await carryOut(renameLink, { ...inContainer, name: 'eth2' }, context())).record],
    ] as const;
    await container.remove();
    for (const [actor, record] of made) {
      const { kind, behaviour } = actor.runner;
      if (behaviour.type !== 'change') throw new Error(kind);
      expect(await behaviour.inspect(record, context()), kind).toMatchObject({ found: 'gone' });
      await behaviour.undo(record, context());
    }
  });
});

function masterOf(name: string): string | undefined {
  const [link]: { master?: string }[] = JSON.parse(ip('-json', 'link', 'show', 'dev', name));
  return link?.master;
}

async function undoTwice(actor: { readonly runner: StepRunner }, record: Json): Promise<void> {
  const { behaviour, kind } = actor.runner;
  if (behaviour.type !== 'change') throw new Error(kind);
  expect(await behaviour.inspect(record, context())).toEqual({ found: 'in place' });
  await behaviour.undo(record, context());
  expect(await behaviour.inspect(record, context())).toMatchObject({ found: 'gone' });
  await behaviour.undo(record, context());
}

async function refused(attempt: Promise<unknown>, code: string): Promise<void> {
  await expect(attempt).rejects.toMatchObject({ code });
}

/** A link that was moved away and back may have another place in the list. */
function byName(state: unknown): unknown {
  const { links, ...rest } = Object(state);
  return { ...rest, links: [...links].sort((a, b) => a.ifname.localeCompare(b.ifname)) };
}

/** Removes the remaining seconds of an address. */
function expiring(state: unknown): unknown {
  const drop = (key: string, value: unknown) => (/_life_time$/.test(key) ? undefined : value);
  return JSON.parse(JSON.stringify(state, drop));
}

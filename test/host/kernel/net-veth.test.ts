import { statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createVethPair } from '../../../src/steps/net/index.ts';
import {
  describeOwnNetwork,
  eventually,
  ip,
  networkState,
  type TestContainer,
  testContainer,
} from '../../support/host/own-network.ts';
import { carryOut, changeOf } from '../../support/in-process/carry-out.ts';
import { testContext } from '../../support/in-process/step-context.ts';

const NAMES = ['t_host', 't_cont'];
const input = { name: 't_host', peer: 't_cont', mtu: 1400 };
const veth = changeOf(createVethPair);
const context = () => testContext({ run: 'vethrun', step: 'makePair' });

function links(): Record<string, { ifindex: number; ifalias?: string; address: string; mtu: number; ifname: string }> {
  const all: { ifname: string; ifindex: number; ifalias?: string; address: string; mtu: number }[] = JSON.parse(
    ip('-json', 'link', 'show'),
  );
  return Object.fromEntries(all.map((link) => [link.ifname, link]));
}

function removeLinks(): void {
  for (const name of NAMES) if (links()[name] !== undefined) ip('link', 'delete', name);
}

describeOwnNetwork('net.veth', () => {
  beforeEach(removeLinks);
  afterEach(removeLinks);

  it('makes a marked pair with the requested MTU, and undo restores the host', async () => {
    const before = networkState();
    const made = await carryOut(createVethPair, input, context());
    expect(made.found).toBe('absent');
    const found = links();
    expect(found['t_host']).toMatchObject({ ifalias: 'wf.run=vethrun', mtu: 1400, address: made.output.mac });
    expect(found['t_cont']).toMatchObject({ ifalias: 'wf.run=vethrun', mtu: 1400, ifindex: made.output.peer.ifindex });
    expect(await veth.inspect(made.record, context())).toEqual({ found: 'in place' });
    await veth.undo(made.record, context());
    expect(await veth.inspect(made.record, context())).toMatchObject({ found: 'gone' });
    expect(networkState()).toEqual(before);
    await veth.undo(made.record, context());
    expect(networkState()).toEqual(before);
  });

  it('adopts a pair with its own mark, and makes no second one', async () => {
    const first = await carryOut(createVethPair, input, context());
    const before = networkState();
    expect((await carryOut(createVethPair, input, context())).found).toBe('ours');
    expect((await carryOut(createVethPair, input, context(), first.record)).output).toEqual(first.output);
    expect(networkState()).toEqual(before);
  });

  describe('a foreign link of the name', () => {
    const foreign: [string, string[]][] = [
      ['unmarked', []],
      ['marked by another run', ['alias', 'wf.run=otherrun']],
    ];
    it.each(foreign)('is refused and not touched if it is %s', async (_title, words) => {
      ip('link', 'add', 't_host', 'type', 'veth', 'peer', 'name', 't_cont');
      if (words.length > 0) for (const name of NAMES) ip('link', 'set', 'dev', name, ...words);
      const before = networkState();
      await expect(carryOut(createVethPair, input, context())).rejects.toMatchObject({ code: 'E_LINK_IN_USE' });
      // An intent of the run does not make the link its own.
      const intent = { ...intended(), mtu: null };
      await expect(carryOut(createVethPair, input, context(), intent)).rejects.toMatchObject({ code: 'E_LINK_IN_USE' });
      await veth.undo(intent, context());
      expect(networkState()).toEqual(before);
    });

    it('is refused if the name is an alternative name', async () => {
      ip('link', 'add', 't_other', 'type', 'bridge');
      ip('link', 'property', 'add', 'dev', 't_other', 'altname', 't_cont');
      try {
        await expect(carryOut(createVethPair, input, context())).rejects.toMatchObject({ code: 'E_LINK_IN_USE' });
      } finally {
        ip('link', 'delete', 't_other');
      }
    });
  });

  it('completes a pair that wf created but had not yet marked when it was killed', async () => {
    const intent = await firstIntent();
    ip(...pairWithAddresses(intent));
    const resumed = await carryOut(createVethPair, input, context(), intent);
    expect(resumed.found).toBe('partial');
    expect(links()['t_host']?.ifalias).toBe('wf.run=vethrun');
    expect(links()['t_cont']?.ifalias).toBe('wf.run=vethrun');
    await veth.undo(resumed.record, context());
    expect(links()['t_host']).toBeUndefined();
  });

  it('undoes a pair that wf created but had not yet marked when it was killed', async () => {
    const intent = await firstIntent();
    ip(...pairWithAddresses(intent));
    expect(await veth.inspect(intent, context())).toEqual({ found: 'in place' });
    await veth.undo(intent, context());
    expect(Object.keys(links())).not.toContain('t_host');
  });

  it('removes both ends if one was renamed and the other is in a container', async () => {
    const container = await testContainer('peer');
    try {
      const made = await carryOut(createVethPair, input, context());
      ip('link', 'set', 't_cont', 'netns', String(container.handle.pid));
      ip('link', 'set', 't_host', 'name', 't_renamed');
      await veth.undo(made.record, context());
      expect(Object.keys(links())).not.toContain('t_renamed');
      expect(container.ip('link', 'show')).not.toContain('t_cont');
    } finally {
      await container.remove();
    }
  });

  it('is gone with the namespace of one end', async () => {
    const container: TestContainer = await testContainer('short-lived');
    const made = await carryOut(createVethPair, input, context());
    ip('link', 'set', 't_cont', 'netns', String(container.handle.pid));
    await container.remove();
    await eventually(() => links()['t_host'] === undefined);
    expect(await veth.inspect(made.record, context())).toMatchObject({ found: 'gone' });
    await veth.undo(made.record, context());
  });
});

interface Intent {
  readonly first: { readonly mac: string };
  readonly second: { readonly mac: string };
}

async function firstIntent(): Promise<Intent & { readonly [key: string]: never }> {
  const seen = await veth.observe(createVethPair.runner.parseInput(input), context(), undefined);
  if (seen.found !== 'absent') throw new Error(`expected absent, found ${seen.found}`);
  return JSON.parse(JSON.stringify(seen.record));
}

function pairWithAddresses({ first, second }: Intent): string[] {
  const peer = ['type', 'veth', 'peer', 'name', 't_cont', 'address', second.mac, 'mtu', '1400'];
  return ['link', 'add', 't_host', 'address', first.mac, 'mtu', '1400', ...peer];
}

function intended() {
  return {
    place: { type: 'host', inode: statSync('/proc/self/ns/net').ino, holder: null },
    alias: 'wf.run=vethrun',
    mtu: 1400,
    first: { name: 't_host', mac: '02:00:00:00:00:01', ifindex: null },
    second: { name: 't_cont', mac: '02:00:00:00:00:02', ifindex: null },
  };
}

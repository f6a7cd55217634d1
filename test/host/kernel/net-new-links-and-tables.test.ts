import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Json } from '../../../src/engine/model/json.ts';
import type { StepActor } from '../../../src/engine/workflow/define-step.ts';
import type { StepRunner } from '../../../src/engine/workflow/step.ts';
import { addForwardingEntry, addRule, createLink, linkKind, setLinkMtu } from '../../../src/steps/net/index.ts';
import { bridge, describeOwnNetwork, ip, ipBatch, networkState } from '../../support/host/own-network.ts';
import { type CarriedOut, carryOut, changeOf } from '../../support/in-process/carry-out.ts';
import { testContext } from '../../support/in-process/step-context.ts';
import { endsWithin, stopEverywhere } from '../../support/in-process/stopped.ts';
import { inTurn } from '../../support/rotation.ts';

const RUN = 'tablerun';
const context = () => testContext({ run: RUN, step: 'change' });
const NAMES = ['t_top', 't_new', 't_vx', 't_br', 't_one', 't_odd'];
const FLOOD = '00:00:00:00:00:00';
const MAC = '02:00:00:00:00:77';

/** The links, the routes, the rules, and the configured forwarding entries of bridges and tunnels. */
function state(): unknown {
  const entries: { mac: string; ifname: string; state?: string; master?: string; dst?: string }[] = JSON.parse(
    bridge('-json', 'fdb', 'show') || '[]',
  );
  return {
    ...Object(networkState()),
    rules: [ip('-4', 'rule', 'show'), ip('-6', 'rule', 'show')],
    entries: entries
      .filter((one) => (one.master ?? one.dst) !== undefined && one.state !== '')
      .map(sortedText)
      .sort(),
  };
}

const sortedText = (value: object) => JSON.stringify(Object.entries(value).sort());

describeOwnNetwork('net.link, net.mtu, net.fdb and net.rule', () => {
  async function world(): Promise<void> {
    // The bridge has its own MAC address: without one, it takes that of its first port.
    ipBatch([
      'link add t_br address 02:00:00:00:00:b0 type bridge',
      'link add t_one address 02:00:00:00:00:b1 type veth peer name t_two address 02:00:00:00:00:b3',
      'link set t_one master t_br',
      'link add t_vx address 02:00:00:00:00:b2 type vxlan id 7 dstport 4789 local 10.9.0.1',
    ]);
  }
  async function removeWorld(): Promise<void> {
    const rules = ['rule delete priority 700', 'rule delete priority 700'];
    ipBatch([...NAMES.map((name) => `link delete ${name}`), ...rules]);
    ipBatch(rules, '-6');
  }
  beforeEach(world);
  afterEach(removeWorld);

  const subnets = { from: '10.7.0.0/16', to: '10.7.9.9/32', iif: 't_one', oif: 't_br', fwmark: 0x10 };
  const bridgeLink = {
    name: 't_new',
    kind: 'bridge',
    options: ['stp_state', '1'],
    mtu: 1400,
    mac: '02:00:00:00:00:c0',
  };
  const cases: readonly (readonly [title: string, one: Case])[] = [
    [
      'net.link: a bridge with options',
      made(
        createLink,
        bridgeLink,
        () => ip('-details', 'link', 'show', 't_new'),
        /mtu 1400 .* group default [\s\S]*02:00:00:00:00:c0[\s\S]* stp_state 1 [\s\S]*alias wf\.run=tablerun/,
        2,
      ),
    ],
    [
      'net.link: a macvlan on a bridge',
      made(
        createLink,
        { name: 't_new', kind: 'macvlan', parent: 't_br', options: ['mode', 'bridge'] },
        () => ip('-details', 'link', 'show', 't_new'),
        /t_new@t_br: .* group default [\s\S]* macvlan mode bridge [\s\S]*alias wf\.run=tablerun/,
        2,
      ),
    ],
    [
      'net.link: a VXLAN link over another link',
      made(
        createLink,
        { name: 't_new', kind: 'vxlan', parent: 't_br', options: ['id', '9', 'dstport', '4790'] },
        () => ip('-details', 'link', 'show', 't_new'),
        / vxlan id 9 dev t_br .*dstport 4790 [\s\S]*alias wf\.run=tablerun/,
        2,
      ),
    ],
    ['net.mtu', made(setLinkMtu, { link: 't_one', mtu: 1300 }, () => ip('link', 'show', 't_one'), / mtu 1300 /, 1)],
    [
      'net.fdb: flooding to a tunnel end',
      made(
        addForwardingEntry,
        { link: 't_vx', mac: FLOOD, dst: '10.9.0.2' },
        () => bridge('fdb', 'show', 'dev', 't_vx'),
        /^00:00:00:00:00:00 dst 10\.9\.0\.2 self permanent$/m,
        1,
      ),
    ],
    [
      'net.fdb: an address at a tunnel end',
      made(
        addForwardingEntry,
        { link: 't_vx', mac: MAC, dst: '10.9.0.2' },
        () => bridge('fdb', 'show', 'dev', 't_vx'),
        /^02:00:00:00:00:77 dst 10\.9\.0\.2 self permanent$/m,
        1,
      ),
    ],
    [
      'net.fdb: an address behind a port',
      made(
        addForwardingEntry,
        { link: 't_one', mac: MAC },
        () => bridge('fdb', 'show', 'dev', 't_one'),
        /^02:00:00:00:00:77 master t_br static$/m,
        1,
      ),
    ],
    [
      'net.rule: every selector',
      made(
        addRule,
        { priority: 700, ...subnets, action: { table: 254 } },
        () => ip('rule', 'show', 'priority', '700'),
        /from 10\.7\.0\.0\/16 to 10\.7\.9\.9 fwmark 0x10 iif t_one oif t_br lookup main proto 119/,
        1,
      ),
    ],
    [
      'net.rule: IPv6, without a table',
      made(
        addRule,
        { priority: 700, family: 'inet6', from: 'fd00:7::/32', action: 'unreachable' },
        () => ip('-6', 'rule', 'show', 'priority', '700'),
        /from fd00:7::\/32 unreachable proto 119/,
        1,
      ),
    ],
  ];

  it.each(inTurn(cases, 5))(
    '%s is applied, resumed and undone after a stop at any touch',
    async (_title, { actor, input, shows, expected, touches }) => {
      const stops = await stopEverywhere(
        {
          actor,
          async prepare() {
            await world();
            return input;
          },
          remove: removeWorld,
          state: async () => state(),
          expectMade: async () => expect(shows()).toMatch(expected),
          context,
        },
        (after, before, what) => expect(after, what).toEqual(before),
      );
      expect([stops.resumed, stops.undoneAgain]).toEqual([touches, 1]);
    },
  );

  it.each(cases)('%s: an object of somebody else is left', async (_title, { actor, input, carryOut: again }) => {
    const { record } = await again();
    const other = testContext({ run: 'otherrun', step: 'change' });
    const before = state();
    const seen = await changeOf(actor).observe(actor.runner.parseInput(input), other, undefined);
    // A link and a rule carry the mark of wf. An object without a mark is as requested, and not for wf to undo.
    const isMarked = ['net.link', 'net.rule'].includes(actor.runner.kind);
    expect(seen).toMatchObject(isMarked ? { found: 'foreign', error: { code: /_IN_USE$/ } } : { found: 'unchanged' });
    expect(state()).toEqual(before);
    expect((await again(record)).found).toBe('ours');
    await changeOf(actor).undo(record, context());
  });

  describe('net.link', () => {
    const { observe, apply, inspect, undo } = changeOf(createLink);
    const input = createLink.runner.parseInput(bridgeLink);

    it('recognizes its unmarked link by its group, and no other', async () => {
      const seen = await observe(input, context(), undefined);
      if (seen.found !== 'absent') throw new Error(seen.found);
      expect(await endsWithin(1, context(), (own) => apply(input, seen.record, 'absent', own))).toBe(false);
      expect(ip('link', 'show', 't_new')).not.toContain('alias');
      expect(await observe(input, context(), seen.record)).toMatchObject({ found: 'partial' });
      ip('link', 'set', 't_new', 'name', 't_odd');
      expect(await inspect(seen.record, context())).toEqual({ found: 'in place' });
      await undo(seen.record, context());
      expect(ip('link', 'show')).not.toContain('t_odd');

      ip('link', 'add', 't_new', 'type', 'bridge');
      const before = state();
      expect(await observe(input, context(), seen.record)).toMatchObject({ found: 'foreign' });
      expect(await inspect(seen.record, context())).toMatchObject({ found: 'gone' });
      await undo(seen.record, context());
      expect(state()).toEqual(before);
    });

    it('does not delete a link that took its name and its index', async () => {
      const { record, output } = await carryOut(createLink, bridgeLink, context());
      ip('link', 'delete', 't_new');
      ip('link', 'add', 't_new', 'index', String(output.ifindex), 'type', 'bridge');
      expect(await inspect(record, context())).toMatchObject({ found: 'gone' });
      await undo(record, context());
      expect(ip('link', 'show', 't_new')).toContain('t_new');
    });

    it.each([
      ['a port of it', ['link', 'set', 't_two', 'master', 't_new'], /t_two.* is a port of it/],
      ['on top of it', 'link add t_top link t_new type macvlan'.split(' '), /t_top.* is on top of it/],
    ])('is not undone while a foreign link is %s', async (_title, use, message) => {
      const { record } = await carryOut(createLink, bridgeLink, context());
      ip(...use);
      const before = state();
      await expect(undo(record, context())).rejects.toMatchObject({
        code: 'E_LINK_IN_USE',
        message: expect.stringMatching(message),
      });
      expect(state()).toEqual(before);
    });

    it('refuses options that name another link, kinds of two ends, and a missing parent', () => {
      const refused = (over: object) => () => createLink.runner.parseInput({ name: 't_new', kind: 'bridge', ...over });
      expect(refused({ options: ['dev', 'eth0'] })).toThrow(/"dev" names another link/);
      expect(refused({ options: ['x'.repeat(65)] })).toThrow(/at most 64/);
      expect(refused({ options: ['-4'] })).toThrow(/letters, digits/);
      expect(refused({ kind: 'veth' })).toThrow(/net\.veth/);
      expect(refused({ kind: 'vlan', options: ['id', '5'] })).toThrow(/needs a parent/);
    });

    it('reports which kinds this kernel lacks, and tries them without touching anything', async () => {
      const before = state();
      const { host } = context();
      expect(await linkKind('bridge', ['stp_state', '1']).check(host)).toMatchObject({ met: true });
      expect(await linkKind('macvlan', ['mode', 'bridge']).check(host)).toMatchObject({ met: true });
      const error = { code: 'E_KERNEL', message: expect.stringContaining('the kind nosuchkind: ') };
      expect(await linkKind('nosuchkind').check(host)).toMatchObject({ met: false, error });
      await expect(carryOut(createLink, { name: 't_new', kind: 'nosuchkind' }, context())).rejects.toMatchObject({
        code: 'E_HOST_COMMAND',
      });
      expect(state()).toEqual(before);
    });
  });

  describe('net.mtu', () => {
    it('refuses to undo or repeat a change after somebody else has changed the value', async () => {
      const { record } = await carryOut(setLinkMtu, { link: 't_one', mtu: 1300 }, context());
      ip('link', 'set', 't_one', 'mtu', '1200');
      const { inspect, undo, observe } = changeOf(setLinkMtu);
      const error = { code: 'E_FOREIGN', message: expect.stringContaining('from 1500 to 1300') };
      expect(await inspect(record, context())).toMatchObject({ found: 'unknown', error });
      const input = setLinkMtu.runner.parseInput({ link: 't_one', mtu: 1300 });
      expect(await observe(input, context(), record)).toMatchObject({ found: 'foreign', error });
      await undo(record, context());
      expect(ip('link', 'show', 't_one')).toContain('mtu 1200');
    });

    it('of a port moves that of its bridge, and back', async () => {
      const { record } = await carryOut(setLinkMtu, { link: 't_one', mtu: 1300 }, context());
      expect(ip('link', 'show', 't_br')).toContain('mtu 1300');
      expect(record).toMatchObject({ bridge: 't_br' });
      await changeOf(setLinkMtu).undo(record, context());
      expect(ip('link', 'show', 't_br')).toContain('mtu 1500');
    });

    it('refuses an MTU that it could not restore: of a bridge, and of a link below others', async () => {
      ip(...'link add t_top link t_two type macvlan'.split(' '));
      const before = state();
      for (const [link, message] of [
        ['t_br', /is a bridge/],
        ['t_two', /t_top on the host is on top of t_two/],
      ] as const) {
        await expect(carryOut(setLinkMtu, { link, mtu: 1300 }, context())).rejects.toMatchObject({
          code: 'E_STEP_FAILED',
          message: expect.stringMatching(message),
        });
      }
      expect(state()).toEqual(before);
    });
  });

  describe('net.fdb', () => {
    it('replaces a learned entry, and refuses one that somebody has set elsewhere', async () => {
      const entry = { link: 't_one', mac: MAC };
      ipBatch(['t_br', 't_one', 't_two'].map((name) => `link set ${name} up`));
      // A port learns once its state is forwarding, a moment after it is up.
      await vi.waitFor(() => bridge('fdb', 'add', MAC, 'dev', 't_one', 'master', 'dynamic'), 10_000);
      const { record } = await carryOut(addForwardingEntry, entry, context());
      await changeOf(addForwardingEntry).undo(record, context());
      ip('link', 'set', 't_vx', 'master', 't_br');
      bridge('fdb', 'add', MAC, 'dev', 't_vx', 'master', 'static');
      const error = { code: 'E_ADDRESS_IN_USE', message: expect.stringContaining('behind t_vx (static)') };
      await expect(carryOut(addForwardingEntry, entry, context())).rejects.toMatchObject(error);
      // Somebody else has moved the entry since, and now owns it.
      expect(await changeOf(addForwardingEntry).inspect(record, context())).toMatchObject({ found: 'gone' });
      await changeOf(addForwardingEntry).undo(record, context());
      expect(bridge('fdb', 'show', 'dev', 't_vx')).toContain(`${MAC} master t_br static`);
    });

    it('keeps the other tunnel ends of the flooding', async () => {
      bridge('fdb', 'append', FLOOD, 'dev', 't_vx', 'dst', '10.9.0.8', 'self', 'permanent');
      const before = state();
      const { record } = await carryOut(addForwardingEntry, { link: 't_vx', mac: FLOOD, dst: '10.9.0.2' }, context());
      await changeOf(addForwardingEntry).undo(record, context());
      expect(state()).toEqual(before);
    });

    it.each([
      [{ link: 't_two', mac: MAC }, /is no port of a bridge/],
      [{ link: 't_one', mac: MAC, dst: '10.9.0.2' }, /is no VXLAN link/],
    ])('refuses a link that has no such table: %o', async (input, message) => {
      await expect(carryOut(addForwardingEntry, input, context())).rejects.toMatchObject({
        code: 'E_STEP_FAILED',
        message: expect.stringMatching(message),
      });
    });
  });

  describe('net.rule', () => {
    const rule = { priority: 700, from: '10.7.0.0/16', action: { table: 77 } } as const;

    it('refuses a priority that is taken, and leaves an equal rule of somebody else', async () => {
      const add = (...words: string[]) => ip('rule', 'add', 'priority', '700', ...words);
      add('from', '10.7.0.0/16', 'table', '77');
      expect((await carryOut(addRule, rule, context())).found).toBe('unchanged');
      add('from', '10.6.0.0/16', 'table', '77');
      await expect(carryOut(addRule, rule, context())).rejects.toMatchObject({ code: 'E_ROUTE_IN_USE' });
    });

    it('does not delete a rule that has more attributes than its own', async () => {
      const { record } = await carryOut(addRule, rule, context());
      ip('rule', 'delete', 'priority', '700');
      ip(...'rule add priority 700 from 10.7.0.0/16 iif t_one table 77 protocol 119'.split(' '));
      const { inspect, undo } = changeOf(addRule);
      expect(await inspect(record, context())).toMatchObject({ found: 'gone' });
      await expect(undo(record, context())).rejects.toMatchObject({ code: 'E_ROUTE_IN_USE' });
      expect(ip('rule', 'show', 'priority', '700')).toContain('iif t_one');

      ip('rule', 'delete', 'priority', '700');
      ip(...'rule add priority 700 from 10.7.0.0/16 table 77 protocol static'.split(' '));
      expect(await inspect(record, context())).toMatchObject({ found: 'gone' });
      await undo(record, context());
      expect(ip('rule', 'show', 'priority', '700')).toContain('proto static');
    });
  });
});

interface Case {
  readonly actor: { readonly runner: StepRunner };
  readonly input: unknown;
  carryOut(earlier?: Json): Promise<CarriedOut<unknown>>;
  readonly shows: () => string;
  readonly expected: RegExp;
  /** The number of touches of apply. */
  readonly touches: number;
}

function made<Input, Output>(
  actor: StepActor<Input, Output>,
  input: Input,
  shows: () => string,
  expected: RegExp,
  touches: number,
): Case {
  return { actor, input, carryOut: (earlier) => carryOut(actor, input, context(), earlier), shows, expected, touches };
}

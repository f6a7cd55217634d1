import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../../../src/engine/model/json.ts';
import type { CommandPort } from '../../../src/engine/ports/command.ts';
import type { StepActor } from '../../../src/engine/workflow/define-step.ts';
import { createFiles } from '../../../src/host/files/create-files.ts';
import {
  addIptablesRule,
  addNftRule,
  createNftTable,
  observeIptablesCounters,
  observeNftCounters,
  persistSysctl,
  qdiscAvailable,
  setQdisc,
  setSysctl,
} from '../../../src/steps/index.ts';
import { HAS_NFT } from '../../support/host/nft.ts';
import { describeOwnNetwork, type TestContainer, testContainer } from '../../support/host/own-network.ts';
import { carryOut, changeOf, readWith } from '../../support/in-process/carry-out.ts';
import { testContext } from '../../support/in-process/step-context.ts';

const MARK = 'wf:kernelrun:change';
const INPUT = { family: 'ipv4' as const, chain: 'INPUT', position: 'insert' as const };
const context = (step = 'change') => testContext({ run: 'kernelrun', step });

describeOwnNetwork('changes to the kernel', () => {
  let container: TestContainer;
  const inside = (program: string, ...args: string[]) => {
    const nsenter = [`--net=${container.handle.namespace.path}`, program, ...args];
    return execFileSync('nsenter', nsenter, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  };
  beforeEach(async () => {
    container = await testContainer('Lab');
    container.ip('link', 'add', 'lan0', 'type', 'bridge');
    container.ip('link', 'set', 'lan0', 'up');
  });
  afterEach(() => container.remove());

  /** Makes a change, and returns the operations of a later process on its record. */
  async function made<Input, Output>(actor: StepActor<Input, Output>, input: Input) {
    const { record, output } = await carryOut(actor, input, context());
    const { inspect, undo, observe } = changeOf(actor);
    return {
      record,
      output,
      observe: () => observe(actor.runner.parseInput(input), context(), record),
      inspect: () => inspect(record, context()),
      /** Inspects while each command fails. */
      inspectWith(exitCode: number) {
        const { host, ...others } = context();
        const failing: CommandPort = {
          run: async (...args) => ({ ...(await host.command.run(...args)), end: { type: 'exited', exitCode } }),
        };
        return inspect(record, { ...others, host: { ...host, command: failing } });
      },
      undo: (of: Json = record) => undo(of, context()),
    };
  }

  /** Expects that observe, inspect and undo leave the later change of somebody else. */
  async function isLeft(change: Awaited<ReturnType<typeof made>>, message: RegExp, state: () => string): Promise<void> {
    const before = state();
    expect(await change.observe()).toMatchObject({ found: 'foreign', error: { code: 'E_FOREIGN' } });
    expect(await change.inspect()).toMatchObject({
      found: 'unknown',
      error: { message: expect.stringMatching(message) },
    });
    await expect(change.undo()).rejects.toMatchObject({ code: 'E_FOREIGN' });
    expect(state()).toBe(before);
  }

  it.each([
    ['sysctl.set', [2], () => made(setSysctl, { name: 'net.ipv4.ip_forward', value: 1, in: container.handle })],
    // `-C` exits with 1 for an absent rule, and for many other reasons.
    ['iptables.rule', [1, 2], () => made(addIptablesRule, { ...INPUT, rule: ['-j', 'RETURN'], in: container.handle })],
  ])('a failed inspection is not taken for absence: %s', async (_kind, exitCodes, make) => {
    const change = await make();
    for (const exitCode of exitCodes) expect(await change.inspectWith(exitCode)).toMatchObject({ found: 'unknown' });
    await change.undo();
  });

  describe('sysctl.set', () => {
    const value = (path: string) => inside('cat', `/proc/sys/${path}`);
    const set = (name: string, wanted: string | number) =>
      made(setSysctl, { name, value: wanted, in: container.handle });

    it('restores the earlier value exactly as the kernel printed it, with its tabs, only in that namespace', async () => {
      const [before, outside] = [
        value('net/ipv4/tcp_rmem'),
        execFileSync('cat', ['/proc/sys/net/ipv4/tcp_rmem'], { encoding: 'utf8' }),
      ];
      const change = await set('net.ipv4.tcp_rmem', '4096 131072 4194304');
      expect(change.output).toEqual({
        name: 'net.ipv4.tcp_rmem',
        value: '4096\t131072\t4194304',
        previous: before.trimEnd(),
      });
      expect(value('net/ipv4/tcp_rmem')).toBe('4096\t131072\t4194304\n');
      expect(execFileSync('cat', ['/proc/sys/net/ipv4/tcp_rmem'], { encoding: 'utf8' })).toBe(outside);
      await change.undo();
      expect(value('net/ipv4/tcp_rmem')).toBe(before);
      expect(await change.inspect()).toMatchObject({ found: 'gone' });
    });

    it('restores an empty value, and one of a link whose name has a dot', async () => {
      container.ip('link', 'add', 'lan0.5', 'type', 'bridge');
      const changes = [
        await set('net.ipv4.ip_local_reserved_ports', '8080'),
        await set('net/ipv4/conf/lan0.5/proxy_arp', 1),
      ];
      expect(changes[1]?.output.name).toBe('net.ipv4.conf.lan0/5.proxy_arp');
      for (const change of changes) await change.undo();
      expect([value('net/ipv4/ip_local_reserved_ports'), value('net/ipv4/conf/lan0.5/proxy_arp')]).toEqual([
        '\n',
        '0\n',
      ]);
    });

    it('leaves a value that somebody else has set since', async () => {
      const change = await set('net.ipv4.conf.lan0.rp_filter', 1);
      inside('sysctl', '-qw', 'net.ipv4.conf.lan0.rp_filter=2');
      await isLeft(change, /rp_filter is "2" in Lab: .* set it to "1"/, () => value('net/ipv4/conf/lan0/rp_filter'));
    });

    it('is gone with its link, and does nothing if the value is as requested', async () => {
      const change = await set('net.ipv4.conf.lan0.proxy_arp', 1);
      const again = await carryOut(
        setSysctl,
        { name: 'net.ipv4.conf.lan0.proxy_arp', value: '1', in: container.handle },
        context('b'),
      );
      expect(again.found).toBe('unchanged');
      container.ip('link', 'delete', 'lan0');
      expect(await change.inspect()).toMatchObject({ found: 'gone' });
      await change.undo();
    });

    it.each([
      ['a value that the kernel refuses', 'net.ipv4.ip_forward', 'abc', 'E_HOST_COMMAND'],
      [
        'a value that the kernel converts to another one',
        'net.ipv4.ip_local_reserved_ports',
        '8081,8080',
        'E_STEP_FAILED',
      ],
      ['a setting that does not exist', 'net.ipv4.no_such', '1', 'E_STEP_FAILED'],
      ['a setting of the whole machine in a namespace', 'vm.swappiness', '60', 'E_STEP_FAILED'],
      ['what removes addresses', 'net.ipv6.conf.lan0.disable_ipv6', '1', 'E_STEP_FAILED'],
    ])('refuses %s, and changes nothing', async (_what, name, wanted, code) => {
      const state = () => inside('sh', '-c', 'cat /proc/sys/net/ipv4/ip_* /proc/sys/vm/swappiness 2>&1');
      const before = state();
      await expect(set(name, wanted)).rejects.toMatchObject({ code });
      expect(state()).toBe(before);
    });

    it('sysctl.persist writes its own file, and leaves one that somebody has edited', async () => {
      const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'sysctl-')));
      try {
        mkdirSync(path.join(root, 'etc/sysctl.d'), { recursive: true });
        const files = createFiles(() => root, path.join(root, 'kept'));
        const input = { name: 'net/ipv4/conf/lan0.5/proxy_arp', value: 1 };
        const { inspect, undo } = changeOf(persistSysctl);
        const on = (step: string) => testContext({ run: 'kernelrun', step, host: { files } });
        const { record, output } = await carryOut(persistSysctl, input, on('one'));
        expect(output).toEqual({ path: '/etc/sysctl.d/60-wf-net.ipv4.conf.lan0_5.proxy_arp.conf' });
        const file = path.join(root, output.path);
        expect(readFileSync(file, 'utf8')).toBe('# Written by wf\nnet.ipv4.conf.lan0/5.proxy_arp = 1\n');
        await expect(carryOut(persistSysctl, input, on('two'))).rejects.toMatchObject({ code: 'E_NAME_IN_USE' });
        appendFileSync(file, '# mine\n');
        expect(await inspect(record, on('one'))).toMatchObject({ found: 'unknown', error: { code: 'E_FILE_CHANGED' } });
        await expect(undo(record, on('one'))).rejects.toMatchObject({ code: 'E_FILE_CHANGED' });
        writeFileSync(file, '# Written by wf\nnet.ipv4.conf.lan0/5.proxy_arp = 1\n');
        await undo(record, on('one'));
        expect(readdirSync(path.dirname(file))).toEqual([]);
      } finally {
        rmSync(root, { recursive: true });
      }
    });

    it('refuses forwarding by IPv6 only if it would remove the routes of a router', async () => {
      const name = 'net.ipv6.conf.all.forwarding';
      await (await set(name, 1)).undo();
      expect(value('net/ipv6/conf/all/forwarding')).toBe('0\n');
      container.ip('-6', 'route', 'add', 'default', 'via', 'fe80::1', 'dev', 'lan0', 'proto', 'ra');
      await expect(set(name, 1)).rejects.toMatchObject({
        message: expect.stringMatching(/remove routes of router advert/),
      });
      expect(value('net/ipv6/conf/all/forwarding')).toBe('0\n');
    });

    it('refuses a setting of the machine on a private host', async () => {
      const own = testContext();
      const { process } = container.handle.namespace;
      const host = { namespace: { ...own.host.namespace, holder: process } };
      const input = { name: 'vm.swappiness', value: 60 };
      await expect(carryOut(setSysctl, input, testContext({ host }))).rejects.toMatchObject({
        message: 'vm.swappiness is a setting of the whole machine: it cannot be set in a private host',
      });
      await expect(carryOut(persistSysctl, input, testContext({ host }))).rejects.toMatchObject({
        code: 'E_STEP_FAILED',
      });
    });
  });

  describe.skipIf(!HAS_NFT)('nftables', () => {
    const BODY =
      'set s {\n type ipv4_addr\n flags dynamic\n}\nchain input {\n type filter hook input priority 0;\n update @s { ip saddr }\n tcp dport 80 counter accept\n}';
    const THEIRS =
      'table inet theirs {\n chain input {\n type filter hook input priority 0;\n tcp dport 80 counter accept\n}\n}';
    const nft = (...args: string[]) => inside('nft', ...args);
    const listed = () => nft('-a', 'list', 'ruleset');
    const table = (name = 'lab') =>
      made(createNftTable, { family: 'inet', table: name, ruleset: BODY, in: container.handle });
    const ruleInput = (chain = 'input') => ({
      family: 'inet' as const,
      table: 'theirs',
      chain,
      rule: 'meta l4proto icmp counter accept',
      position: 'append' as const,
      in: container.handle,
    });

    it('nft.table ignores counts and learned members, and is deleted by its handle', async () => {
      nft(THEIRS);
      const before = listed();
      const change = await table();
      nft('add', 'element', 'inet', 'lab', 's', '{ 10.0.0.1 }');
      expect(await change.inspect()).toEqual({ found: 'in place' });
      await change.undo();
      expect(listed()).toBe(before);
    });

    it.each([
      ['edited it', () => nft('add', 'rule', 'inet', 'lab', 'input', 'drop'), /somebody else has edited it/],
      [
        'made it again from a listing',
        () => {
          const text = nft('list', 'table', 'inet', 'lab');
          nft('delete', 'table', 'inet', 'lab');
          execFileSync('nsenter', [`--net=${container.handle.namespace.path}`, 'nft', '-f', '-'], { input: text });
        },
        /recreated it \(handle \d+, not \d+\)/,
      ],
    ])('nft.table is left if somebody %s', async (_what, act, message) => {
      const change = await table();
      act();
      await isLeft(change, message, listed);
    });

    it('nft.table refuses a name in use, a faulty ruleset as a whole, and one that leaves its table', async () => {
      nft('add', 'table', 'inet', 'lab');
      const before = listed();
      await expect(table()).rejects.toMatchObject({
        code: 'E_NAME_IN_USE',
        message: expect.stringMatching(/wf did not create it/),
      });
      const faulty = { family: 'inet' as const, in: container.handle, table: 'other' };
      await expect(
        made(createNftTable, { ...faulty, ruleset: `${BODY}\nchain x { no such thing; }` }),
      ).rejects.toMatchObject({
        code: 'E_HOST_COMMAND',
      });
      for (const ruleset of ['} flush ruleset; table ip x {', 'include "/etc/passwd"', 'chain "a {', '# }\n{']) {
        await expect(made(createNftTable, { ...faulty, ruleset }), ruleset).rejects.toMatchObject({
          code: 'E_STEP_INPUT',
        });
      }
      expect(listed()).toBe(before);
    });

    it('nft.rule is found by comment and handle, at any position, and counts', async () => {
      nft(THEIRS);
      const before = listed();
      const change = await made(addNftRule, ruleInput());
      expect(change.output).toMatchObject({ comment: MARK, packets: 0, bytes: 0 });
      nft('insert', 'rule', 'inet', 'theirs', 'input', 'tcp dport 99 drop');
      inside('ping', '-c', '2', '-i', '0.01', '127.0.0.1');
      const { rule: _rule, position: _position, ...chain } = ruleInput();
      const counters = { ...chain, comment: MARK };
      expect(await readWith(observeNftCounters, { ...counters, moreThan: 0 }, context())).toEqual({
        packets: 4,
        bytes: 336,
      });
      await expect(readWith(observeNftCounters, { ...counters, moreThan: 4 }, context())).rejects.toMatchObject({
        code: 'E_NOT_PROVEN',
      });
      expect(await change.inspect()).toEqual({ found: 'in place' });
      await change.undo();
      expect(
        listed()
          .replace(/.*dport 99.*\n/, '')
          .replaceAll(/packets \d+ bytes \d+/g, 'packets 0 bytes 0'),
      ).toBe(before);
    });

    it('nft.rule is left if somebody replaced it or copied it, and gone with its chain', async () => {
      nft(THEIRS);
      const change = await made(addNftRule, ruleInput());
      const { handle } = change.output;
      nft('replace', 'rule', 'inet', 'theirs', 'input', 'handle', String(handle), `drop comment "${MARK}"`);
      await isLeft(change, /somebody else has (?:replaced|made) it/, listed);
      nft('add', 'rule', 'inet', 'theirs', 'input', `drop comment "${MARK}"`);
      expect(await change.inspect()).toMatchObject({
        found: 'unknown',
        error: { message: expect.stringMatching(/^2 rules of inet theirs input/) },
      });
      nft('delete', 'table', 'inet', 'theirs');
      expect(await change.inspect()).toMatchObject({ found: 'gone', reason: 'the chain inet theirs input is gone' });
      await change.undo();
    });

    it('nft.rule refuses a missing chain, a chain of iptables, and more than one rule', async () => {
      inside('iptables', '-A', 'INPUT', '-j', 'ACCEPT');
      const before = listed();
      await expect(made(addNftRule, ruleInput('nowhere'))).rejects.toMatchObject({ code: 'E_STEP_FAILED' });
      const ofIptables = { ...ruleInput('INPUT'), family: 'ip' as const, table: 'filter' };
      await expect(made(addNftRule, ofIptables)).rejects.toMatchObject({
        message: expect.stringMatching(/chain of iptables/),
      });
      for (const rule of [
        'accept; flush ruleset',
        'accept #',
        'accept\nflush ruleset',
        'log prefix "x',
        'accept }',
        ' ',
      ]) {
        await expect(made(addNftRule, { ...ruleInput(), rule }), rule).rejects.toMatchObject({ code: 'E_STEP_INPUT' });
      }
      expect(listed()).toBe(before);
    });
  });

  describe('iptables.rule', () => {
    const input = (rule: string[], chain = 'INPUT') => ({
      family: 'ipv4' as const,
      chain,
      rule,
      position: 'insert' as const,
      in: container.handle,
    });
    const listed = () => inside('iptables', '-S');

    it('deletes its own rule among equal ones, and counts', async () => {
      inside('iptables', '-A', 'INPUT', '-p', 'icmp', '-j', 'ACCEPT');
      const before = listed();
      const change = await made(addIptablesRule, input(['-p', 'icmp', '-s', '127.0.0.1', '-j', 'ACCEPT']));
      inside('ping', '-c', '1', '127.0.0.1');
      const counters = { family: 'ipv4' as const, chain: 'INPUT', comment: MARK, in: container.handle };
      expect(await readWith(observeIptablesCounters, { ...counters, moreThan: 0 }, context())).toEqual({
        packets: 2,
        bytes: 168,
      });
      inside('iptables', '-I', 'INPUT', '-p', 'icmp', '-s', '127.0.0.1', '-j', 'ACCEPT');
      await change.undo();
      expect(listed().replace(/.*127.*\n/, '')).toBe(before);
      expect(await change.inspect()).toMatchObject({ found: 'gone' });
    });

    it('is gone with its chain, and refuses a missing one', async () => {
      inside('iptables', '-N', 'MINE');
      const change = await made(addIptablesRule, input(['-j', 'RETURN'], 'MINE'));
      inside('iptables', '-F', 'MINE');
      expect(await change.inspect()).toEqual({ found: 'gone', reason: 'the rule is gone' });
      inside('iptables', '-X', 'MINE');
      expect(await change.inspect()).toEqual({ found: 'gone', reason: 'the chain MINE is gone' });
      await change.undo();
      await expect(made(addIptablesRule, input(['-j', 'RETURN'], 'MINE'))).rejects.toMatchObject({
        code: 'E_STEP_FAILED',
      });
    });

    it.each([
      [['-s', '10.0.0.1,10.0.0.2', '-j', 'ACCEPT']],
      [['-s', 'localhost', '-j', 'ACCEPT']],
      [['-s10.0.0.1', '-j', 'ACCEPT']],
      [['-j', 'ACCEPT', '-t', 'nat']],
      [['-j', 'ACCEPT', '--modprobe=/bin/sh']],
      [['-F']],
    ])('refuses %j', async (rule) => {
      await expect(made(addIptablesRule, input(rule))).rejects.toMatchObject({ code: 'E_STEP_INPUT' });
    });
  });

  describe('tc.qdisc', () => {
    const tc = (...args: string[]) => inside('tc', ...args);
    const qdiscs = () => tc('-j', 'qdisc', 'show', 'dev', 'lan0').replace(/"direct_packets_stat":\d+,/, '');
    const input = (kind: string, ...options: string[]) => ({ link: 'lan0', kind, options, in: container.handle });
    const htb = () => ({ ...input('htb', 'default', '10'), handle: '1:' });

    it('leaves an object that somebody has edited or attached to, and is undone once that change is gone', async () => {
      const before = qdiscs();
      const change = await made(setQdisc, htb());
      for (const [add, remove] of [
        [
          ['class', 'add', 'parent', '1:', 'classid', '1:10', 'htb', 'rate', '1mbit'],
          ['class', 'delete', 'classid', '1:10'],
        ],
        [
          [
            'filter',
            'add',
            'parent',
            '1:',
            'protocol',
            'ip',
            'u32',
            'match',
            'ip',
            'dport',
            '80',
            '0xffff',
            'flowid',
            '1:1',
          ],
          ['filter', 'delete', 'parent', '1:'],
        ],
      ]) {
        const typed = ([what, verb, ...words]: readonly string[] = []) =>
          tc(what ?? '', verb ?? '', 'dev', 'lan0', ...words);
        typed(add);
        await isLeft(
          change,
          /somebody else has edited it, or attached classes/,
          () => qdiscs() + tc('class', 'show', 'dev', 'lan0'),
        );
        typed(remove);
      }
      await change.undo();
      expect(qdiscs()).toBe(before);
    });

    it('leaves a qdisc that somebody set in its place, and is gone with its link', async () => {
      const change = await made(setQdisc, input('bfifo', 'limit', '9000'));
      tc('qdisc', 'replace', 'dev', 'lan0', 'root', 'handle', '7:', 'pfifo');
      await isLeft(change, /somebody else has set pfifo in its place/, qdiscs);
      container.ip('link', 'delete', 'lan0');
      expect(await change.inspect()).toMatchObject({ found: 'gone' });
      await change.undo();
    });

    it('is gone if somebody set another one at the same moment', async () => {
      const { observe, apply, inspect, undo } = changeOf(setQdisc);
      const parsed = setQdisc.runner.parseInput(input('bfifo', 'limit', '9000'));
      const seen = await observe(parsed, context(), undefined);
      if (seen.found !== 'absent') throw new Error(seen.found);
      tc('qdisc', 'add', 'dev', 'lan0', 'root', 'handle', '7:', 'pfifo');
      const others = qdiscs();
      await expect(apply(parsed, seen.record, seen.found, context())).rejects.toMatchObject({ code: 'E_HOST_COMMAND' });
      expect(await inspect(seen.record, context())).toEqual({
        found: 'gone',
        reason: 'lan0 has pfifo of somebody else',
      });
      await undo(seen.record, context());
      expect(qdiscs()).toBe(others);
    });

    it('sets the qdisc of a class, and restores its default', async () => {
      tc('qdisc', 'add', 'dev', 'lan0', 'root', 'handle', '1:', 'htb');
      tc('class', 'add', 'dev', 'lan0', 'parent', '1:', 'classid', '1:10', 'htb', 'rate', '1mbit');
      const before = [qdiscs(), tc('class', 'show', 'dev', 'lan0')];
      const change = await made(setQdisc, { ...input('pfifo', 'limit', '9'), parent: '1:10' });
      expect(qdiscs()).toContain('"parent":"1:10"');
      await change.undo();
      expect([qdiscs(), tc('class', 'show', 'dev', 'lan0')]).toEqual(before);
    });

    it.each([
      [
        'a qdisc whose options tc rounds',
        ['tbf', 'rate', '7777kbit', 'burst', '5555', 'latency', '33ms'],
        /tbf 5: with options that tc rounds/,
      ],
      ['a qdisc with another one below it', ['htb'], /htb 5: with 1 below it/],
    ])('refuses to replace %s', async (_what, words, message) => {
      tc('qdisc', 'add', 'dev', 'lan0', 'root', 'handle', '5:', ...words);
      if (words[0] === 'htb') {
        tc('class', 'add', 'dev', 'lan0', 'parent', '5:', 'classid', '5:1', 'htb', 'rate', '1mbit');
        tc('qdisc', 'add', 'dev', 'lan0', 'parent', '5:1', 'pfifo');
      }
      const before = qdiscs();
      await expect(made(setQdisc, input('pfifo'))).rejects.toMatchObject({
        code: 'E_LINK_IN_USE',
        message: expect.stringMatching(message),
      });
      expect(qdiscs()).toBe(before);
    });

    it('requires a kernel that has the qdisc, and accepts the options', async () => {
      const { host } = context();
      expect(await qdiscAvailable('pfifo', ['limit', '9']).check(host)).toEqual({ met: true, found: 'pfifo limit 9' });
      expect(await qdiscAvailable('nosuch').check(host)).toMatchObject({
        met: false,
        error: { hint: expect.stringMatching(/modprobe sch_nosuch/) },
      });
    });
  });
});

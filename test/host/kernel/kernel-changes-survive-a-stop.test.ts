import { execFileSync } from 'node:child_process';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { StepActor } from '../../../src/engine/workflow/define-step.ts';
import { addIptablesRule, addNftRule, createNftTable, setQdisc, setSysctl } from '../../../src/steps/index.ts';
import { HAS_NFT } from '../../support/host/nft.ts';
import { describeOwnNetwork, type TestContainer, testContainer } from '../../support/host/own-network.ts';
import { testContext } from '../../support/in-process/step-context.ts';
import { stopEverywhere } from '../../support/in-process/stopped.ts';

vi.setConfig({ testTimeout: 60_000 });

describeOwnNetwork('a change to the kernel that is stopped at any of its touches', () => {
  let container: TestContainer;
  const inside = (program: string, ...args: string[]) => {
    const nsenter = [`--net=${container.handle.namespace.path}`, program, ...args];
    return execFileSync('nsenter', nsenter, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  };
  afterEach(() => container.remove());

  interface Case<Input, Output> {
    readonly actor: StepActor<Input, Output>;
    readonly input: () => Input;
    readonly prepare?: () => void;
    readonly state: () => unknown;
    readonly made: () => void;
  }

  /** Stops at each command of apply, then resumes or undoes it; and at each command of the undo. */
  async function holds<Input, Output>({ actor, input, prepare, state, made }: Case<Input, Output>): Promise<void> {
    const stops = await stopEverywhere(
      {
        actor,
        async prepare() {
          container = await testContainer('Lab');
          container.ip('link', 'add', 'lan0.5', 'type', 'bridge');
          prepare?.();
          return input();
        },
        remove: () => container.remove(),
        state: async () => state(),
        expectMade: async () => made(),
        context: () => testContext({ run: 'stoprun', step: 'change' }),
      },
      (after, before, what) => expect(after, what).toEqual(before),
    );
    expect(Math.min(stops.resumed, stops.undone, stops.undoneAgain)).toBeGreaterThan(0);
  }

  const forwarding = () =>
    inside('grep', '-r', '--include=forwarding', '--include=accept_redirects', '', '/proc/sys/net/ipv4/conf');
  it('is resumed and undone: sysctl.set', () =>
    holds({
      actor: setSysctl,
      // Forwarding of one link and redirects differ from what the kernel would set again.
      prepare: () => {
        inside('sysctl', '-qw', 'net.ipv4.ip_forward=0');
        inside('sysctl', '-qw', 'net/ipv4/conf/lan0.5/forwarding=1');
        inside('sysctl', '-qw', 'net.ipv4.conf.all.accept_redirects=0');
      },
      input: () => ({ name: 'net.ipv4.ip_forward', value: 1, in: container.handle }),
      state: forwarding,
      made: () => expect(inside('cat', '/proc/sys/net/ipv4/ip_forward')).toBe('1\n'),
    }));

  describe.skipIf(!HAS_NFT)('of nftables', () => {
    const ruleset = 'chain input {\n type filter hook input priority 0;\n tcp dport 80 counter accept\n}';
    const nft = () => inside('nft', '-a', 'list', 'ruleset').replaceAll(/# handle \d+/g, '');

    it('is resumed and undone: nft.table', () =>
      holds({
        actor: createNftTable,
        input: () => ({ family: 'inet' as const, table: 'lab', ruleset, in: container.handle }),
        state: nft,
        made: () => expect(nft()).toMatch(/tcp dport 80 counter[\s\S]*comment "wf:stoprun:change"/),
      }));

    it('is resumed and undone: nft.rule', () =>
      holds({
        actor: addNftRule,
        prepare: () => inside('nft', `table inet lab {\n${ruleset}\n}`),
        input: () => ({
          family: 'inet' as const,
          table: 'lab',
          chain: 'input',
          rule: 'tcp dport 81 counter drop',
          position: 'insert' as const,
          in: container.handle,
        }),
        state: nft,
        made: () => expect(nft()).toMatch(/dport 81 .*"wf:stoprun:change"[\s\S]*dport 80/),
      }));
  });

  it('is resumed and undone: iptables.rule', () =>
    holds({
      actor: addIptablesRule,
      prepare: () => inside('iptables', '-A', 'INPUT', '-p', 'tcp', '--dport', '81', '-j', 'DROP'),
      input: () => ({
        family: 'ipv4' as const,
        chain: 'INPUT',
        rule: ['-p', 'tcp', '--dport', '81', '-j', 'DROP'],
        position: 'append' as const,
        in: container.handle,
      }),
      state: () => inside('iptables', '-S'),
      made: () => expect(inside('iptables', '-S').split('wf:stoprun:change')).toHaveLength(2),
    }));

  const qdiscs = () => inside('tc', '-j', 'qdisc', 'show', 'dev', 'lan0.5');
  const tbf = () => ({
    link: 'lan0.5',
    kind: 'tbf',
    options: ['rate', '1mbit', 'burst', '32kbit', 'latency', '400ms'],
    in: container.handle,
  });
  const shaped = () => expect(qdiscs()).toContain('"kind":"tbf"');
  it('is resumed and undone: tc.qdisc', () =>
    holds({
      actor: setQdisc,
      prepare: () => container.ip('link', 'set', 'lan0.5', 'up'),
      input: tbf,
      state: qdiscs,
      made: shaped,
    }));

  it("is resumed and undone: tc.qdisc in place of somebody's", () =>
    holds({
      actor: setQdisc,
      prepare: () => inside('tc', 'qdisc', 'add', 'dev', 'lan0.5', 'root', 'handle', '5:', 'pfifo', 'limit', '77'),
      input: tbf,
      state: qdiscs,
      made: shaped,
    }));
});

import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { openProject, type Project } from '../../support/command/run-wf.ts';
import { HAS_NFT } from '../../support/host/nft.ts';
import { describeOwnNetwork, type TestContainer, testContainer } from '../../support/host/own-network.ts';

vi.setConfig({ testTimeout: 120_000 });

/** Makes one change of each kind, and proves one of them by its counter. */
const WORKFLOW = `import { defineWorkflow } from 'wf-engine';
import { addIptablesRule, addNftRule, createNftTable, execRead, observeNftCounters, setQdisc, setSysctl, sysctlExists } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';

const input = z.object({ left: z.boolean().default(false) });
const inet = { family: 'inet', table: 'lab', chain: 'input' } as const;
const steps = [
  ['forward', 'setSysctl', { name: 'net.ipv4.ip_forward', value: 1 }],
  ['shape', 'setQdisc', { link: 'lan0', kind: 'tbf', options: ['rate', '1mbit', 'burst', '32kbit', 'latency', '400ms'] }],
  ['filter', 'addIptablesRule', { family: 'ipv4', chain: 'INPUT', rule: ['-p', 'tcp', '--dport', '81', '-j', 'DROP'], position: 'insert' }],
  ['table', 'createNftTable', { ...inet, ruleset: 'chain input {\\n type filter hook input priority 0;\\n tcp dport 82 drop\\n}' }],
  ['count', 'addNftRule', { ...inet, table: 'theirs', rule: 'meta l4proto icmp counter', position: 'insert' }],
  ['ping', 'execRead', { argv: ['ping', '-c', '1', '127.0.0.1'] }],
] as const;
const states = Object.fromEntries(steps.map(([id, src, { ...its }], index) => {
  const { chain, ...of } = its as Record<string, unknown>;
  const given = src === 'createNftTable' ? of : its;
  return [id, { invoke: { id, src, input: () => given, onDone: steps[index + 1]?.[0] ?? 'prove' } }];
}));
const machine = setup({
  types: { context: {} as z.output<typeof input>, input: {} as z.output<typeof input> },
  actors: { addIptablesRule, addNftRule, createNftTable, execRead, observeNftCounters, setQdisc, setSysctl },
} as never).createMachine({
  context: ({ input }: never) => input,
  initial: 'forward',
  states: {
    ...states,
    prove: {
      invoke: {
        id: 'prove',
        src: 'observeNftCounters',
        input: () => ({ ...inet, table: 'theirs', comment: 'wf:kernel1:count', moreThan: 0 }),
        onDone: 'done',
      },
    },
    done: { type: 'final' },
  },
} as never);
export default defineWorkflow({
  name: 'kernel', version: '1', description: 'Changes of the kernel.', input, machine, keepsChanges: true,
  requirements: () => [sysctlExists('net.ipv4.ip_forward')],
} as never);
`;

const TOUCHES = ['forward', 'shape', 'filter', 'table', 'count'];
const OPERATIONS = [
  'tee /proc/sys/net/ipv4/ip_forward',
  'tc qdisc add',
  'iptables -I INPUT',
  'nft -f -',
  'nft insert rule',
];

describeOwnNetwork('a run that changes settings, firewall and traffic control', () => {
  let container: TestContainer;
  let project: Project;
  const inside = (...argv: string[]) =>
    execFileSync('nsenter', [`--net=${container.handle.namespace.path}`, ...argv], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const wf = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    project.wf([...args, '--json'], { through: ['nsenter', `--net=${container.handle.namespace.path}`], env });
  const state = () =>
    [
      inside('cat', '/proc/sys/net/ipv4/ip_forward'),
      inside('tc', 'qdisc', 'show', 'dev', 'lan0'),
      inside('iptables', '-S'),
      inside('nft', 'list', 'ruleset').replaceAll(/packets \d+ bytes \d+/g, ''),
    ].join('\n');

  beforeEach(async () => {
    container = await testContainer('Lab');
    project = openProject({ 'workflows/kernel.ts': WORKFLOW });
    container.ip('link', 'add', 'lan0', 'type', 'bridge');
    container.ip('link', 'set', 'lan0', 'up');
    inside('sysctl', '-qw', 'net.ipv4.ip_forward=0');
    // The first rule of iptables also creates the chain.
    inside('iptables', '-A', 'INPUT', '-i', 'lo', '-j', 'ACCEPT');
    inside('nft', 'table inet theirs {\n chain input {\n type filter hook input priority 0;\n accept\n}\n}');
  });
  afterEach(() => container.remove());

  test.skipIf(!HAS_NFT)(
    'is resumed after a kill at each change, accounts for all of them, and is undone after a kill at each undo',
    async () => {
      const before = state();
      const points = TOUCHES.map((step, index) => `after touch ${step} apply 1 ${OPERATIONS[index]}`);
      const kills = { WF_CRASH_AT: points.join('\n') };
      let end = await wf(['start', 'kernel', '--runtime', 'docker', '--id', 'kernel1'], kills);
      for (const point of points) {
        expect(end.signal, `${point}\n${end.stderr}`).toBe('SIGKILL');
        end = await wf(['resume', 'kernel1'], kills);
      }
      expect(end.exitCode, end.stderr + end.stdout).toBe(0);
      const { status, verification } = runRecordSchema.parse(end.json());
      expect([status, verification?.unexplained, verification?.drift]).toEqual(['succeeded', [], []]);
      expect(state()).toMatch(/^1\n[\s\S]*tbf[\s\S]*wf:kernel1:filter[\s\S]*wf:kernel1:count/);

      let killed = 0;
      for (;;) {
        const undo = await wf(['rollback', 'kernel1'], { WF_CRASH_AT: UNDO_POINTS });
        if (undo.signal === 'SIGKILL') {
          killed += 1;
          continue;
        }
        expect(undo.exitCode, undo.stderr + undo.stdout).toBe(0);
        expect(runRecordSchema.parse(undo.json())).toMatchObject({
          status: 'rolled-back',
          verification: { restored: true },
        });
        break;
      }
      expect(killed).toBe(TOUCHES.length);
      expect(state()).toBe(before);
    },
  );
});

const UNDO_POINTS = [
  'after touch count undo 1 nft delete rule',
  'after touch table undo 1 nft delete table',
  'after touch filter undo 1 iptables -D INPUT',
  'after touch shape undo 1 tc qdisc delete',
  'after touch forward undo 1 tee /proc/sys/net/ipv4/ip_forward',
].join('\n');

import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { evidenceOf } from '../../../engine/model/evidence.ts';
import type { Argv } from '../../../engine/ports/command.ts';
import type { HostContext } from '../../../engine/workflow/step.ts';
import { requireSuccess } from '../../../host/commands/checked-command.ts';
import { READ_LIMITS } from '../../../host/ip/run-ip.ts';

/**
 * Leftovers of encrypted overlay networks on an engine that has left its swarm: iptables rules that select a VNI, and IPsec policies for
 * VXLAN to other nodes.
 */
export const encryptionSchema = z.object({
  /** Address of the node, and UDP port of VXLAN. */
  address: z.string(),
  port: z.number().int(),
  /** Rules from before the engine joined the swarm, which stay. */
  rules: z.array(z.string()),
  hadPolicies: z.boolean(),
});
type Encryption = z.output<typeof encryptionSchema>;

/** A rule with which an engine selects the VNI of an encrypted network, in the format of iptables-save. */
const RULE =
  /^-A ((?:INPUT|OUTPUT) -p udp .*--u32 "?0x0>>0x16&0x3c@0xc&0xffffff00=0x[0-9a-f]+"? -j (?:DROP|ACCEPT|MARK --set-xmark 0xd0c4e3\/0xffffffff))$/;

/** Reads the rules before the engine joins the swarm. Returns null without the right to read them: wf then removes nothing. */
export async function encryptionBefore(
  address: string,
  port: number,
  context: HostContext,
): Promise<Encryption | null> {
  try {
    const [rules, hadPolicies] = await Promise.all([readRules(context), hasPolicies({ address, port }, context)]);
    return { address, port, rules: [...rules], hadPolicies };
  } catch (thrown) {
    if (thrown instanceof WfError && (thrown.code === 'E_PERMISSION' || thrown.code === 'E_TOOL_MISSING')) return null;
    throw thrown;
  }
}

/** Returns whether rules or policies are left that were not there before. */
export async function isEncryptionLeft(before: Encryption | null, context: HostContext): Promise<boolean> {
  if (before === null) return false;
  const [rules, policies] = await Promise.all([leftRules(before, context), leftPolicies(before, context)]);
  return rules.length > 0 || policies;
}

/** Removes these leftovers, once the engine has left. */
export async function removeEncryption(before: Encryption | null, context: HostContext): Promise<void> {
  if (before === null) return;
  for (const rule of await leftRules(before, context)) {
    const [table = '', ...words] = rule.split(' ').map((word) => word.replace(/^"(.*)"$/, '$1'));
    await run(['iptables', '--wait', '5', '--table', table, '--delete', ...words], context);
  }
  if (await leftPolicies(before, context))
    await run(['ip', 'xfrm', 'policy', 'deleteall', ...selector(before)], context);
}

async function leftRules(before: Encryption, context: HostContext): Promise<readonly string[]> {
  return (await readRules(context)).filter((rule) => !before.rules.includes(rule));
}

async function leftPolicies(before: Encryption, context: HostContext): Promise<boolean> {
  return !before.hadPolicies && (await hasPolicies(before, context));
}

/** Returns the rules, each after the name of its table. */
async function readRules({ host, signal }: HostContext): Promise<readonly string[]> {
  const result = await host.command.run(['iptables-save'], { ...READ_LIMITS, signal });
  const lines = requireSuccess(result, READ_LIMITS.timeoutMs).stdout.split('\n');
  let table = '';
  return lines.flatMap((line) => {
    table = /^\*(\S+)/.exec(line)?.[1] ?? table;
    const rule = RULE.exec(line)?.[1];
    return rule === undefined ? [] : [`${table} ${rule}`];
  });
}

/** Returns whether there are policies for VXLAN from this node. A kernel that cannot list policies has none. */
async function hasPolicies(
  node: Pick<Encryption, 'address' | 'port'>,
  { host, signal }: HostContext,
): Promise<boolean> {
  const argv: Argv = ['ip', 'xfrm', 'policy', 'list', ...selector(node)];
  const { end, stdout } = await host.command.run(argv, { ...READ_LIMITS, signal });
  return end.type === 'exited' && end.exitCode === 0 && stdout.trim() !== '';
}

function selector({ address, port }: Pick<Encryption, 'address' | 'port'>): readonly string[] {
  return ['src', `${address}/32`, 'proto', 'udp', 'dport', String(port), 'dir', 'out'];
}

async function run(argv: Argv, { host, signal, record }: HostContext): Promise<void> {
  const result = await host.command.run(argv, { ...READ_LIMITS, signal });
  record(evidenceOf(result));
  requireSuccess(result, READ_LIMITS.timeoutMs);
}

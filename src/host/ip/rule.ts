import { z } from 'zod';
import { canonicalJson, type JsonObject } from '../../engine/model/json.ts';
import { lazy } from '../../engine/model/lazy.ts';
import type { CommandPort, NamespaceRef } from '../../engine/ports/command.ts';
import type { AddressFamily } from './link.ts';
import { readIpJson } from './run-ip.ts';

/** Rule of the routing policy, from `ip rule`. */
export interface PolicyRule {
  readonly priority: number;
  /** Number of the protocol that added it. */
  readonly protocol: number;
  /** All other attributes, for comparison. */
  readonly attributes: string;
}

const ruleEntry = lazy(() =>
  z.object({ priority: z.number().int(), protocol: z.coerce.number().int().default(0) }).catchall(z.json()),
);

/** Marks of `ip` on a rule whose link does not exist at the moment. */
const STATES = new Set(['iif_detached', 'oif_detached']);

/** Reads the policy rules of a namespace, by default wf's own. @throws WfError like readLinks. */
export async function readRules(
  command: CommandPort,
  family: AddressFamily,
  namespace?: NamespaceRef,
): Promise<PolicyRule[]> {
  // -N prints numbers instead of the names that iproute2 has on this machine.
  const args = [family === 'inet' ? '-4' : '-6', '-N', '-details', 'rule', 'show'];
  const entries = await readIpJson(command, args, ruleEntry(), namespace);
  return entries.map(({ priority, protocol, ...others }) => ({
    priority,
    protocol,
    attributes: ruleAttributes(others),
  }));
}

/** Returns attributes, named as in `ip -N -json rule`, as the text by which rules are compared. */
export function ruleAttributes(attributes: JsonObject): string {
  return canonicalJson(Object.fromEntries(Object.entries(attributes).filter(([name]) => !STATES.has(name))));
}

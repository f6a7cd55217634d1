import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { canonicalJson, type Json, toJson } from '../../engine/model/json.ts';
import type { CommandPort, NamespaceRef } from '../../engine/ports/command.ts';
import type { AddressFamily } from './link.ts';
import { readIp, readIpJson } from './run-ip.ts';

/** A route with all its attributes, so that it can be restored exactly. */
export const exactRouteSchema = z.object({
  /** Arguments of `ip route add`: `ip route show` prints routes in the same words. */
  words: z.array(z.string()).min(1),
  /** The attributes from `ip -json -details` without states, with sorted keys, for comparison. */
  attributes: z.string(),
});
export type ExactRoute = z.infer<typeof exactRouteSchema>;

/** Words of `ip route show` that are momentary states and not accepted by `ip route add`. */
const STATES = new Set(['linkdown', 'dead', 'offload', 'rt_offload', 'trap', 'rt_trap', 'rt_offload_failed', 'notify']);

const entry = z.record(z.string(), z.custom<Json>());

/**
 * Reads the routes to exactly this destination in the main table, in the kernel's order.
 * @throws WfError like readRoutes; E_HOST_STATE_UNKNOWN if they changed meanwhile.
 */
export async function readExactRoutes(
  command: CommandPort,
  family: AddressFamily,
  destination: string,
  namespace?: NamespaceRef,
): Promise<ExactRoute[]> {
  const args = ['-details', family === 'inet' ? '-4' : '-6', 'route', 'show', 'table', 'main', 'exact', destination];
  const [entries, text] = [await readIpJson(command, args, entry, namespace), await readIp(command, args, namespace)];
  const lines = routeLines(text);
  if (lines.length !== entries.length) {
    throw new WfError('E_HOST_STATE_UNKNOWN', `the routes to ${destination} changed while they were read`, {
      hint: 'Try again.',
      transient: true,
    });
  }
  return entries.map((attributes, position) => ({
    words: lines[position] ?? [],
    attributes: canonicalJson(withoutStates(attributes)),
  }));
}

/**
 * Reads the routes of all tables with this protocol number; each as the arguments of `ip -4 route delete` (`-6`).
 * @throws WfError like readRoutes.
 */
export async function readRoutesOfProtocol(
  command: CommandPort,
  family: AddressFamily,
  protocol: number,
): Promise<string[][]> {
  const args = [family === 'inet' ? '-4' : '-6', 'route', 'show', 'table', 'all', 'proto', String(protocol)];
  return routeLines(await readIp(command, args, undefined));
}

/** Returns whether two routes are equal in every attribute. */
export function sameRoute(one: ExactRoute, other: ExactRoute): boolean {
  return one.attributes === other.attributes;
}

/** Splits the words of each route; a route with several next hops continues on lines that begin with white space. */
export function routeLines(text: string): string[][] {
  const routes: string[][] = [];
  for (const line of text.split('\n')) {
    const words = line.split(/\s+/).filter((word) => word !== '' && !STATES.has(word));
    if (words.length === 0) continue;
    if (/^\s/.test(line)) routes.at(-1)?.push(...words);
    else routes.push(words);
  }
  return routes;
}

function withoutStates(attributes: Record<string, Json>): Record<string, Json> {
  const { flags, nexthops, ...lasting } = attributes;
  const lastingFlags = Array.isArray(flags)
    ? flags.filter((flag) => typeof flag !== 'string' || !STATES.has(flag))
    : [];
  const hops = z.array(entry).safeParse(nexthops);
  return {
    ...lasting,
    flags: toJson(lastingFlags),
    ...(hops.success ? { nexthops: toJson(hops.data.map(withoutStates)) } : {}),
  };
}

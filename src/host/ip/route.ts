import { z } from 'zod';
import { lazy } from '../../engine/model/lazy.ts';
import type { CommandPort, NamespaceRef } from '../../engine/ports/command.ts';
import { routeMembers } from './entries.ts';
import type { AddressFamily } from './link.ts';
import { readIpJson } from './run-ip.ts';

/** Route from `ip -details route`. */
export interface Route {
  readonly family: AddressFamily;
  /** `unicast`, `local`, `broadcast`, `unreachable`, ... */
  readonly type: string;
  /** `default` or a CIDR; a single host has no prefix length. */
  readonly destination: string;
  /** Null for a directly connected network and for a route with several next hops. */
  readonly gateway: string | null;
  readonly device: string | null;
  readonly table: string;
  /** A name, or a number that rt_protos does not list: `kernel`, `boot`, `119`. */
  readonly protocol: string;
  readonly scope: string | null;
  /** Null if unset, which counts as 0 for IPv4. */
  readonly metric: number | null;
  /** Source address of packets. */
  readonly preferredSource: string | null;
}

export interface RouteFilter {
  readonly family: AddressFamily;
  readonly table: 'all' | 'main';
}

const routeEntry = lazy(() =>
  z.object({
    ...routeMembers(),
    via: z.object({ host: z.string() }).optional(),
    protocol: z.string(),
    scope: z.string().optional(),
    prefsrc: z.string().optional(),
  }),
);

/**
 * Reads the routes of a namespace, by default wf's own.
 * @throws WfError like readLinks; a failed read never returns an empty list.
 */
export async function readRoutes(
  command: CommandPort,
  filter: RouteFilter,
  namespace?: NamespaceRef,
): Promise<Route[]> {
  const family = filter.family === 'inet' ? '-4' : '-6';
  const args = ['-details', family, 'route', 'show', 'table', 'all'];
  const entries = await readIpJson(command, args, routeEntry(), namespace);
  const routes = entries.map(
    (entry): Route => ({
      family: filter.family,
      type: entry.type,
      destination: entry.dst,
      gateway: entry.gateway ?? entry.via?.host ?? null,
      device: entry.dev ?? null,
      table: entry.table,
      protocol: entry.protocol,
      scope: entry.scope ?? null,
      metric: entry.metric ?? null,
      preferredSource: entry.prefsrc ?? null,
    }),
  );
  // Filtered here: a namespace without any route has no main table, and `ip` reports an error for it.
  return filter.table === 'all' ? routes : routes.filter((route) => route.table === filter.table);
}

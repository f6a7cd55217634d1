import { z } from 'zod';
import { lazy } from '../../engine/model/lazy.ts';

/** Members of a link in `ip -json -details address show` that its readers share. */
export const linkMembers = lazy(() => ({
  ifname: z.string(),
  flags: z.array(z.string()),
  mtu: z.number().int(),
  /** Bridge or bond of the link. */
  master: z.string().optional(),
  address: z.string().optional(),
  /** Other end of a veth pair, or lower link of a VLAN, if it is in the same namespace. */
  link: z.string().nullish(),
  ifalias: z.string().optional(),
  altnames: z.array(z.string()).default([]),
}));

/** Members of an address of such a link. An entry without them is not an IP address. */
export const addressMembers = lazy(() => ({ local: z.string().optional(), prefixlen: z.number().int().optional() }));

/** Members of a route in `ip -json -details route show` that its readers share. */
export const routeMembers = lazy(() => ({
  type: z.string().default('unicast'),
  dst: z.string(),
  gateway: z.string().optional(),
  dev: z.string().optional(),
  table: z.string().default('main'),
  metric: z.number().int().optional(),
}));

/** Members of a neighbour in `ip -json neighbour show` that its readers share. */
export const neighbourMembers = lazy(() => ({ dst: z.string(), state: z.array(z.string()).default([]) }));

/** Drops the `{}` that some releases write for an entry that a filter excluded. */
export function withoutExcluded(entries: readonly Readonly<Record<string, unknown>>[]): unknown[] {
  return entries.filter((entry) => Object.keys(entry).length > 0);
}

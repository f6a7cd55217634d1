import { z } from 'zod';
import type { Json } from '../../engine/model/json.ts';
import { neighbourMembers, routeMembers } from '../../host/ip/entries.ts';
import { readSection, type Section } from '../differences/shape.ts';
import { parseOutput } from './parse-output.ts';

export type Family = 'ipv4' | 'ipv6';

const attributes = z.record(z.string(), z.json());
type Attributes = z.output<typeof attributes>;

const nexthop = z.looseObject({
  gateway: z.string().optional(),
  dev: z.string().optional(),
  weight: z.number().optional(),
});
const routeEntry = z.looseObject({
  ...routeMembers(),
  protocol: z.string().optional(),
  nexthops: z.array(nexthop).default([]),
});
type Route = z.output<typeof routeEntry>;

const ruleEntry = z.looseObject({ priority: z.number(), table: z.string().optional() });
const neighbourEntry = z.looseObject({ ...neighbourMembers(), dev: z.string() });

/** Carrier and offload states, and lifetimes of router advertisements. */
const PASSING_ROUTE_ATTRIBUTES = new Set(['flags', 'expires', 'age', 'used', 'users']);
const CONFIGURED_ROUTE_FLAGS = new Set(['onlink', 'pervasive']);

/** Parses `ip -4|-6 -json -details route show table all`. @throws UnexpectedOutput */
export function routesOf(text: string, family: Family): Section {
  const routes = parseOutput('ip', text, z.array(routeEntry)).filter((route) => !followsByItself(route, family));
  return readSection(routes.map((route) => [routeSubject(route, family), routeAttributes(route)]));
}

/**
 * Returns whether the kernel itself adds the route, for each IPv6 address after duplicate detection and for each link at its first
 * carrier: it follows from the address and the link.
 */
function followsByItself(route: Route, family: Family): boolean {
  return family === 'ipv6' && route.table === 'local' && route.protocol === 'kernel';
}

function routeSubject(route: Route, family: Family): string {
  const hops = route.nexthops.map((hop) => `nexthop${via(hop)}`).join(' ');
  return [
    family === 'ipv6' ? 'route ipv6' : 'route',
    route.type === 'unicast' ? '' : route.type,
    `${route.dst}${via(route)}`,
    hops,
    `table ${route.table}`,
    route.metric === undefined || route.metric === 0 ? '' : `metric ${route.metric}`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function via(hop: { readonly gateway?: string | undefined; readonly dev?: string | undefined }): string {
  return `${hop.gateway === undefined ? '' : ` via ${hop.gateway}`}${hop.dev === undefined ? '' : ` dev ${hop.dev}`}`;
}

function routeAttributes(route: Route): Json {
  const { nexthops, ...own } = route;
  const hops = nexthops.map((hop) => withoutVolatile(attributes.parse(hop)));
  return { ...withoutVolatile(attributes.parse(own)), ...(hops.length === 0 ? {} : { nexthops: hops }) };
}

function withoutVolatile(all: Attributes): Attributes {
  const kept = Object.entries(all).filter(([name]) => !PASSING_ROUTE_ATTRIBUTES.has(name));
  const { flags } = all;
  const configured = Array.isArray(flags)
    ? flags.filter((flag) => typeof flag === 'string' && CONFIGURED_ROUTE_FLAGS.has(flag))
    : [];
  return { ...Object.fromEntries(kept), ...(configured.length === 0 ? {} : { flags: configured }) };
}

/** Parses `ip -4|-6 -json -details rule show`. @throws UnexpectedOutput */
export function rulesOf(text: string, family: Family): Section {
  const rules = parseOutput('ip', text, z.array(ruleEntry));
  return readSection(
    rules.map((rule) => {
      const all = attributes.parse(rule);
      const { priority, table, protocol: _protocol, src, srclen, dst, dstlen, ...others } = all;
      const words = [
        `rule ${family} ${String(priority)}`,
        `from ${prefix(src, srclen)}`,
        dst === undefined ? '' : `to ${prefix(dst, dstlen)}`,
        ...Object.entries(others).map(([name, value]) => `${name} ${value === null ? '' : String(value)}`.trimEnd()),
        table === undefined ? '' : `lookup ${String(table)}`,
      ];
      return [words.filter((word) => word !== '').join(' '), all];
    }),
  );
}

function prefix(address: Json | undefined, length: Json | undefined): string {
  const text = address === undefined ? 'all' : String(address);
  return length === undefined ? text : `${text}/${String(length)}`;
}

/** Parses permanent neighbours from `ip -json neigh show nud permanent`. @throws UnexpectedOutput */
export function neighboursOf(text: string): Section {
  const neighbours = parseOutput('ip', text, z.array(neighbourEntry));
  return readSection(
    neighbours
      .filter((neighbour) => neighbour.state.includes('PERMANENT'))
      .map(({ state: _state, ...kept }) => [`neighbour ${kept.dst} dev ${kept.dev}`, attributes.parse(kept)]),
  );
}

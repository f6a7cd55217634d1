import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { ROUTE_PROTOCOL } from '../../../engine/model/identity/mark.ts';
import type { Argv } from '../../../engine/ports/command.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import type { HostContext } from '../../../engine/workflow/step.ts';
import { type ExactRoute, exactRouteSchema, readExactRoutes, sameRoute } from '../../../host/ip/exact-route.ts';
import { type AddressFamily, readLinks } from '../../../host/ip/link.ts';
import { type Route, readRoutes } from '../../../host/ip/route.ts';
import { placeInput } from '../../place-handle.ts';
import { identityOf, isRecorded, linkIdentitySchema, requireLink } from '../link-target.ts';
import { addressSchema, cidrSchema, linkNameSchema } from '../name-schema.ts';
import {
  gone,
  IN_PLACE,
  namespaceOf,
  observeIn,
  type Place,
  placeName,
  placeOf,
  runAt,
  tryAt,
  typedAt,
  typedIn,
  undoIn,
} from '../place.ts';

/** Added to the highest existing metric, so that a secondary route is the least preferred. */
const METRIC_STEP = 100;

const plainCommand = z.object({
  command: z.string().describe('command line'),
  output: z.string().describe('answer of the kernel'),
});
export const routeRecordSchema = linkIdentitySchema.extend({
  family: z.enum(['inet', 'inet6']),
  destination: z.string(),
  via: z.string(),
  /** Null sets no metric: the kernel uses 0, or 1024 for IPv6. */
  metric: z.number().int().nullable(),
  /** Routes that `replace` removes and an undo restores. */
  replaced: z.array(exactRouteSchema),
  /** Result of the plain command if a route blocked it. */
  plainCommand: plainCommand.nullable(),
});
type RouteRecord = z.infer<typeof routeRecordSchema>;

/** Adds a route beside the existing ones, or replaces them. */
export const addRoute = defineStep({
  kind: 'net.route',
  description: 'Adds a route beside the existing ones (secondary), or replaces them (replace).',
  input: z.object({
    destination: z.union([z.literal('default'), cidrSchema]).describe('`default`, or a subnet such as `10.1.0.0/16`'),
    via: addressSchema.describe('address of the gateway'),
    device: linkNameSchema.describe('link that packets leave through'),
    mode: z
      .enum(['secondary', 'replace'])
      .describe('`secondary`: a higher metric than any existing route; `replace`: in place of the existing routes'),
    in: placeInput,
  }),
  output: z.object({
    destination: z.string().describe('destination of the input'),
    via: z.string().describe('address of the gateway'),
    device: z.string().describe('link that packets leave through'),
    metric: z.number().int().nullable().describe('metric; null if none was set'),
    plainCommand: plainCommand
      .nullable()
      .describe(
        '`ip route add` without a metric, which fails because of an existing route; null if no route blocks it',
      ),
  }),
  record: routeRecordSchema,
  survivesReboot: false,
  alters: ['network'],
  commands: ({ destination, via, device, mode, in: where }) => [
    typedIn(where, ['ip', 'route', mode === 'replace' ? 'replace' : 'add', destination, 'via', via, 'dev', device]),
  ],
  rehearse: ({ destination, via, device }) => ({ destination, via, device, metric: null, plainCommand: null }),

  async observe({ destination, via, device, mode, in: where }, context, earlier) {
    const place = placeOf(where, context.host);
    const family: AddressFamily = via.includes(':') ? 'inet6' : 'inet';
    const target = `route ${destination} via ${via} on ${device} ${placeName(place)}`;
    const [link, routes] = await Promise.all([requireLink(context, place, device), mainRoutes(family, place, context)]);
    const rivals = routes.filter((route) => sameDestination(route.destination, destination));
    const same = rivals.find((route) => route.gateway === via && route.device === device);
    const intended =
      earlier !== undefined && isRecorded(link, earlier) && earlier.destination === destination && earlier.via === via
        ? earlier
        : undefined;
    const output = { destination, via, device };
    if (same !== undefined && intended === undefined) {
      // The protocol number identifies wf, not the run: without an intent of this step the route is another run's.
      if (isMarked(same)) return { found: 'foreign', error: routeInUse(same) };
      return { found: 'unchanged', output: { ...output, metric: same.metric, plainCommand: null } };
    }
    if (intended !== undefined) {
      const ours = rivals.find((route) => isOurs(route, intended));
      const leftovers = await presentOfReplaced(intended, context);
      if (ours !== undefined && leftovers.length === 0) {
        const made = { ...output, metric: ours.metric, plainCommand: intended.plainCommand };
        return { found: 'ours', target, record: { ...intended, metric: ours.metric }, output: made };
      }
      // Only this record has the routes that were removed: they must not be lost.
      if (ours !== undefined || intended.replaced.length > 0) return { found: 'partial', target, record: intended };
    }
    const strange = rivals.find(isMarked);
    if (strange !== undefined) return { found: 'foreign', error: routeInUse(strange) };
    const replaced =
      mode === 'replace'
        ? await readExactRoutes(context.host.command, family, destination, namespaceOf(place, context.host))
        : [];
    const passing = replaced.find(cannotBeRestored);
    if (passing !== undefined) return { found: 'foreign', error: passingRoute(passing) };
    const metric = mode === 'replace' || rivals.length === 0 ? null : highestMetric(rivals) + METRIC_STEP;
    const intent = { ...identityOf(place, link), link: device, family, destination, via, metric, replaced };
    return { found: 'absent', target, record: { ...intent, plainCommand: null } };
  },

  async apply(_input, route, _found, context) {
    const present = await routesTo(route, context);
    const wasMade = present.some((one) => isOurs(one, route));
    const tried = wasMade ? null : await tryPlainCommand(route, present, context);
    for (const old of await presentOfReplaced(route, context)) {
      await runAt(context, route.place, ipRoute(route.family, 'delete', old.words));
    }
    const isMade = wasMade || (tried !== null && !tried.refused && (await ourRoutes(route, context)).length > 0);
    if (!isMade) await runAt(context, route.place, addCommand(route));
    return { ...route, plainCommand: route.plainCommand ?? tried?.plainCommand ?? null };
  },

  inspect: (route, context) =>
    observeIn(async () => {
      if ((await ourRoutes(route, context)).length > 0) return IN_PLACE;
      if ((await missingRoutes(route, context)).length > 0) return IN_PLACE;
      return gone(`the route ${route.destination} via ${route.via} is gone`);
    }),

  undo: (route, context) =>
    undoIn(async () => {
      for (const { metric } of await ourRoutes(route, context)) {
        await runAt(context, route.place, deleteCommand({ ...route, metric }));
      }
      for (const old of await missingRoutes(route, context)) {
        await runAt(context, route.place, ipRoute(route.family, 'add', old.words));
      }
    }),
  undoCommands: (route) => [
    typedAt(route.place, deleteCommand(route)),
    ...route.replaced.map((old) => typedAt(route.place, ipRoute(route.family, 'add', old.words))),
  ],
});

/**
 * Tries the plain `ip route add`, which a present route of the same metric blocks; null if there is no such route. If that route
 * vanishes at this moment, the command adds the wanted route, with the mark.
 */
async function tryPlainCommand(route: RouteRecord, present: readonly Route[], context: HostContext) {
  if (route.plainCommand !== null || route.family !== 'inet' || !present.some((one) => (one.metric ?? 0) === 0))
    return null;
  const typed: Argv = ['ip', 'route', 'add', route.destination, 'via', route.via];
  const { end, stderr, stdout } = await tryAt(context, route.place, addCommand({ ...route, metric: null }), typed);
  const refused = end.type === 'exited' && end.exitCode !== 0;
  return { refused, plainCommand: { command: typed.join(' '), output: (stderr || stdout).trim() } };
}

/** Returns the routes of the main table to the same destination. */
async function routesTo(route: RouteRecord, context: HostContext): Promise<Route[]> {
  const routes = await mainRoutes(route.family, route.place, context);
  return routes.filter((one) => sameDestination(one.destination, route.destination));
}

async function mainRoutes(family: AddressFamily, place: Place, { host }: HostContext): Promise<Route[]> {
  return readRoutes(host.command, { family, table: 'main' }, namespaceOf(place, host));
}

/** Returns the routes that this change added: more than one only if the plain command succeeded unexpectedly. */
async function ourRoutes(route: RouteRecord, context: HostContext): Promise<Route[]> {
  return (await routesTo(route, context)).filter((one) => isOurs(one, route));
}

/** Returns the routes to replace that still exist. */
async function presentOfReplaced({ replaced, ...route }: RouteRecord, context: HostContext): Promise<ExactRoute[]> {
  if (replaced.length === 0) return [];
  const { family, destination, place } = route;
  const present = await readExactRoutes(context.host.command, family, destination, namespaceOf(place, context.host));
  return present.filter((one) => replaced.some((known) => sameRoute(known, one)));
}

/** Returns the replaced routes that are missing and can be restored; routes of a vanished link went with it. */
async function missingRoutes(route: RouteRecord, context: HostContext): Promise<RouteRecord['replaced']> {
  if (route.replaced.length === 0) return [];
  const present = await readExactRoutes(
    context.host.command,
    route.family,
    route.destination,
    namespaceOf(route.place, context.host),
  );
  const links = new Set(
    (await readLinks(context.host.command, namespaceOf(route.place, context.host))).map((link) => link.name),
  );
  return route.replaced.filter(
    (old) => !present.some((one) => sameRoute(old, one)) && devicesOf(old).every((device) => links.has(device)),
  );
}

function isMarked(route: Route): boolean {
  return route.protocol === String(ROUTE_PROTOCOL);
}

function isOurs(route: Route, { via, link }: RouteRecord): boolean {
  return isMarked(route) && route.gateway === via && route.device === link;
}

function addCommand({ destination, via, link, metric }: RouteRecord): Argv {
  const route = ['ip', 'route', 'add', destination, 'via', via, 'dev', link, ...metricWords(metric)] as const;
  return [...route, 'protocol', String(ROUTE_PROTOCOL)];
}

function deleteCommand({ destination, via, link, metric }: RouteRecord): Argv {
  const route = ['ip', 'route', 'delete', destination, 'via', via, 'dev', link, ...metricWords(metric)] as const;
  return [...route, 'protocol', String(ROUTE_PROTOCOL)];
}

function ipRoute(family: RouteRecord['family'], verb: 'add' | 'delete', words: readonly string[]): Argv {
  return ['ip', family === 'inet' ? '-4' : '-6', 'route', verb, ...words];
}

function metricWords(metric: number | null): readonly string[] {
  return metric === null ? [] : ['metric', String(metric)];
}

/** Returns the links that a route uses; a multipath route has several. */
function devicesOf({ words }: ExactRoute): readonly string[] {
  return words.filter((_word, position) => words[position - 1] === 'dev');
}

/** Returns whether a route expires by itself (from a router advertisement): wf could not restore it exactly. */
function cannotBeRestored({ words }: ExactRoute): boolean {
  return words.includes('expires');
}

function passingRoute({ words }: ExactRoute): WfError {
  return new WfError('E_ROUTE_IN_USE', `the route ${words.join(' ')} expires by itself, so wf could not restore it`, {
    hint: 'Add the new route beside it with mode `secondary`.',
  });
}

function highestMetric(routes: readonly Route[]): number {
  return Math.max(0, ...routes.map((route) => route.metric ?? 0));
}

/** Compares two destinations. `ip` omits the prefix length of a single host. */
function sameDestination(shown: string, wanted: string): boolean {
  return shown === wanted || wanted === `${shown}/${shown.includes(':') ? 128 : 32}`;
}

function routeInUse(route: Route): WfError {
  const via = route.gateway === null ? '' : ` via ${route.gateway}`;
  return new WfError('E_ROUTE_IN_USE', `another wf run added the route ${route.destination}${via}`, {
    hint: 'Find that run with `wf changes` and undo it with `wf rollback RUN`.',
  });
}

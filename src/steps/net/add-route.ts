import { z } from 'zod';
import { defineStep } from '../../engine/define-step.ts';
import { WfError } from '../../engine/errors.ts';
import { ROUTE_PROTOCOL } from '../../engine/mark.ts';
import type { Argv } from '../../engine/ports/command.ts';
import type { HostContext } from '../../engine/step.ts';
import { exactRouteSchema, readExactRoutes, sameRoute } from '../../host/ip/exact-route.ts';
import { type AddressFamily, readLinks } from '../../host/ip/link.ts';
import { type Route, readRoutes } from '../../host/ip/route.ts';
import { containerHandleSchema } from '../container-handle.ts';
import { linkIdentitySchema, requireLink } from './link-target.ts';
import { addressSchema, cidrSchema, linkNameSchema } from './name-schema.ts';
import {
  gone,
  lookIn,
  namespaceOf,
  placeName,
  placeOf,
  runAt,
  STANDING,
  tryAt,
  typedAt,
  typedIn,
  undoIn,
} from './place.ts';

/** How much less preferred than the least preferred one that exists a secondary route is. */
const METRIC_STEP = 100;

const textbook = z.object({ command: z.string(), output: z.string() });
const record = linkIdentitySchema.extend({
  family: z.enum(['inet', 'inet6']),
  destination: z.string(),
  via: z.string(),
  /** Null: none is given, which the kernel takes for 0 (IPv6: 1024). */
  metric: z.number().int().nullable(),
  /** What `replace` takes out of the way and undoing puts back. */
  replaced: z.array(exactRouteSchema),
  /** What the plain command answered where a route was in its way. */
  textbook: textbook.nullable(),
});
type RouteRecord = z.infer<typeof record>;

/** Adds a route beside those that exist, or in their place, on the host or in a container. */
export const addRoute = defineStep({
  kind: 'net.route',
  description: 'Adds a route beside those that exist (secondary) or in their place (replace).',
  input: z.object({
    destination: z.union([z.literal('default'), cidrSchema]),
    via: addressSchema,
    device: linkNameSchema,
    /** `secondary`: with a higher metric than any that exists; `replace`: those that exist are taken away and put back at undo. */
    mode: z.enum(['secondary', 'replace']),
    container: containerHandleSchema.nullable(),
  }),
  output: z.object({
    destination: z.string(),
    via: z.string(),
    device: z.string(),
    metric: z.number().int().nullable(),
    textbook: textbook.nullable(),
  }),
  record,
  survivesReboot: false,
  commands: ({ destination, via, device, mode, container }) => [
    typedIn(container, ['ip', 'route', mode === 'replace' ? 'replace' : 'add', destination, 'via', via, 'dev', device]),
  ],
  rehearse: ({ destination, via, device }) => ({ destination, via, device, metric: null, textbook: null }),

  async observe({ destination, via, device, mode, container }, context, earlier) {
    const place = placeOf(container);
    const link = await requireLink(context, place, device);
    const family: AddressFamily = via.includes(':') ? 'inet6' : 'inet';
    const target = `route ${destination} via ${via} on ${device} ${placeName(place)}`;
    const routes = await readRoutes(context.host.command, { family, table: 'main' }, namespaceOf(place));
    const rivals = routes.filter((route) => sameDestination(route.destination, destination));
    const same = rivals.find((route) => route.gateway === via && route.device === device);
    const intended = earlier?.ifindex === link.ifindex ? earlier : undefined;
    const output = { destination, via, device };
    if (same !== undefined && intended === undefined) {
      // The protocol number says "a wf run", not which: without an intent of our own it is another run's.
      if (isMarked(same)) return { found: 'foreign', error: routeInUse(same) };
      return { found: 'unchanged', output: { ...output, metric: same.metric, textbook: null } };
    }
    if (intended !== undefined) {
      const ours = rivals.some((route) => isOurs(route, intended));
      const leftovers = mode === 'replace' && rivals.some((route) => !isOurs(route, intended));
      const made = { ...output, metric: intended.metric, textbook: intended.textbook };
      if (ours && !leftovers) return { found: 'ours', target, record: intended, output: made };
      // What was taken away must not be forgotten: it is on record only here.
      if (ours || intended.replaced.length > 0) return { found: 'partial', target, record: intended };
    }
    const strange = rivals.find(isMarked);
    if (strange !== undefined) return { found: 'foreign', error: routeInUse(strange) };
    const replaced =
      mode === 'replace' ? await readExactRoutes(context.host.command, family, destination, namespaceOf(place)) : [];
    const metric = mode === 'replace' || rivals.length === 0 ? null : highestMetric(rivals) + METRIC_STEP;
    return {
      found: 'absent',
      target,
      record: {
        place,
        ifindex: link.ifindex,
        link: device,
        family,
        destination,
        via,
        metric,
        replaced,
        textbook: null,
      },
    };
  },

  async apply({ destination, via, mode }, route, found, context) {
    const tried = found === 'absent' ? await tryTextbook(route, context) : route.textbook;
    if (mode === 'replace') {
      const present = await readExactRoutes(context.host.command, route.family, destination, namespaceOf(route.place));
      for (const old of present.filter((one) => route.replaced.some((known) => sameRoute(known, one)))) {
        await runAt(context, route.place, ipRoute(route.family, 'delete', old.words));
      }
    }
    if (!(await routesTo(route, context)).some((one) => isOurs(one, route))) {
      const typed = [
        'ip',
        'route',
        'add',
        destination,
        'via',
        via,
        'dev',
        route.link,
        ...metricWords(route.metric),
      ] as const;
      await runAt(context, route.place, [...typed, 'protocol', String(ROUTE_PROTOCOL)]);
    }
    return { ...route, textbook: tried };
  },

  look: (route, context) =>
    lookIn(route.place, async () => {
      if ((await routesTo(route, context)).some((one) => isOurs(one, route))) return STANDING;
      if ((await missingRoutes(route, context)).length > 0) return STANDING;
      return gone(`the route ${route.destination} via ${route.via} is gone`);
    }),

  undo: (route, context) =>
    undoIn(async () => {
      if ((await routesTo(route, context)).some((one) => isOurs(one, route))) {
        await runAt(context, route.place, deleteCommand(route));
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
 * The command as a textbook has it, which a route of the same metric makes fail. Only tried where there is one, so that it
 * changes nothing; should that one vanish at this very moment, what was added is taken away again at once.
 */
async function tryTextbook(route: RouteRecord, context: HostContext): Promise<RouteRecord['textbook']> {
  const rivals = await routesTo(route, context);
  if (route.family !== 'inet' || !rivals.some((one) => (one.metric ?? 0) === 0)) return null;
  const argv: Argv = ['ip', 'route', 'add', route.destination, 'via', route.via];
  const result = await tryAt(context, route.place, argv);
  if (result.end.type === 'exited' && result.end.exitCode === 0) {
    await runAt(context, route.place, ['ip', 'route', 'delete', route.destination, 'via', route.via, 'metric', '0']);
  }
  return { command: argv.join(' '), output: (result.stderr || result.stdout).trim() };
}

/** The routes in the main table to the same destination. */
async function routesTo(route: RouteRecord, context: HostContext): Promise<Route[]> {
  const filter = { family: route.family, table: 'main' } as const;
  const routes = await readRoutes(context.host.command, filter, namespaceOf(route.place));
  return routes.filter((one) => sameDestination(one.destination, route.destination));
}

/** Which of the routes that were replaced are not there now, and could be: those of a vanished link went with it. */
async function missingRoutes(route: RouteRecord, context: HostContext): Promise<RouteRecord['replaced']> {
  if (route.replaced.length === 0) return [];
  const present = await readExactRoutes(
    context.host.command,
    route.family,
    route.destination,
    namespaceOf(route.place),
  );
  const links = new Set((await readLinks(context.host.command, namespaceOf(route.place))).map((link) => link.name));
  return route.replaced.filter(
    (old) => !present.some((one) => sameRoute(old, one)) && (old.device === null || links.has(old.device)),
  );
}

function isMarked(route: Route): boolean {
  return route.protocol === String(ROUTE_PROTOCOL);
}

function isOurs(route: Route, expected: RouteRecord): boolean {
  const sameMetric = expected.metric === null || route.metric === expected.metric;
  return isMarked(route) && route.gateway === expected.via && route.device === expected.link && sameMetric;
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

function highestMetric(routes: readonly Route[]): number {
  return Math.max(0, ...routes.map((route) => route.metric ?? 0));
}

/** `ip` leaves out the prefix length of a single host. */
function sameDestination(shown: string, wanted: string): boolean {
  return shown === wanted || wanted === `${shown}/${shown.includes(':') ? 128 : 32}`;
}

function routeInUse(route: Route): WfError {
  const via = route.gateway === null ? '' : ` via ${route.gateway}`;
  return new WfError('E_ROUTE_IN_USE', `a route ${route.destination}${via} that another wf run made exists already`, {
    hint: 'Find that run with `wf changes` and undo it with `wf rollback RUN`.',
  });
}

import type { ObjectContext, ObjectSharedContext } from '@restatedev/restate-sdk';
import { hostNameSchema } from '../model/ids.ts';
import { CHANGING, READING } from './handler-options.ts';
import type { RestateSdk } from './load-sdk.ts';
import { DIRECTORY_OBJECT, hostNamesSchema, type Summary, summariesSchema, summarySchema } from './messages.ts';
import { parseInput, readState } from './state.ts';

/** The greatest number of fleet runs in the list; older ones are found by their ids. */
const MOST_FLEETS = 500;

/** The names of all hosts, and the newest fleet runs: a virtual object with one key. */
export function directoryObject(sdk: RestateSdk) {
  const { shared, exclusive } = sdk.handlers.object;
  const fleetsOf = async (ctx: ObjectContext | ObjectSharedContext) =>
    (await readState(ctx, 'fleets', summariesSchema)) ?? [];
  const hostsOf = async (ctx: ObjectContext | ObjectSharedContext) =>
    (await readState(ctx, 'hosts', hostNamesSchema)) ?? [];

  return sdk.object({
    name: DIRECTORY_OBJECT,
    options: CHANGING,
    handlers: {
      addHost: exclusive({ ingressPrivate: true }, async (ctx: ObjectContext, input: unknown) => {
        const host = parseInput(sdk, hostNameSchema, input);
        const hosts = await hostsOf(ctx);
        if (!hosts.includes(host)) ctx.set('hosts', [...hosts, host].sort());
      }),

      addFleet: exclusive({ ingressPrivate: true }, async (ctx: ObjectContext, input: unknown) => {
        const summary = parseInput(sdk, summarySchema, input);
        ctx.set('fleets', withSummary(await fleetsOf(ctx), summary));
      }),

      hosts: shared(READING, hostsOf),
      fleets: shared(READING, fleetsOf),
    },
  });
}

/** Messages may arrive out of order. */
function withSummary(fleets: readonly Summary[], summary: Summary): readonly Summary[] {
  const known = fleets.find(({ id }) => id === summary.id);
  if (known !== undefined && known.version > summary.version) return fleets;
  return [summary, ...fleets.filter(({ id }) => id !== summary.id)]
    .sort((a, b) => b.createdAt - a.createdAt)
    .slice(0, MOST_FLEETS);
}

import type { ObjectContext, ObjectSharedContext } from '@restatedev/restate-sdk';
import { z } from 'zod';
import { beginFleet, type Decision, decide, refusalOf } from '../model/decide.ts';
import { demandSchema, type FleetRun, fleetRequestSchema, fleetRunSchema, fleetStatus } from '../model/fleet-run.ts';
import { CHANGING, READING } from './handler-options.ts';
import type { RestateSdk } from './load-sdk.ts';
import {
  DIRECTORY_KEY,
  DIRECTORY_OBJECT,
  FLEET_OBJECT,
  fleetEventSchema,
  HOST_OBJECT,
  POLL_MS,
  parkSchema,
  type Summary,
  showSchema,
} from './messages.ts';
import { call, parseInput, readState, send } from './state.ts';

/** The greatest number of long polls that wait for one fleet run; the oldest one then returns at its end. */
const MOST_WAITERS = 50;

/** One fleet run, whose id is the key: a virtual object, which decides at each event. */
export function fleetObject(sdk: RestateSdk) {
  const { shared, exclusive } = sdk.handlers.object;
  const waiters = z.array(z.string());

  const read = (ctx: ObjectContext | ObjectSharedContext) => readState(ctx, 'fleet', fleetRunSchema);

  /** Stores a decision, sends its items, and wakes those who wait for news. */
  async function carryOut(ctx: ObjectContext, before: FleetRun | undefined, { fleet, offers }: Decision) {
    if (fleet.version === before?.version) return;
    ctx.set('fleet', fleet);
    for (const { host, item } of offers) send(ctx, { object: HOST_OBJECT, key: host, handler: 'offer' }, item);
    const waiting = (await readState(ctx, 'waiters', waiters)) ?? [];
    for (const waiter of waiting) ctx.resolveAwakeable(waiter, null);
    if (waiting.length > 0) ctx.clear('waiters');
    if (before !== undefined && fleetStatus(before) === fleetStatus(fleet)) return;
    send(ctx, { object: DIRECTORY_OBJECT, key: DIRECTORY_KEY, handler: 'addFleet' }, summaryOf(fleet));
  }

  return sdk.object({
    name: FLEET_OBJECT,
    options: CHANGING,
    handlers: {
      start: async (ctx: ObjectContext, input: unknown) => {
        const request = parseInput(
          sdk,
          fleetRequestSchema.refine(({ id }) => id === ctx.key),
          input,
        );
        const before = await read(ctx);
        if (before !== undefined) {
          const isSame = JSON.stringify(before.request) === JSON.stringify(request);
          return isSame ? { type: 'fleet', fleet: before } : { type: 'exists' };
        }
        const decision = beginFleet(request, await ctx.date.now());
        await carryOut(ctx, undefined, decision);
        return { type: 'fleet', fleet: decision.fleet };
      },

      demand: async (ctx: ObjectContext, input: unknown) => {
        const demand = parseInput(sdk, demandSchema, input);
        const before = await read(ctx);
        if (before === undefined) return { type: 'unknown' };
        const why = refusalOf(before, demand);
        if (why !== undefined) return { type: 'refused', why };
        const decision = decide(before, { type: 'demanded', demand }, await ctx.date.now());
        await carryOut(ctx, before, decision);
        return { type: 'fleet', fleet: decision.fleet };
      },

      /** Takes the news of a mailbox. */
      tell: exclusive({ ingressPrivate: true }, async (ctx: ObjectContext, input: unknown) => {
        const event = parseInput(sdk, fleetEventSchema, input);
        const before = await read(ctx);
        if (before !== undefined) await carryOut(ctx, before, decide(before, event, await ctx.date.now()));
      }),

      /** Returns the fleet run; with `after`, waits until its version is higher. */
      show: shared(READING, async (ctx: ObjectSharedContext, input: unknown) => {
        const { after } = parseInput(sdk, showSchema, input);
        const fleet = await read(ctx);
        if (fleet === undefined) return { type: 'unknown' };
        if (after === null || fleet.version > after) return { type: 'fleet', fleet };
        const { id: waiter, promise } = ctx.awakeable<unknown>();
        const newer = await call(ctx, { object: FLEET_OBJECT, key: ctx.key, handler: 'park' }, { after, waiter });
        if (newer !== null) return newer;
        try {
          await promise.orTimeout(POLL_MS);
        } catch (thrown) {
          if (!(thrown instanceof sdk.TimeoutError)) throw thrown;
        }
        // A handler sees the state at its beginning: the caller asks again.
        return { type: 'fleet', fleet };
      }),

      /** Returns the fleet run if it is newer; null once the waiter is registered. */
      park: exclusive({ ingressPrivate: true }, async (ctx: ObjectContext, input: unknown) => {
        const { after, waiter } = parseInput(sdk, parkSchema, input);
        const fleet = await read(ctx);
        if (fleet === undefined) return { type: 'unknown' };
        if (fleet.version > after) return { type: 'fleet', fleet };
        const waiting = (await readState(ctx, 'waiters', waiters)) ?? [];
        ctx.set('waiters', [...waiting.slice(1 - MOST_WAITERS), waiter]);
        return null;
      }),
    },
  });
}

function summaryOf(fleet: FleetRun): Summary {
  const { request, createdAt, finishedAt, version } = fleet;
  const { id, work, hosts } = request;
  return {
    id,
    workflow: work.workflow,
    status: fleetStatus(fleet),
    hosts: hosts.length,
    createdAt,
    finishedAt,
    version,
  };
}

import type { ObjectContext, ObjectSharedContext } from '@restatedev/restate-sdk';
import { decide, type FleetEvent, refusalOf } from '../model/decide.ts';
import {
  begunHosts,
  demandSchema,
  type FleetHead,
  type FleetRequest,
  fleetHeadSchema,
  fleetRequestSchema,
  fleetStatus,
  type Part,
  partSchema,
  wholeFleet,
} from '../model/fleet-run.ts';
import type { HostName } from '../model/ids.ts';
import type { Offer } from '../model/offer.ts';
import { beginFleet, takeStep } from '../model/take-step.ts';
import { CHANGING, READING } from './handler-options.ts';
import type { RestateSdk } from './load-sdk.ts';
import {
  DIRECTORY_KEY,
  DIRECTORY_OBJECT,
  FLEET_OBJECT,
  HOST_OBJECT,
  newsSchema,
  type Summary,
  startSchema,
} from './messages.ts';
import { storedSealed, storeSealed, withSealed } from './sealed-state.ts';
import { askState, parseInput, readState, send } from './state.ts';

/** Keys of the state. An event reads the head and one part, whatever the number of hosts. */
const REQUEST = 'request';
const HEAD = 'head';
const partKey = (host: HostName): string => `part/${host}`;
/** Restate sends only the state that a handler asks for. */
const LAZY = { enableLazyState: true };

/** One fleet run, whose id is the key: a virtual object, which decides at each event. */
export function fleetObject(sdk: RestateSdk) {
  const { shared, exclusive } = sdk.handlers.object;

  const readHead = (ctx: ObjectContext | ObjectSharedContext) => readState(ctx, HEAD, fleetHeadSchema);

  async function readRequest(ctx: ObjectContext | ObjectSharedContext): Promise<FleetRequest> {
    const request = await readState(ctx, REQUEST, fleetRequestSchema);
    if (request === undefined) throw new Error(`fleet run ${ctx.key} has no request`);
    return request;
  }

  async function readBegun(
    ctx: ObjectContext | ObjectSharedContext,
    request: FleetRequest,
    head: FleetHead,
  ): Promise<readonly Part[]> {
    const asked = begunHosts(request, head).map((host) => askState(ctx, partKey(host), partSchema));
    const parts: Part[] = [];
    for (const answer of asked) {
      const part = await answer();
      if (part !== undefined) parts.push(part);
    }
    return parts;
  }

  /** Stores the changes, and sends the items. */
  async function write(ctx: ObjectContext, head: FleetHead, parts: readonly Part[], offers: readonly Offer[]) {
    ctx.set(HEAD, head);
    for (const part of parts) ctx.set(partKey(part.host), part);
    const sent = head.rules.secrets.length === 0 ? offers : await withSealed(ctx, offers);
    for (const { host, item } of sent) send(ctx, { object: HOST_OBJECT, key: host, handler: 'offer' }, item);
  }

  /** Carries out the decision on an event. */
  async function act(ctx: ObjectContext, before: FleetHead, part: Part | undefined, event: FleetEvent, at: number) {
    const { head, part: changed, offers, step } = decide(before, part ?? null, event, at);
    if (head.version === before.version) return;
    await write(ctx, head, changed === null ? [] : [changed], offers);
    let after = head;
    if (step !== null) {
      const request = await readRequest(ctx);
      const begun = step.type === 'roll-back' ? await readBegun(ctx, request, head) : [];
      const taken = takeStep(head, step, request, begun, at);
      await write(ctx, taken.head, taken.parts, taken.offers);
      after = taken.head;
    }
    if (fleetStatus(before) !== fleetStatus(after)) list(ctx, await readRequest(ctx), after);
  }

  const list = (ctx: ObjectContext, request: FleetRequest, head: FleetHead) =>
    send(ctx, { object: DIRECTORY_OBJECT, key: DIRECTORY_KEY, handler: 'addFleet' }, summaryOf(request, head));

  return sdk.object({
    name: FLEET_OBJECT,
    options: CHANGING,
    handlers: {
      start: exclusive(LAZY, async (ctx: ObjectContext, input: unknown) => {
        const { request, sealed } = parseInput(
          sdk,
          startSchema.refine(({ request: { id } }) => id === ctx.key),
          input,
        );
        const known = await readState(ctx, REQUEST, fleetRequestSchema);
        if (known !== undefined) {
          return { type: JSON.stringify(known) === JSON.stringify(request) ? 'accepted' : 'exists' };
        }
        await storeSealed(ctx, request, sealed);
        const { head, parts, offers } = beginFleet(request, await ctx.date.now());
        ctx.set(REQUEST, request);
        await write(ctx, head, parts, offers);
        list(ctx, request, head);
        return { type: 'accepted' };
      }),

      demand: exclusive(LAZY, async (ctx: ObjectContext, input: unknown) => {
        const demand = parseInput(sdk, demandSchema, input);
        const head = await readHead(ctx);
        if (head === undefined) return { type: 'unknown' };
        const why = refusalOf(head, demand);
        if (why !== undefined) return { type: 'refused', why };
        await act(ctx, head, undefined, { type: 'demanded', demand }, await ctx.date.now());
        return { type: 'accepted' };
      }),

      /** Receives the news of a mailbox. */
      report: exclusive({ ...LAZY, ingressPrivate: true }, async (ctx: ObjectContext, input: unknown) => {
        const event = parseInput(sdk, newsSchema, input);
        const headOf = askState(ctx, HEAD, fleetHeadSchema);
        const partOf = askState(ctx, partKey(event.host), partSchema);
        const now = ctx.date.now();
        const [head, part, at] = [await headOf(), await partOf(), await now];
        if (head !== undefined) await act(ctx, head, part, event, at);
      }),

      /** Returns the sealed secrets, for a retry. */
      sealed: shared({ ...READING, ...LAZY, ingressPrivate: true }, async (ctx: ObjectSharedContext) =>
        storedSealed(ctx, await readRequest(ctx)),
      ),

      head: shared({ ...READING, ...LAZY }, async (ctx: ObjectSharedContext) => {
        const head = await readHead(ctx);
        return head === undefined ? { type: 'unknown' } : { type: 'head', head };
      }),

      /** Returns the whole fleet run. */
      show: shared(READING, async (ctx: ObjectSharedContext) => {
        const head = await readHead(ctx);
        if (head === undefined) return { type: 'unknown' };
        const request = await readRequest(ctx);
        return { type: 'fleet', fleet: wholeFleet(request, head, await readBegun(ctx, request, head)) };
      }),
    },
  });
}

function summaryOf({ id, work, hosts }: FleetRequest, head: FleetHead): Summary {
  const { createdAt, finishedAt, version } = head;
  return {
    id,
    workflow: work.workflow,
    status: fleetStatus(head),
    hosts: hosts.length,
    createdAt,
    finishedAt,
    version,
  };
}

import type { ObjectContext, ObjectSharedContext } from '@restatedev/restate-sdk';
import { z } from 'zod';
import { hostNameSchema } from '../model/ids.ts';
import { type Item, itemSchema } from '../model/item.ts';
import {
  answered,
  emptyMailbox,
  heard,
  keeps,
  type Mailbox,
  mailboxSchema,
  offer,
  openSession,
  sessionRequestSchema,
  writeOff,
} from '../model/mailbox.ts';
import { CHANGING, READING } from './handler-options.ts';
import type { RestateSdk } from './load-sdk.ts';
import {
  answeredSchema,
  confirmSchema,
  DIRECTORY_KEY,
  DIRECTORY_OBJECT,
  FLEET_OBJECT,
  HOST_OBJECT,
  headSchema,
  lookSchema,
  POLL_MS,
  pollSchema,
  writeOffSchema,
} from './messages.ts';
import { call, parseInput, readState, send } from './state.ts';

/** The mailbox of one host, whose name is the key: a virtual object. */
export function hostObject(sdk: RestateSdk) {
  const { shared } = sdk.handlers.object;

  const read = async (ctx: ObjectContext | ObjectSharedContext): Promise<Mailbox> =>
    (await readState(ctx, 'mailbox', mailboxSchema)) ?? emptyMailbox(parseInput(sdk, hostNameSchema, ctx.key));

  /** Stores a mailbox, and wakes the long poll if its first item has changed. */
  async function write(ctx: ObjectContext, before: Mailbox, mailbox: Mailbox): Promise<void> {
    ctx.set('mailbox', mailbox);
    const [head] = mailbox.items;
    if (head?.id === before.items[0]?.id) return;
    const waiter = await readState(ctx, 'waiter', z.string());
    if (waiter === undefined) return;
    ctx.clear('waiter');
    ctx.resolveAwakeable(waiter, head ?? null);
  }

  const toFleet = (ctx: ObjectContext, { fleet }: Pick<Item, 'fleet'>, news: unknown) =>
    send(ctx, { object: FLEET_OBJECT, key: fleet, handler: 'report' }, news);

  return sdk.object({
    name: HOST_OBJECT,
    options: CHANGING,
    handlers: {
      open: async (ctx: ObjectContext, input: unknown) => {
        const request = parseInput(sdk, sessionRequestSchema, input);
        const before = await read(ctx);
        const mailbox = openSession(before, request, await ctx.date.now());
        if (mailbox === null) return { type: 'held', seenAt: before.seenAt };
        await write(ctx, before, mailbox);
        // The directory lists a host before its agent has joined. It takes one host at a time: only the first session waits for it.
        if (before.session === null) {
          await call(ctx, { object: DIRECTORY_OBJECT, key: DIRECTORY_KEY, handler: 'addHost' }, ctx.key);
        }
        return { type: 'opened' };
      },

      /** Waits until the first item is not the current one, without blocking the other handlers of this mailbox. */
      next: shared(READING, async (ctx: ObjectSharedContext, input: unknown) => {
        const poll = parseInput(sdk, pollSchema, input);
        const { id: waiter, promise } = ctx.awakeable<unknown>();
        const found = headSchema.parse(
          await call(ctx, { object: HOST_OBJECT, key: ctx.key, handler: 'look' }, { ...poll, waiter }),
        );
        if (found.type !== 'parked') return found;
        try {
          return { type: 'head', item: await promise.orTimeout(POLL_MS) };
        } catch (thrown) {
          if (thrown instanceof sdk.TimeoutError) return { type: 'unchanged' };
          throw thrown;
        }
      }),

      look: sdk.handlers.object.exclusive({ ingressPrivate: true }, async (ctx: ObjectContext, input: unknown) => {
        const { session, current, progress, waiter } = parseInput(sdk, lookSchema, input);
        const before = await read(ctx);
        const mailbox = heard(before, session, progress, await ctx.date.now());
        if (mailbox === null) return { type: 'held' };
        await write(ctx, before, mailbox);
        const head = mailbox.items[0] ?? null;
        if ((head?.id ?? null) !== current) return { type: 'head', item: head };
        ctx.set('waiter', waiter);
        return { type: 'parked' };
      }),

      offer: sdk.handlers.object.exclusive({ ingressPrivate: true }, async (ctx: ObjectContext, input: unknown) => {
        const item = parseInput(sdk, itemSchema, input);
        const before = await read(ctx);
        const mailbox = offer(before, item);
        if (mailbox !== null) return write(ctx, before, mailbox);
        const { by = 'wf', reason = '' } = before.writtenOff ?? {};
        toFleet(ctx, item, { type: 'written-off', host: ctx.key, by, reason });
      }),

      confirm: async (ctx: ObjectContext, input: unknown) => {
        const { session, item } = parseInput(sdk, confirmSchema, input);
        const before = await read(ctx);
        const mailbox = heard(before, session, before.progress, await ctx.date.now());
        if (mailbox === null) return { type: 'held' };
        await write(ctx, before, mailbox);
        return { type: keeps(mailbox, item) ? 'confirmed' : 'gone' };
      },

      answer: async (ctx: ObjectContext, input: unknown) => {
        const { session, item, answer } = parseInput(sdk, answeredSchema, input);
        const before = await read(ctx);
        const alive = heard(before, session, null, await ctx.date.now());
        if (alive === null) return { type: 'held' };
        const taken = answered(alive, item);
        await write(ctx, before, taken?.mailbox ?? alive);
        if (taken === null) return { type: 'gone' };
        toFleet(ctx, taken.item, { type: 'answered', host: ctx.key, action: taken.item.action, answer });
        return { type: 'taken' };
      },

      writeOff: async (ctx: ObjectContext, input: unknown) => {
        const given = parseInput(sdk, writeOffSchema, input);
        const before = await read(ctx);
        if (before.session === null) return { type: 'unknown' };
        const { mailbox, fleets } = writeOff(before, given, await ctx.date.now());
        await write(ctx, before, mailbox);
        for (const fleet of fleets) toFleet(ctx, { fleet }, { type: 'written-off', host: ctx.key, ...given });
        return { type: 'written-off', fleets };
      },

      show: shared(READING, async (ctx: ObjectSharedContext) => {
        const mailbox = await readState(ctx, 'mailbox', mailboxSchema);
        return mailbox === undefined ? { type: 'unknown' } : { type: 'mailbox', mailbox };
      }),
    },
  });
}

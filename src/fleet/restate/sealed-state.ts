import type { ObjectContext, ObjectSharedContext } from '@restatedev/restate-sdk';
import type { FleetRequest } from '../model/fleet-run.ts';
import type { HostName } from '../model/ids.ts';
import type { Offer } from '../model/offer.ts';
import { type SealedSecrets, sealedSchema, sealedSecretsSchema } from '../model/sealed.ts';
import { FLEET_OBJECT } from './messages.ts';
import { call, readState } from './state.ts';

type Context = ObjectContext | ObjectSharedContext;

const keyOf = (host: HostName) => `sealed/${host}`;
const read = (ctx: Context, host: HostName) => readState(ctx, keyOf(host), sealedSchema);

/** Stores the sealed secrets of a fleet run, apart for each host; a retry has those of the run that it starts anew. */
export async function storeSealed(ctx: ObjectContext, request: FleetRequest, given: SealedSecrets): Promise<void> {
  const { hosts, secrets, retryOf } = request;
  if (secrets.length === 0) return;
  const sealed =
    retryOf === null
      ? given
      : sealedSecretsSchema.parse(await call(ctx, { object: FLEET_OBJECT, key: retryOf, handler: 'sealed' }, null));
  for (const host of hosts) if (sealed[host] !== undefined) ctx.set(keyOf(host), sealed[host]);
}

/** Returns the sealed secrets of a fleet run. */
export async function storedSealed(ctx: Context, { hosts }: FleetRequest): Promise<SealedSecrets> {
  const found = await Promise.all(hosts.map(async (host) => [host, await read(ctx, host)] as const));
  return sealedSecretsSchema.parse(Object.fromEntries(found.filter(([, sealed]) => sealed !== undefined)));
}

/** Adds its secrets to each item. */
export function withSealed(ctx: Context, offers: readonly Offer[]): Promise<readonly Offer[]> {
  return Promise.all(
    offers.map(async ({ host, item }) => ({ host, item: { ...item, sealed: await read(ctx, host) } })),
  );
}

import type { ObjectContext, ObjectSharedContext } from '@restatedev/restate-sdk';
import type { FleetRequest } from '../model/fleet-run.ts';
import type { HostName } from '../model/ids.ts';
import type { Offer } from '../model/offer.ts';
import { type Sealed, type SealedSecrets, sealedSchema, sealedSecretsSchema } from '../model/sealed.ts';
import { FLEET_OBJECT } from './messages.ts';
import { askState, call } from './state.ts';

type Context = ObjectContext | ObjectSharedContext;

const keyOf = (host: HostName) => `sealed/${host}`;

/** Stores the sealed secrets of a fleet run, one entry for each host. A retry takes those of the fleet run that it retries. */
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
export const storedSealed = (ctx: Context, { hosts }: FleetRequest): Promise<SealedSecrets> => readAll(ctx, hosts);

/** Adds its secrets to each item. */
export async function withSealed(ctx: Context, offers: readonly Offer[]): Promise<readonly Offer[]> {
  const sealed = await readAll(
    ctx,
    offers.map(({ host }) => host),
  );
  return offers.map(({ host, item }) => ({ host, item: { ...item, sealed: sealed[host] } }));
}

async function readAll(ctx: Context, hosts: readonly HostName[]): Promise<SealedSecrets> {
  const asked = hosts.map((host) => [host, askState(ctx, keyOf(host), sealedSchema)] as const);
  const found: Record<string, Sealed> = {};
  for (const [host, answer] of asked) {
    const sealed = await answer();
    if (sealed !== undefined) found[host] = sealed;
  }
  return found;
}

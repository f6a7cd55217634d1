import type { Part } from './fleet-run.ts';
import { type FleetId, type HostName, partOf } from './ids.ts';
import { type Item, itemIdOf, type Work } from './item.ts';

/** An item for the mailbox of a host. */
export interface Offer {
  readonly host: HostName;
  readonly item: Item;
}

/** Offers a part to its host. */
export function offerRun(fleet: FleetId, host: HostName, work: Work): Offer {
  const part = partOf(fleet, host);
  return { host, item: { id: itemIdOf(part, 'run', 1), fleet, part, action: 'run', work } };
}

/** Offers a rollback of a part to its host, as a new item. Returns the part with its number of rollbacks. */
export function offerRollback(fleet: FleetId, given: Part, reason: string): readonly [Part, Offer] {
  const { host } = given;
  const attempt = given.rollbacks + 1;
  const part = partOf(fleet, host);
  const id = itemIdOf(part, 'roll-back', attempt);
  return [
    { ...given, rollbacks: attempt },
    { host, item: { id, fleet, part, action: 'roll-back', attempt, reason } },
  ];
}

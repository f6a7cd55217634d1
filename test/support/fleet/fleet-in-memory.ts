import { decide, type FleetEvent } from '../../../src/fleet/model/decide.ts';
import {
  begunHosts,
  type FleetHead,
  type FleetRequest,
  type FleetRun,
  fleetHeadSchema,
  type Part,
  wholeFleet,
} from '../../../src/fleet/model/fleet-run.ts';
import type { Offer } from '../../../src/fleet/model/offer.ts';
import { beginFleet, takeStep } from '../../../src/fleet/model/take-step.ts';

/** A fleet run in memory, after an event. */
export interface Played {
  readonly fleet: FleetRun;
  /** The items that the event has put into mailboxes. */
  readonly offers: readonly Offer[];
}

/** Begins a fleet run. */
export function beginInMemory(request: FleetRequest, at: number): Played {
  const { head, parts, offers } = beginFleet(request, at);
  return { fleet: wholeFleet(request, head, parts), offers };
}

/** Decides on an event, and takes the step that follows, with the parts that an engine would read for it. */
export function playInMemory(fleet: FleetRun, event: FleetEvent, at: number): Played {
  const { request } = fleet;
  const stored = new Map(begunOf(fleet, request).map((part) => [part.host, part]));
  const part = event.type === 'demanded' ? null : (stored.get(event.host) ?? null);
  const { head, part: changed, offers, step } = decide(headOf(fleet), part, event, at);
  if (head.version === fleet.version) return { fleet, offers };
  if (changed !== null) stored.set(changed.host, changed);
  if (step === null) return { fleet: wholeFleet(request, head, [...stored.values()]), offers };
  const taken = takeStep(head, step, request, step.type === 'roll-back' ? [...stored.values()] : [], at);
  for (const one of taken.parts) stored.set(one.host, one);
  return { fleet: wholeFleet(request, taken.head, [...stored.values()]), offers: [...offers, ...taken.offers] };
}

const begunOf = (fleet: FleetRun, request: FleetRequest): readonly Part[] =>
  fleet.parts.slice(0, begunHosts(request, fleet).length);

/** Returns the head alone. */
export function headOf({ request: _request, parts: _parts, ...head }: FleetRun): FleetHead {
  return fleetHeadSchema.parse(head);
}

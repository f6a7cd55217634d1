import type { ErrorRecord } from '../../../engine/model/errors.ts';
import { withCopies } from '../../../fleet/record/fleet-copy.ts';
import { type FleetSummaryRecord, fleetSummaryRecord } from '../../../fleet/record/fleet-summary.ts';
import { knownFleets } from '../../../fleet/record/known-fleets.ts';
import type { UiContext } from '../../server/ui-context.ts';

/** The list of fleet runs. */
export interface FleetsView {
  /** Newest first. */
  readonly fleets: readonly FleetSummaryRecord[];
  /** Whether the page knows the address of a fleet. */
  readonly hasAddress: boolean;
  /** Why there are only copies although it does; null if Restate has answered. */
  readonly problem: ErrorRecord | null;
}

export async function fleetsView({ fleet, history: read }: Pick<UiContext, 'fleet' | 'history'>): Promise<FleetsView> {
  const history = await read();
  if (fleet === null) {
    return { fleets: withCopies([], history).map(fleetSummaryRecord), hasAddress: false, problem: null };
  }
  const { all, error } = await knownFleets(fleet.control, history);
  return { fleets: all.map(fleetSummaryRecord), hasAddress: true, problem: error?.toRecord() ?? null };
}

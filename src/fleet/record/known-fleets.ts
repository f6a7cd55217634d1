import { asWfError, type WfError } from '../../engine/model/errors.ts';
import type { HistoryReader } from '../../history/reader.ts';
import type { FleetControl, FleetSummary } from '../fleet-transport.ts';
import type { FleetRun } from '../model/fleet-run.ts';
import type { FleetId } from '../model/ids.ts';
import { copiedRecord, type KnownFleet, withCopies } from './fleet-copy.ts';
import type { FleetRecord } from './fleet-record.ts';

/** A fleet run as the engine has it, or its copy if the engine does not have it or does not answer. */
export type KnownRun =
  | { readonly type: 'live'; readonly fleet: FleetRun }
  | { readonly type: 'copy'; readonly record: FleetRecord; readonly error: WfError };

/** @throws WfError E_FLEET_NOT_FOUND, E_FLEET_UNREACHABLE if the history has no copy; E_DATABASE_DAMAGED */
export async function knownRun(
  control: Pick<FleetControl, 'show'>,
  history: () => Promise<HistoryReader | undefined>,
  id: FleetId,
  database: string,
): Promise<KnownRun> {
  try {
    return { type: 'live', fleet: await control.show(id) };
  } catch (thrown) {
    const error = asWfError(thrown);
    if (error.code !== 'E_FLEET_NOT_FOUND' && error.code !== 'E_FLEET_UNREACHABLE') throw thrown;
    const record = copiedRecord(await history(), id, database);
    if (record === undefined) throw thrown;
    return { type: 'copy', record, error };
  }
}

export interface KnownFleets {
  /** The fleet runs of the engine. */
  readonly live: readonly FleetSummary[];
  /** The same and the copies of others, newest first. */
  readonly all: readonly KnownFleet[];
  /** Why there are only copies; undefined if the engine has answered. */
  readonly error: WfError | undefined;
}

/** Lists the newest fleet runs. */
export async function knownFleets(
  control: Pick<FleetControl, 'fleets'>,
  history: HistoryReader | undefined,
): Promise<KnownFleets> {
  const { live, error } = await answerOf(control);
  return { live, all: withCopies(live, history), error };
}

async function answerOf(control: Pick<FleetControl, 'fleets'>): Promise<Pick<KnownFleets, 'live' | 'error'>> {
  try {
    return { live: await control.fleets(), error: undefined };
  } catch (thrown) {
    const error = asWfError(thrown);
    if (error.code !== 'E_FLEET_UNREACHABLE') throw thrown;
    return { live: [], error };
  }
}

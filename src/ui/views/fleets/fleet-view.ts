import { type ErrorRecord, WfError } from '../../../engine/model/errors.ts';
import { refusalOf } from '../../../fleet/model/decide.ts';
import type { Demand, FleetRun } from '../../../fleet/model/fleet-run.ts';
import { FLEET_ID_RULE, type FleetId, fleetIdSchema } from '../../../fleet/model/ids.ts';
import { copiedRecord } from '../../../fleet/record/fleet-copy.ts';
import { type FleetRecord, fleetRecord } from '../../../fleet/record/fleet-record.ts';
import { knownRun } from '../../../fleet/record/known-fleets.ts';
import type { UiContext } from '../../server/ui-context.ts';

/** The most runs among which the page finds the parts of a fleet run. */
const MOST_PARTS = 5_000;

/** A fleet run as its page shows it. */
export interface FleetView {
  readonly record: FleetRecord;
  /** The local runs of its parts that this database has. */
  readonly parts: readonly string[];
  /** Null for a copy, which takes no requests. */
  readonly live: LiveFleet | null;
  /** Why it is a copy although the page has the address of a fleet; null otherwise. */
  readonly problem: ErrorRecord | null;
}

export interface LiveFleet {
  /** Address of the fleet, for commands. */
  readonly url: string;
  /** Why each request would be refused now; null if it would not. */
  readonly refusals: Readonly<Record<Demand['kind'], ErrorRecord | null>>;
}

/** @throws WfError E_USAGE, E_FLEET_NOT_FOUND, E_FLEET_UNREACHABLE */
export async function fleetView(
  context: Pick<UiContext, 'fleet' | 'history' | 'database'>,
  text: string,
): Promise<FleetView> {
  const { fleet, database } = context;
  const id = requireFleetId(text);
  const history = await context.history();
  const viewOf = (record: FleetRecord, more: Pick<FleetView, 'live' | 'problem'>): FleetView => {
    const runs = new Set(history?.runIds(`${id}-`, MOST_PARTS));
    return { record, parts: record.hosts.map(({ part }) => part).filter((part) => runs.has(part)), ...more };
  };
  if (fleet === null) {
    const record = copiedRecord(history, id, database);
    if (record === undefined) throw noCopy(id);
    return viewOf(record, { live: null, problem: null });
  }
  const known = await knownRun(fleet.control, async () => history, id, database);
  if (known.type === 'copy') return viewOf(known.record, { live: null, problem: known.error.toRecord() });
  const live = { url: fleet.url, refusals: refusalsOf(known.fleet) };
  return viewOf(fleetRecord(known.fleet), { live, problem: null });
}

/** @throws WfError E_USAGE */
function requireFleetId(text: string): FleetId {
  const id = fleetIdSchema.safeParse(text);
  if (id.success) return id.data;
  throw new WfError('E_USAGE', `"${text}" is not a fleet id`, { hint: FLEET_ID_RULE });
}

function refusalsOf(fleet: FleetRun): LiveFleet['refusals'] {
  const refusal = (kind: Demand['kind']): ErrorRecord | null => {
    const why = refusalOf(fleet, { kind, by: '', comment: null });
    return why === undefined ? null : { code: 'E_REQUEST_REFUSED', message: `not now: ${why}`, hint: '' };
  };
  return {
    approve: refusal('approve'),
    pause: refusal('pause'),
    cancel: refusal('cancel'),
    rollback: refusal('rollback'),
  };
}

function noCopy(id: FleetId): WfError {
  return new WfError('E_FLEET_NOT_FOUND', `the history has no copy of a fleet run ${id}`, {
    hint: 'Start the page with the address of the fleet: `wf ui --fleet URL`.',
  });
}

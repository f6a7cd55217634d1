import type { HistoryReader } from '../../history/reader.ts';
import type { FleetCopy } from '../../history/rows/fleet-copies.ts';
import { damaged } from '../../history/sqlite/database-error.ts';
import type { FleetSummary } from '../fleet-transport.ts';
import type { FleetRun } from '../model/fleet-run.ts';
import type { ListedFleet } from './fleet-list.ts';
import { type FleetRecord, fleetRecord, fleetRecordSchema } from './fleet-record.ts';

/** The greatest number of copies in a list; older ones are found by their ids. */
const MOST_COPIES = 1_000;

/** A fleet run of the engine, or one that only the history has. */
export interface KnownFleet extends ListedFleet {
  readonly isCopy: boolean;
}

/** Returns the copy of a fleet run for the history; undefined unless it has ended. */
export function copyOf(fleet: FleetRun): FleetCopy | undefined {
  const { createdAt, finishedAt, version, request } = fleet;
  if (finishedAt === null) return undefined;
  const record = fleetRecord(fleet);
  const { workflow, status } = record;
  return { id: request.id, workflow, status, hosts: record.hosts.length, createdAt, finishedAt, version, record };
}

/** Returns the record of a fleet run that the history has. @throws WfError E_DATABASE_DAMAGED */
export function copiedRecord(
  history: HistoryReader | undefined,
  id: string,
  database: string,
): FleetRecord | undefined {
  const copy = history?.fleetCopy(id);
  if (copy === undefined) return undefined;
  const record = fleetRecordSchema.safeParse(copy.record);
  if (record.success) return record.data;
  throw damaged(database, `the record of fleet run ${id} cannot be read`, record.error);
}

/** Adds the fleet runs that only the history has to those of the engine, newest first. */
export function withCopies(fleets: readonly FleetSummary[], history: HistoryReader | undefined): readonly KnownFleet[] {
  const known = new Set(fleets.map(keyOf));
  const copies = listCopies(history).filter((copy) => !known.has(keyOf(copy)));
  return [
    ...fleets.map((fleet) => ({ ...fleet, isCopy: false })),
    ...copies.map((copy) => ({ ...copy, isCopy: true })),
  ].sort((a, b) => b.createdAt - a.createdAt);
}

/** Returns the ended fleet runs of the engine that the history lacks, or has only as a copy of an earlier end. */
export function notCopied(
  fleets: readonly FleetSummary[],
  history: HistoryReader | undefined,
): readonly FleetSummary[] {
  const copies = new Map(listCopies(history).map((copy) => [keyOf(copy), copy]));
  return fleets.filter((fleet) => {
    const copy = copies.get(keyOf(fleet));
    return fleet.finishedAt !== null && (copy?.finishedAt !== fleet.finishedAt || copy.status !== fleet.status);
  });
}

const listCopies = (history: HistoryReader | undefined) => history?.fleetCopies({ limit: MOST_COPIES }) ?? [];

/** An engine that has lost its data may reuse an id. */
const keyOf = ({ id, createdAt }: Pick<ListedFleet, 'id' | 'createdAt'>) => `${id} ${createdAt}`;

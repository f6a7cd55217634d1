import { z } from 'zod';
import { isoTime } from '../../review/record/iso-time.ts';
import type { KnownFleet } from './fleet-copy.ts';

/** An item of `wf fleet runs --json`. */
export const fleetSummarySchema = z
  .object({
    id: z.string(),
    workflow: z.string(),
    status: z.string(),
    hosts: z.int().meta({ description: 'number of hosts' }),
    createdAt: z.iso.datetime(),
    finishedAt: z.iso.datetime().nullable(),
    copy: z.boolean().meta({ description: 'whether only the history of this machine has it' }),
  })
  .meta({ id: 'FleetSummary' });
export type FleetSummaryRecord = Readonly<z.output<typeof fleetSummarySchema>>;

export function fleetSummaryRecord(fleet: KnownFleet): FleetSummaryRecord {
  const { id, workflow, status, hosts, createdAt, finishedAt, isCopy } = fleet;
  return {
    ...{ id, workflow, status, hosts, copy: isCopy },
    createdAt: isoTime(createdAt),
    finishedAt: finishedAt === null ? null : isoTime(finishedAt),
  };
}

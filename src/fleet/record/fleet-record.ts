import { z } from 'zod';
import { errorRecordSchema } from '../../engine/model/error-schema.ts';
import { runIdSchema } from '../../engine/model/identity/identity-schemas.ts';
import { isoTime } from '../../review/record/iso-time.ts';
import {
  FLEET_STATUSES,
  type FleetRun,
  fleetStatus,
  needsApproval,
  PART_STATUSES,
  type Part,
} from '../model/fleet-run.ts';
import { fleetIdSchema, hostNameSchema, partOf } from '../model/ids.ts';
import { workSchema } from '../model/item.ts';
import { shareSchema } from '../model/waves.ts';

const momentSchema = z.iso.datetime();
const errorSchema = z.nullable(errorRecordSchema());

/** The part of one host. */
const hostRecordSchema = z.object({
  host: hostNameSchema,
  /** The id of its local run. */
  part: runIdSchema(),
  wave: z.int().meta({ description: 'from 1' }),
  status: z.enum(PART_STATUSES),
  restored: z
    .boolean()
    .nullable()
    .meta({ description: 'whether verification found the host restored; null if it was not verified' }),
  changesInPlace: z.int().nullable(),
  startedAt: momentSchema.nullable(),
  finishedAt: momentSchema.nullable(),
  writtenOff: z.object({ at: momentSchema, by: z.string(), reason: z.string() }).nullable(),
  error: errorSchema,
});

/** The output of `wf fleet start`, `show` and `wait` with `--json`. Times are ISO 8601 in UTC; null is "not yet". */
export const fleetRecordSchema = z
  .object({
    id: fleetIdSchema,
    workflow: z.string(),
    definitionHash: z.string(),
    status: z.enum(FLEET_STATUSES),
    input: workSchema.shape.input,
    createdAt: momentSchema,
    finishedAt: momentSchema.nullable(),
    durationMs: z.int().nullable(),
    waitingFor: z
      .literal('approval')
      .nullable()
      .meta({ description: 'null unless a person must approve the next wave' }),
    canary: z.int().nullable(),
    atOnce: shareSchema.nullable(),
    maxFailures: z.int(),
    confirmWithinMs: z.int().nullable(),
    by: z.string(),
    retryOf: fleetIdSchema.nullable(),
    hosts: z.array(hostRecordSchema).readonly(),
    requests: z
      .array(z.object({ at: momentSchema, by: z.string(), kind: z.string(), comment: z.string().nullable() }))
      .readonly()
      .meta({ description: 'the accepted requests, oldest first' }),
    error: errorSchema.meta({ description: 'why it was rolled back; null if it was not' }),
  })
  .meta({ id: 'FleetRecord' });
export type FleetRecord = Readonly<z.output<typeof fleetRecordSchema>>;
type HostRecord = FleetRecord['hosts'][number];

/** Returns the record of a fleet run. */
export function fleetRecord(fleet: FleetRun): FleetRecord {
  const { request, createdAt, finishedAt } = fleet;
  const { id, work, canary, atOnce, maxFailures, by, retryOf } = request;
  return {
    id,
    workflow: work.workflow,
    definitionHash: work.definitionHash,
    status: fleetStatus(fleet),
    input: work.input,
    createdAt: isoTime(createdAt),
    finishedAt: finishedAt === null ? null : isoTime(finishedAt),
    durationMs: finishedAt === null ? null : finishedAt - createdAt,
    waitingFor: fleet.phase === 'rolling-out' && needsApproval(fleet) ? 'approval' : null,
    canary,
    atOnce,
    maxFailures,
    confirmWithinMs: work.confirmWithinMs,
    by,
    retryOf,
    hosts: fleet.parts.map((part) => hostRecord(fleet, part)),
    requests: fleet.demands.map(({ at, by, kind, comment }) => ({ at: isoTime(at), by, kind, comment })),
    error: fleet.error,
  };
}

function hostRecord({ request }: FleetRun, { host, wave, status, answer, writtenOff }: Part): HostRecord {
  const ended = answer?.type === 'ended' ? answer : undefined;
  return {
    host,
    part: partOf(request.id, host),
    wave: wave + 1,
    status,
    restored: ended?.restored ?? null,
    changesInPlace: ended?.changesInPlace ?? null,
    startedAt: ended?.startedAt ?? null,
    finishedAt: ended?.finishedAt ?? null,
    writtenOff: writtenOff && { at: isoTime(writtenOff.at), by: writtenOff.by, reason: writtenOff.reason },
    error: answer === null || answer.type === 'tombstoned' ? null : answer.error,
  };
}

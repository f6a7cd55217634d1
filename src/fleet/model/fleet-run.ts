import { z } from 'zod';
import { errorRecordSchema } from '../../engine/model/error-schema.ts';
import { fleetIdSchema, hostNameSchema } from './ids.ts';
import { answerSchema, workSchema } from './item.ts';
import { shareSchema } from './waves.ts';

/** The greatest number of hosts of one fleet run. */
const MOST_HOSTS = 2_000;

const timeSchema = z.int();

/** A request to start a fleet run. */
export const fleetRequestSchema = z.strictObject({
  id: fleetIdSchema,
  work: workSchema,
  hosts: z
    .array(hostNameSchema)
    .min(1)
    .max(MOST_HOSTS)
    .refine((hosts) => new Set(hosts).size === hosts.length, 'a host is named twice'),
  canary: z.int().min(1).nullable(),
  atOnce: shareSchema.nullable(),
  /** The fleet run is rolled back as soon as more hosts than this have failed. */
  maxFailures: z.int().min(0),
  /** Whether a person must approve what follows the first wave. */
  approve: z.boolean(),
  by: z.string(),
  /** The fleet run that this one starts anew. */
  retryOf: fleetIdSchema.nullable(),
});
export type FleetRequest = Readonly<z.output<typeof fleetRequestSchema>>;

export const PART_STATUSES = [
  /** Its wave has not begun. */
  'planned',
  /** In the mailbox of the host, which has not answered. */
  'offered',
  'succeeded',
  /** It ran, and the host undid it. */
  'failed',
  /** The host did not start it. */
  'refused',
  /** A rollback is in the mailbox of the host. */
  'undoing',
  /** Nothing of it is in place, and nothing of it can start any more. */
  'undone',
  'needs-attention',
  /** A person has said that the host will not answer. Its mailbox keeps a rollback for its return. */
  'written-off',
  /** The fleet run was rolled back before its wave. */
  'skipped',
] as const;
export type PartStatus = (typeof PART_STATUSES)[number];

const partSchema = z.strictObject({
  host: hostNameSchema,
  /** From 0. */
  wave: z.int().min(0),
  status: z.enum(PART_STATUSES),
  /** The last answer of the host. */
  answer: answerSchema.nullable(),
  /** Rollbacks that were put into the mailbox. */
  rollbacks: z.int().min(0),
  writtenOff: z.strictObject({ by: z.string(), reason: z.string(), at: timeSchema }).nullable(),
});
export type Part = Readonly<z.output<typeof partSchema>>;

/** Requests of people to a fleet run. */
export const DEMANDS = ['approve', 'pause', 'cancel', 'rollback'] as const;
export const demandSchema = z.strictObject({
  kind: z.enum(DEMANDS),
  by: z.string(),
  comment: z.string().nullable(),
});
export type Demand = Readonly<z.output<typeof demandSchema>>;

export const fleetRunSchema = z.strictObject({
  request: fleetRequestSchema,
  createdAt: timeSchema,
  finishedAt: timeSchema.nullable(),
  /** Rises with each change. */
  version: z.int(),
  phase: z.enum(['rolling-out', 'rolling-back', 'ended']),
  /** Number of waves that have begun. */
  wavesBegun: z.int().min(0),
  approved: z.boolean(),
  paused: z.boolean(),
  /** Why it is rolled back; null otherwise. */
  error: z.nullable(errorRecordSchema()),
  parts: z.array(partSchema).readonly(),
  /** The requests that were accepted, oldest first. */
  demands: z.array(demandSchema.extend({ at: timeSchema })).readonly(),
});
export type FleetRun = Readonly<z.output<typeof fleetRunSchema>>;

export const FLEET_STATUSES = [
  'running',
  'waiting',
  'paused',
  'rolling-back',
  'succeeded',
  'rolled-back',
  'needs-attention',
] as const;
export type FleetStatus = (typeof FLEET_STATUSES)[number];

/** A host that has not answered. */
export const isOpen = ({ status }: Part): boolean => status === 'offered' || status === 'undoing';

/** Whether a part counts towards `maxFailures`. */
export const isFailure = ({ status, writtenOff }: Part): boolean =>
  writtenOff !== null || status === 'failed' || status === 'refused' || status === 'needs-attention';

/** Returns the status of a fleet run, in the words of a run's status. */
export function fleetStatus(fleet: FleetRun): FleetStatus {
  switch (fleet.phase) {
    case 'rolling-out':
      if (fleet.paused) return 'paused';
      return needsApproval(fleet) ? 'waiting' : 'running';
    case 'rolling-back':
      return 'rolling-back';
    case 'ended':
      // An unanswered write-off: nobody has seen the host.
      if (fleet.parts.some(({ status }) => status === 'needs-attention' || status === 'written-off')) {
        return 'needs-attention';
      }
      return fleet.error === null ? 'succeeded' : 'rolled-back';
  }
}

/** Whether the next wave waits for a person. */
export function needsApproval({ request, wavesBegun, approved, parts }: FleetRun): boolean {
  if (!request.approve || approved || wavesBegun !== 1) return false;
  return parts.some(({ status }) => status === 'planned') && !parts.some(isOpen);
}

import { z } from 'zod';
import { errorRecordSchema } from '../../engine/model/error-schema.ts';
import { fleetIdSchema, type HostName, hostNameSchema } from './ids.ts';
import { answerSchema, workSchema } from './item.ts';
import { shareSchema, wavesOf } from './waves.ts';

/** The greatest number of hosts of one fleet run. */
const MOST_HOSTS = 2_000;

const timeSchema = z.int();

/** A request to start a fleet run. */
export const fleetRequestSchema = z.strictObject({
  id: fleetIdSchema,
  work: workSchema,
  /** Names of the secret inputs, whose sealed values are kept with each host. */
  secrets: z.array(z.string()).default([]),
  hosts: z
    .array(hostNameSchema)
    .min(1)
    .max(MOST_HOSTS)
    .refine((hosts) => new Set(hosts).size === hosts.length, 'a host is named twice'),
  canary: z.int().min(1).nullable(),
  atOnce: shareSchema.nullable(),
  /** The fleet run is rolled back as soon as more hosts than this have failed. */
  maxFailures: z.int().min(0),
  /** Whether a person must approve the waves after the first one. */
  approve: z.boolean(),
  by: z.string(),
  /** The fleet run that this one retries. */
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
  /** A person has declared that the host will not answer. Its mailbox keeps a rollback in case it returns. */
  'written-off',
  /** The fleet run was rolled back before its wave. */
  'skipped',
] as const;
export type PartStatus = (typeof PART_STATUSES)[number];

export const partSchema = z.strictObject({
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

/** The state of a fleet run that each event needs, whatever the number of its hosts. */
export const fleetHeadSchema = z.strictObject({
  id: fleetIdSchema,
  createdAt: timeSchema,
  finishedAt: timeSchema.nullable(),
  /** Rises with each change. */
  version: z.int(),
  phase: z.enum(['rolling-out', 'rolling-back', 'ended']),
  /** The rules of its request. */
  rules: fleetRequestSchema.pick({ maxFailures: true, approve: true, secrets: true }),
  /** Number of waves that have begun. */
  wavesBegun: z.int().min(0),
  approved: z.boolean(),
  paused: z.boolean(),
  /** Why it is rolled back; null otherwise. */
  error: z.nullable(errorRecordSchema()),
  /** Number of parts with each status. */
  counts: z.record(z.enum(PART_STATUSES), z.int().min(0)),
  /** Number of parts that count towards `maxFailures`. */
  failures: z.int().min(0),
  /** The requests that were accepted, oldest first. */
  demands: z.array(demandSchema.extend({ at: timeSchema })).readonly(),
});
export type FleetHead = Readonly<z.output<typeof fleetHeadSchema>>;

export const fleetRunSchema = fleetHeadSchema.extend({
  request: fleetRequestSchema,
  parts: z.array(partSchema).readonly(),
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

/** Whether some host has not answered. */
export const hasOpen = ({ counts }: FleetHead): boolean => counts.offered + counts.undoing > 0;

/** Whether something of a part may be in place, or may still start, and its mailbox has no rollback. */
export const isToUndo = ({ status }: Pick<Part, 'status'>): boolean =>
  status === 'offered' || status === 'succeeded' || status === 'needs-attention';

/** Whether a part counts towards `maxFailures`. */
export const isFailure = ({ status, writtenOff }: Part): boolean =>
  writtenOff !== null || status === 'failed' || status === 'refused' || status === 'needs-attention';

/** Returns the status of a fleet run, in the words of a run's status. */
export function fleetStatus(head: FleetHead): FleetStatus {
  switch (head.phase) {
    case 'rolling-out':
      if (head.paused) return 'paused';
      return needsApproval(head) ? 'waiting' : 'running';
    case 'rolling-back':
      return 'rolling-back';
    case 'ended':
      // The state of a written-off host that has not answered is unknown.
      if (head.counts['needs-attention'] + head.counts['written-off'] > 0) return 'needs-attention';
      return head.error === null ? 'succeeded' : 'rolled-back';
  }
}

/** Whether the next wave waits for a person. */
export function needsApproval(head: FleetHead): boolean {
  const { rules, approved, wavesBegun, counts } = head;
  return rules.approve && !approved && wavesBegun === 1 && counts.planned > 0 && !hasOpen(head);
}

/** Returns the hosts of the waves that have begun. */
export function begunHosts({ hosts, ...rule }: FleetRequest, { wavesBegun }: FleetHead): readonly HostName[] {
  return wavesOf(hosts, rule).slice(0, wavesBegun).flat();
}

/** Returns a whole fleet run. @param begun the parts of the waves that have begun */
export function wholeFleet(request: FleetRequest, head: FleetHead, begun: readonly Part[]): FleetRun {
  const status = head.phase === 'rolling-out' ? 'planned' : 'skipped';
  const others = wavesOf(request.hosts, request).flatMap((hosts, wave) =>
    wave < head.wavesBegun ? [] : hosts.map((host): Part => ({ ...newPart(host, wave), status })),
  );
  return { ...head, request, parts: [...begun, ...others] };
}

/** Returns a part whose wave has not begun. */
export function newPart(host: HostName, wave: number): Part {
  return { host, wave, status: 'planned', answer: null, rollbacks: 0, writtenOff: null };
}

import type { ErrorRecord } from '../../engine/model/errors.ts';
import type { Json } from '../../engine/model/json.ts';
import { isoTime } from '../../review/record/iso-time.ts';
import {
  type FleetRun,
  type FleetStatus,
  fleetStatus,
  needsApproval,
  type Part,
  type PartStatus,
} from '../model/fleet-run.ts';
import { partOf } from '../model/ids.ts';
import type { Share } from '../model/waves.ts';

/** The output of `wf fleet start`, `show` and `wait` with `--json`. Times are ISO 8601 in UTC; null is "not yet". */
export interface FleetRecord {
  readonly id: string;
  readonly workflow: string;
  readonly definitionHash: string;
  readonly status: FleetStatus;
  readonly input: { readonly [name: string]: Json };
  readonly createdAt: string;
  readonly finishedAt: string | null;
  readonly durationMs: number | null;
  /** Null unless a person must approve the next wave. */
  readonly waitingFor: 'approval' | null;
  readonly canary: number | null;
  readonly atOnce: Share | null;
  readonly maxFailures: number;
  readonly by: string;
  readonly retryOf: string | null;
  readonly hosts: readonly HostRecord[];
  /** The accepted requests, oldest first. */
  readonly requests: readonly {
    readonly at: string;
    readonly by: string;
    readonly kind: string;
    readonly comment: string | null;
  }[];
  /** Why it was rolled back; null if it was not. */
  readonly error: ErrorRecord | null;
}

/** The part of one host. */
interface HostRecord {
  readonly host: string;
  /** The id of its local run. */
  readonly part: string;
  /** From 1. */
  readonly wave: number;
  readonly status: PartStatus;
  /** Whether the host was found as it was before; null if that was not checked. */
  readonly restored: boolean | null;
  readonly changesInPlace: number | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly writtenOff: { readonly at: string; readonly by: string; readonly reason: string } | null;
  readonly error: ErrorRecord | null;
}

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

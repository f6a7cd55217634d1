import type { ErrorRecord } from '../../engine/model/errors.ts';
import { endIfOver, withChanged } from './change-head.ts';
import type { Step } from './decide.ts';
import {
  type Demand,
  type FleetHead,
  type FleetRequest,
  fleetHeadSchema,
  isFailure,
  isToUndo,
  newPart,
  PART_STATUSES,
  type Part,
} from './fleet-run.ts';
import { type Offer, offerRollback, offerRun } from './offer.ts';
import { wavesOf } from './waves.ts';

const NO_PARTS = fleetHeadSchema.shape.counts.parse(Object.fromEntries(PART_STATUSES.map((status) => [status, 0])));
/** The greatest number of failed hosts that an error names. */
const MOST_NAMED = 10;

/** The result of a step for many parts. */
export interface StepTaken {
  readonly head: FleetHead;
  /** The parts that have changed. */
  readonly parts: readonly Part[];
  readonly offers: readonly Offer[];
}

/** Begins a fleet run with its first wave. @param at now, in milliseconds since the epoch */
export function beginFleet(request: FleetRequest, at: number): StepTaken {
  const { id, maxFailures, approve, secrets, hosts } = request;
  const head: FleetHead = {
    id,
    createdAt: at,
    finishedAt: null,
    version: 1,
    phase: 'rolling-out',
    rules: { maxFailures, approve, secrets },
    wavesBegun: 0,
    approved: false,
    paused: false,
    error: null,
    counts: { ...NO_PARTS, planned: hosts.length },
    failures: 0,
    demands: [],
  };
  return beginWave(head, request);
}

/**
 * Takes a step that is due.
 * @param begun the parts of the waves that have begun; a new wave needs none
 * @param at now, in milliseconds since the epoch
 */
export function takeStep(
  head: FleetHead,
  step: Step,
  request: FleetRequest,
  begun: readonly Part[],
  at: number,
): StepTaken {
  switch (step.type) {
    case 'begin-wave':
      return beginWave(head, request);
    case 'roll-back':
      return rollBack(
        head,
        step.demand === null ? tooManyFailures(request, begun) : demandedBy(step.demand),
        begun,
        at,
      );
  }
}

function beginWave(head: FleetHead, request: FleetRequest): StepTaken {
  const wave = head.wavesBegun;
  const hosts = wavesOf(request.hosts, request)[wave] ?? [];
  const changes = hosts.map((host) => {
    const before = newPart(host, wave);
    return { before, after: { ...before, status: 'offered' as const } };
  });
  return {
    head: { ...withChanged(head, changes), wavesBegun: wave + 1 },
    parts: changes.map(({ after }) => after),
    offers: hosts.map((host) => offerRun(head.id, host, request.work)),
  };
}

/** Begins a rollback: each host that may have something in place, or may still start, gets one item. */
function rollBack(head: FleetHead, error: ErrorRecord, begun: readonly Part[], at: number): StepTaken {
  const changes = begun.filter(isToUndo).map((before) => {
    const [after, offer] = offerRollback(head.id, { ...before, status: 'undoing' }, error.message);
    return { before, after, offer };
  });
  const changed = withChanged(head, changes);
  const counts = { ...changed.counts, planned: 0, skipped: changed.counts.skipped + changed.counts.planned };
  const undoing: FleetHead = { ...changed, counts, phase: 'rolling-back', paused: false, finishedAt: null, error };
  return {
    head: endIfOver(undoing, at),
    parts: changes.map(({ after }) => after),
    offers: changes.map(({ offer }) => offer),
  };
}

function tooManyFailures({ id, hosts, maxFailures }: FleetRequest, begun: readonly Part[]): ErrorRecord {
  const failures = begun.filter(isFailure);
  const named = failures.slice(0, MOST_NAMED).map(({ host, status }) => `${host} (${status})`);
  const others = failures.length > MOST_NAMED ? `, and ${failures.length - MOST_NAMED} others` : '';
  return {
    code: 'E_FLEET_FAILED',
    message: `fleet run ${id}: ${failures.length} of ${hosts.length} hosts failed, at most ${maxFailures} may: ${named.join(', ')}${others}`,
    hint: `See the error of each host with \`wf fleet show ${id}\`.`,
  };
}

function demandedBy({ kind, by, comment }: Demand): ErrorRecord {
  const [code, did] =
    kind === 'cancel' ? (['E_CANCELLED', 'cancelled'] as const) : (['E_ROLLED_BACK', 'rolled back'] as const);
  return {
    code,
    message: `${did} by ${by}${comment === null ? '' : `: ${comment}`}`,
    hint: 'Start it again with `wf fleet retry`.',
  };
}

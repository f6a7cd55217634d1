import { endIfOver, withChanged } from './change-head.ts';
import {
  type Demand,
  type FleetHead,
  hasOpen,
  isOpen,
  isToUndo,
  needsApproval,
  PART_STATUSES,
  type Part,
} from './fleet-run.ts';
import type { HostName } from './ids.ts';
import { type Action, type Answer, isUndone } from './item.ts';
import { type Offer, offerRollback } from './offer.ts';

/** An event of a fleet run. */
export type FleetEvent =
  | { readonly type: 'answered'; readonly host: HostName; readonly action: Action; readonly answer: Answer }
  | { readonly type: 'written-off'; readonly host: HostName; readonly by: string; readonly reason: string }
  | { readonly type: 'demanded'; readonly demand: Demand };

/** A step for many parts. The demand of a rollback is null if too many hosts have failed. */
export type Step = { readonly type: 'begin-wave' } | { readonly type: 'roll-back'; readonly demand: Demand | null };

/** Result of an event. */
export interface Decision {
  readonly head: FleetHead;
  /** The part of the event. */
  readonly part: Part | null;
  readonly offers: readonly Offer[];
  /** The step that is due. */
  readonly step: Step | null;
}

/**
 * Decides what follows from an event. An event that changes nothing, such as a repeated answer, leaves the head unchanged.
 * @param part the part of the host of the event; null if its wave has not begun
 * @param at now, in milliseconds since the epoch
 */
export function decide(head: FleetHead, part: Part | null, event: FleetEvent, at: number): Decision {
  switch (event.type) {
    case 'answered':
      return answered(head, part, event, at);
    case 'written-off':
      return writtenOff(head, part, event, at);
    case 'demanded':
      return refusalOf(head, event.demand) === undefined ? demanded(head, event.demand, at) : unchanged(head, part);
  }
}

/** Returns why a request is refused; undefined if it is accepted. */
export function refusalOf(head: FleetHead, { kind }: Demand): string | undefined {
  const { phase, paused, counts } = head;
  const running =
    phase === 'rolling-out' ? undefined : `it ${phase === 'ended' ? 'has ended' : 'is being rolled back'}`;
  switch (kind) {
    case 'approve':
      if (running !== undefined) return running;
      return paused || needsApproval(head) ? undefined : 'it is not waiting for an approval';
    case 'pause':
      return running ?? (paused ? 'it is already paused' : undefined);
    case 'cancel':
      return running;
    case 'rollback': {
      if (phase === 'rolling-back') return running;
      const isInPlace = PART_STATUSES.some((status) => counts[status] > 0 && isToUndo({ status }));
      return phase === 'ended' && !isInPlace ? 'nothing of it is in place on its hosts' : undefined;
    }
  }
}

function answered(
  head: FleetHead,
  part: Part | null,
  { action, answer }: Extract<FleetEvent, { type: 'answered' }>,
  at: number,
): Decision {
  if (part === null || !awaits(part, action)) return unchanged(head, part);
  const status = action === 'run' ? statusAfterRun(answer) : isUndone(answer) ? 'undone' : 'needs-attention';
  return advance(head, part, { ...part, status, answer }, at);
}

/** A written-off host may still answer the rollback that its mailbox kept. */
function awaits({ status }: Part, action: Action): boolean {
  return action === 'run' ? status === 'offered' : status === 'undoing' || status === 'written-off';
}

function statusAfterRun(answer: Answer): Part['status'] {
  switch (answer.type) {
    case 'ended':
      if (answer.status === 'succeeded') return 'succeeded';
      return isUndone(answer) ? 'failed' : 'needs-attention';
    case 'refused':
    case 'tombstoned':
      return 'refused';
  }
}

function writtenOff(
  head: FleetHead,
  part: Part | null,
  { host, by, reason }: Extract<FleetEvent, { type: 'written-off' }>,
  at: number,
): Decision {
  if (part === null || !isOpen(part)) return unchanged(head, part);
  const gone: Part = { ...part, status: 'written-off', writtenOff: { by, reason, at } };
  // The mailbox already has the rollback.
  if (part.status === 'undoing') return advance(head, part, gone, at);
  const [undoing, offer] = offerRollback(head.id, gone, `host ${host} was written off: ${reason}`);
  return { ...advance(head, part, undoing, at), offers: [offer] };
}

function demanded(head: FleetHead, demand: Demand, at: number): Decision {
  const noted: FleetHead = { ...next(head), demands: [...head.demands, { ...demand, at }] };
  switch (demand.kind) {
    case 'approve': {
      const approved: FleetHead = { ...noted, paused: false, approved: head.approved || needsApproval(head) };
      return withStep(approved, null, at);
    }
    case 'pause':
      return withStep({ ...noted, paused: true }, null, at);
    case 'cancel':
    case 'rollback':
      return { ...unchanged(noted, null), step: { type: 'roll-back', demand } };
  }
}

/** Changes a part, and decides what is due. */
function advance(head: FleetHead, before: Part, after: Part, at: number): Decision {
  return withStep(withChanged(next(head), [{ before, after }]), after, at);
}

function withStep(head: FleetHead, part: Part | null, at: number): Decision {
  const step = dueStep(head);
  return { ...unchanged(step === null ? endIfOver(head, at) : head, part), step };
}

function dueStep(head: FleetHead): Step | null {
  if (head.phase !== 'rolling-out') return null;
  if (head.failures > head.rules.maxFailures) return { type: 'roll-back', demand: null };
  const isHeld = head.paused || needsApproval(head) || hasOpen(head) || head.counts.planned === 0;
  return isHeld ? null : { type: 'begin-wave' };
}

const unchanged = (head: FleetHead, part: Part | null): Decision => ({ head, part, offers: [], step: null });

const next = (head: FleetHead): FleetHead => ({ ...head, version: head.version + 1 });

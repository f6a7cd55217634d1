import type { ErrorRecord } from '../../engine/model/errors.ts';
import {
  type Demand,
  type FleetRequest,
  type FleetRun,
  isFailure,
  isOpen,
  needsApproval,
  type Part,
} from './fleet-run.ts';
import { type HostName, partOf } from './ids.ts';
import { type Action, type Answer, type Item, isUndone, itemIdOf } from './item.ts';
import { wavesOf } from './waves.ts';

/** An item for the mailbox of a host. */
export interface Offer {
  readonly host: HostName;
  readonly item: Item;
}

/** A fleet run after an event, and the items to put into mailboxes. */
export interface Decision {
  readonly fleet: FleetRun;
  readonly offers: readonly Offer[];
}

/** An event of a fleet run. */
export type FleetEvent =
  | { readonly type: 'answered'; readonly host: HostName; readonly action: Action; readonly answer: Answer }
  | { readonly type: 'written-off'; readonly host: HostName; readonly by: string; readonly reason: string }
  | { readonly type: 'demanded'; readonly demand: Demand };

/** Begins a fleet run with its first wave. @param at now, in milliseconds since the epoch */
export function beginFleet(request: FleetRequest, at: number): Decision {
  const parts = wavesOf(request.hosts, request).flatMap((hosts, wave) =>
    hosts.map((host): Part => ({ host, wave, status: 'planned', answer: null, rollbacks: 0, writtenOff: null })),
  );
  const fleet: FleetRun = {
    request,
    createdAt: at,
    finishedAt: null,
    version: 0,
    phase: 'rolling-out',
    wavesBegun: 0,
    approved: false,
    paused: false,
    error: null,
    parts,
    demands: [],
  };
  return advance(fleet, at);
}

/**
 * Decides what follows an event. An event that changes nothing, such as an answer that came twice, leaves the fleet run as it is.
 * @param at now, in milliseconds since the epoch
 */
export function decide(fleet: FleetRun, event: FleetEvent, at: number): Decision {
  switch (event.type) {
    case 'answered':
      return answered(fleet, event, at);
    case 'written-off':
      return writtenOff(fleet, event, at);
    case 'demanded':
      return refusalOf(fleet, event.demand) === undefined ? demanded(fleet, event.demand, at) : unchanged(fleet);
  }
}

/** Returns why a request is refused; undefined if it is accepted. */
export function refusalOf({ phase, paused, parts, error, ...fleet }: FleetRun, { kind }: Demand): string | undefined {
  const running = phase === 'rolling-out' ? undefined : `it ${phase === 'ended' ? 'has ended' : 'is rolled back'}`;
  switch (kind) {
    case 'approve':
      if (running !== undefined) return running;
      return paused || needsApproval({ phase, paused, parts, error, ...fleet }) ? undefined : 'it waits for nobody';
    case 'pause':
      return running ?? (paused ? 'it is paused already' : undefined);
    case 'cancel':
      return running;
    case 'rollback':
      if (phase === 'rolling-back') return running;
      return phase === 'ended' && !parts.some(isToUndo) ? 'nothing of it is in place on its hosts' : undefined;
  }
}

function answered(
  fleet: FleetRun,
  { host, action, answer }: Extract<FleetEvent, { type: 'answered' }>,
  at: number,
): Decision {
  const part = fleet.parts.find((one) => one.host === host);
  if (part === undefined || !awaits(part, action)) return unchanged(fleet);
  const status = action === 'run' ? statusAfterRun(answer) : isUndone(answer) ? 'undone' : 'needs-attention';
  return advance(withPart(fleet, { ...part, status, answer }), at);
}

/** A host that was written off answers the rollback that its mailbox kept. */
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
  fleet: FleetRun,
  { host, by, reason }: Extract<FleetEvent, { type: 'written-off' }>,
  at: number,
): Decision {
  const part = fleet.parts.find((one) => one.host === host);
  if (part === undefined || !isOpen(part)) return unchanged(fleet);
  const gone: Part = { ...part, status: 'written-off', writtenOff: { by, reason, at } };
  // The mailbox has the rollback already.
  if (part.status === 'undoing') return advance(withPart(fleet, gone), at);
  const [undoing, offer] = withRollback(fleet, gone, `host ${host} was written off: ${reason}`);
  const decision = advance(withPart(fleet, undoing), at);
  return { ...decision, offers: [offer, ...decision.offers] };
}

function demanded(fleet: FleetRun, demand: Demand, at: number): Decision {
  const noted: FleetRun = { ...fleet, demands: [...fleet.demands, { ...demand, at }] };
  switch (demand.kind) {
    case 'approve':
      return advance({ ...noted, paused: false, approved: fleet.approved || needsApproval(fleet) }, at);
    case 'pause':
      return advance({ ...noted, paused: true }, at);
    case 'cancel':
      return next(rollBack(noted, cancelled(demand), at));
    case 'rollback':
      return next(rollBack(noted, rolledBack(demand), at));
  }
}

/** Takes all steps that are due, until hosts or people have to answer. */
function advance(fleet: FleetRun, at: number): Decision {
  return next(fleet.phase === 'rolling-out' ? rollOut(fleet, at) : unchanged(endIfOver(fleet, at)));
}

function rollOut(fleet: FleetRun, at: number): Decision {
  const { request, parts } = fleet;
  const failures = parts.filter(isFailure);
  if (failures.length > request.maxFailures) return rollBack(fleet, tooManyFailures(fleet, failures), at);
  if (parts.some(isOpen)) return unchanged(fleet);
  if (!parts.some(({ status }) => status === 'planned')) return unchanged({ ...fleet, phase: 'ended', finishedAt: at });
  if (fleet.paused || needsApproval(fleet)) return unchanged(fleet);
  const wave = fleet.wavesBegun;
  const offers = parts
    .filter((part) => part.wave === wave)
    .map(({ host }): Offer => {
      const part = partOf(request.id, host);
      const id = itemIdOf(part, 'run', 1);
      return { host, item: { id, fleet: request.id, part, action: 'run', work: request.work } };
    });
  const begun = parts.map((part): Part => (part.wave === wave ? { ...part, status: 'offered' } : part));
  return { fleet: { ...fleet, parts: begun, wavesBegun: wave + 1 }, offers };
}

/** Begins a rollback: each host that may have something in place, or may still start, gets one item. */
function rollBack(fleet: FleetRun, error: ErrorRecord, at: number): Decision {
  const offers: Offer[] = [];
  const parts = fleet.parts.map((part): Part => {
    if (part.status === 'planned') return { ...part, status: 'skipped' };
    if (!isToUndo(part)) return part;
    const [undoing, offer] = withRollback(fleet, { ...part, status: 'undoing' }, error.message);
    offers.push(offer);
    return undoing;
  });
  const begun: FleetRun = { ...fleet, phase: 'rolling-back', paused: false, finishedAt: null, error, parts };
  return { fleet: endIfOver(begun, at), offers };
}

function endIfOver(fleet: FleetRun, at: number): FleetRun {
  return fleet.phase === 'ended' || fleet.parts.some(isOpen) ? fleet : { ...fleet, phase: 'ended', finishedAt: at };
}

/** Whether something of a part may be in place, or may still start, and its mailbox has no rollback. */
function isToUndo({ status }: Part): boolean {
  return status === 'offered' || status === 'succeeded' || status === 'needs-attention';
}

/** Adds a rollback to a part: another item than those before. */
function withRollback({ request }: FleetRun, part: Part, reason: string): readonly [Part, Offer] {
  const attempt = part.rollbacks + 1;
  const run = partOf(request.id, part.host);
  const id = itemIdOf(run, 'roll-back', attempt);
  return [
    { ...part, rollbacks: attempt },
    { host: part.host, item: { id, fleet: request.id, part: run, action: 'roll-back', attempt, reason } },
  ];
}

function withPart(fleet: FleetRun, part: Part): FleetRun {
  return { ...fleet, parts: fleet.parts.map((one) => (one.host === part.host ? part : one)) };
}

const unchanged = (fleet: FleetRun): Decision => ({ fleet, offers: [] });

const next = ({ fleet, offers }: Decision): Decision => ({ fleet: { ...fleet, version: fleet.version + 1 }, offers });

function tooManyFailures({ request }: FleetRun, failures: readonly Part[]): ErrorRecord {
  const hosts = failures.map(({ host, status }) => `${host} (${status})`).join(', ');
  return {
    code: 'E_FLEET_FAILED',
    message: `fleet run ${request.id}: ${failures.length} of ${request.hosts.length} hosts failed, at most ${request.maxFailures} may: ${hosts}`,
    hint: `See the error of each host with \`wf fleet show ${request.id}\`.`,
  };
}

function cancelled({ by, comment }: Demand): ErrorRecord {
  return {
    code: 'E_CANCELLED',
    message: `cancelled by ${by}${comment === null ? '' : `: ${comment}`}`,
    hint: 'Start the workflow again when it is wanted: `wf fleet retry`.',
  };
}

function rolledBack({ by, comment }: Demand): ErrorRecord {
  return {
    code: 'E_ROLLED_BACK',
    message: `rolled back by ${by}${comment === null ? '' : `: ${comment}`}`,
    hint: 'Start the workflow again when it is wanted: `wf fleet retry`.',
  };
}

import { asWfError, type ErrorCode, type WfError } from '../model/errors.ts';
import type { Owner } from '../model/identity/owner.ts';
import type { RunId } from '../model/ids.ts';
import type { Demand, RequestOutcome, RunRequest } from '../model/request.ts';
import { pause } from '../ports/clock.ts';
import type { StoredRun } from '../ports/history.ts';
import type { EngineServices } from '../run/engine.ts';
import { runImported, runNotFound } from '../run/run-refusal.ts';
import { demandRefusal, ownerIfAdvancing } from './demand-refusal.ts';
import { openRequestsOf } from './open-requests.ts';

/** The interval at which the sender checks for an answer, by two indexed reads. */
const READ_MS = 20;

/** A request to a run, with the actions of its sender while it is not answered. */
export interface DeliverRequest extends RunRequest {
  readonly run: RunId;
  /**
   * Takes over the run, which no process advances, and advances it as far as possible; meanwhile the run answers the request. Called
   * again if another process was faster, and has left the run.
   * @throws WfError E_LEASE_HELD if another process was faster; any other error refuses the request
   */
  advance(): Promise<void>;
  /** Called once the request is durable. @param owner the process that advances the run; null if none does */
  stored?(owner: Owner | null): void;
  /** Ends the wait; the request stays in the history. */
  readonly signal?: AbortSignal;
}

/** The answer to a request. `unanswered`: the caller has ended the wait. `number` is null if the request was refused unstored. */
export interface Delivered {
  readonly number: number | null;
  readonly outcome: RequestOutcome | { readonly type: 'unanswered' };
}

/**
 * Stores a request to a run and waits for its answer: that of the process that advances the run or, if none does, that of this one.
 * A request that no process could fulfil in the state of the run is refused without being stored.
 * @throws WfError E_RUN_NOT_FOUND, E_RUN_IMPORTED; E_DATABASE*, E_DISK_FULL: then the request was not stored
 */
export async function deliverRequest(services: EngineServices, request: DeliverRequest): Promise<Delivered> {
  const { history, clock, inbox } = services;
  const { run: id, by, demand, comment } = request;
  const run = requireOwn(history.run(id), id);
  const refusal = demandRefusal(services.history, run, demand, isAdvancing(services, run.id));
  if (refusal !== undefined) return { number: null, outcome: { type: 'refused', error: refusal.toRecord() } };
  const number = history.request(id, { by, demand, comment }, clock.now());
  services.crashPoints.reach('after request');
  request.stored?.(livingOwner(services, run));
  // This process may advance the run itself.
  inbox.check();
  for (;;) {
    const answer = answerTo(services, id, number);
    if (answer !== undefined) return { number, outcome: answer };
    if (request.signal?.aborted) return { number, outcome: { type: 'unanswered' } };
    const now = requireOwn(history.run(id), id);
    if (livingOwner(services, now) === null) await answerUnowned(services, request, now, number);
    else await pause(clock, READ_MS);
  }
}

/** Answers a stored request to a run that nobody advances, as `Engine.answer` does. */
export async function answerRequest(
  services: EngineServices,
  id: RunId,
  number: number,
  advance: (demand: Demand) => Promise<void>,
): Promise<boolean> {
  const run = services.history.run(id);
  const request = openRequestsOf(services.history, id).find((open) => open.number === number);
  if (run === undefined || request === undefined || livingOwner(services, run) !== null) return false;
  const { demand } = request;
  if (!refusedUnowned(services, run, number, demand)) await advance(demand);
  return true;
}

/** Refuses a request to a run that no process advances, or advances the run so that it answers. */
async function answerUnowned(
  services: EngineServices,
  { demand, advance }: DeliverRequest,
  run: StoredRun,
  number: number,
): Promise<void> {
  if (refusedUnowned(services, run, number, demand)) return;
  try {
    await advance();
  } catch (thrown) {
    const error = asWfError(thrown);
    if (!RIVAL.includes(error.code)) refuse(services, run, number, error);
    else await pause(services.clock, READ_MS);
  }
}

/** Refuses a request that the run cannot fulfil in its state. Returns whether it did. */
function refusedUnowned(services: EngineServices, run: StoredRun, number: number, demand: Demand): boolean {
  const refusal = demandRefusal(services.history, run, demand, isAdvancing(services, run.id));
  if (refusal !== undefined) refuse(services, run, number, refusal);
  return refusal !== undefined;
}

function refuse(services: EngineServices, { id }: StoredRun, number: number, error: WfError): void {
  const { history, clock } = services;
  history.refuse(id, number, error.toRecord(), clock.now(), isAdvancing(services, id));
}

/** Another process has taken the run over, or ended it, meanwhile. */
const RIVAL: readonly ErrorCode[] = ['E_LEASE_HELD', 'E_RUN_ENDED'];

function answerTo({ history }: EngineServices, run: RunId, number: number): RequestOutcome | undefined {
  if (history.openRequests().some((open) => open.run === run && open.number === number)) return undefined;
  for (const { event } of history.journal(run, number)) {
    if (event.type === 'answered' && event.request === number) return event.outcome;
  }
  return undefined;
}

function livingOwner(services: EngineServices, run: StoredRun): Owner | null {
  return ownerIfAdvancing(run, isAdvancing(services, run.id));
}

/** Returns a predicate: whether an owner of the run advances it. */
function isAdvancing({ isAlive, leases }: EngineServices, id: RunId): (owner: Owner) => boolean {
  return (owner) => isAlive(owner) && !leases.isAbandoned(id, owner);
}

function requireOwn(run: StoredRun | undefined, id: RunId): StoredRun {
  if (run === undefined) throw runNotFound(id);
  if (run.importedFrom !== null) throw runImported(id, run.importedFrom);
  return run;
}

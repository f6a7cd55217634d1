import { isConfirmed } from '../confirm/unconfirmed-run.ts';
import { needsUndo } from '../model/change.ts';
import { asWfError, type ErrorCode, type WfError } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import type { Owner } from '../model/owner.ts';
import type { Demand, RequestOutcome, RunRequest } from '../model/request.ts';
import { pause } from '../ports/clock.ts';
import { isEnd, type StoredRun } from '../ports/history.ts';
import type { EngineServices } from '../run/engine.ts';
import { runImported, runNotFound } from '../run/run-refusal.ts';
import { NOT_ENDED, requestRefused, retriedAlready } from './answers.ts';
import { openRequestsOf } from './open-requests.ts';

/** The interval in which the sender reads whether its request is answered: two indexed reads. */
const READ_MS = 20;

/** A request to a run, with the actions of its sender while it is not answered. */
export interface DeliverRequest extends RunRequest {
  readonly run: RunId;
  /**
   * Takes over the run, which no process advances, and advances it as far as it goes; the run answers the request meanwhile. Called
   * again if another process was faster, and has left the run.
   * @throws WfError E_LEASE_HELD if another process was faster; any other error refuses the request
   */
  advance(): Promise<void>;
  /** Called once the request is durable. @param owner the process that advances the run; null if none does */
  stored?(owner: Owner | null): void;
  /** Ends the waiting; the request stays in the history. */
  readonly signal?: AbortSignal;
}

/** The answer to a request. `unanswered`: the caller has ended the waiting. `number` is null if the request was refused unstored. */
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
  const refusal = refusalOf(services, run, demand);
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
  const refusal = refusalOf(services, run, demand);
  if (refusal !== undefined) refuse(services, run, number, refusal);
  return refusal !== undefined;
}

function refuse(services: EngineServices, { id }: StoredRun, number: number, error: WfError): void {
  const { history, clock } = services;
  history.refuse(id, number, error.toRecord(), clock.now(), isAdvancing(services, id));
}

/** Another process has taken the run over, or ended it, meanwhile. */
const RIVAL: readonly ErrorCode[] = ['E_LEASE_HELD', 'E_RUN_ENDED'];

/** Returns why no process can fulfil the demand in the state of the run; undefined if the process that advances the run decides. */
function refusalOf(services: EngineServices, run: StoredRun, demand: Demand): WfError | undefined {
  if (demand.kind === 'settle') return settleRefusal(services, run, demand);
  if (demand.kind === 'retry') return retryRefusal(services, run);
  if (isEnd(run.status)) return requestRefused(run.id, demand, `it has ended (${run.status}), and expects nothing`);
  if (livingOwner(services, run) !== null) return undefined;
  if (run.status === 'unconfirmed') {
    const isCancel = demand.kind === 'cancel' && !demand.keep;
    if (demand.kind === 'confirm' || (isCancel && !isConfirmed(services.history.journal(run.id)))) return undefined;
    return requestRefused(run.id, demand, `it is unconfirmed; \`wf confirm ${run.id}\` keeps it`);
  }
  if (demand.kind === 'confirm') return requestRefused(run.id, demand, `it is ${run.status}, and not unconfirmed`);
  if (run.status === 'rolling-back')
    return requestRefused(run.id, demand, `it is rolled back; \`wf rollback ${run.id}\` continues that`);
  if (run.status !== 'paused' || demand.kind === 'cancel') return undefined;
  return requestRefused(run.id, demand, `it is paused; resume it with \`wf resume ${run.id}\``);
}

function retryRefusal(services: EngineServices, run: StoredRun): WfError | undefined {
  const { id, workflow } = run;
  const refuse = (why: string, hint?: string) => requestRefused(id, { kind: 'retry' }, why, hint);
  const owner = livingOwner(services, run);
  if (owner !== null) return refuse(`process ${owner.pid} advances it`, `Wait for it with \`wf wait ${id}\`.`);
  switch (run.status) {
    case 'failed':
      return undefined;
    case 'rolled-back':
      return run.retriedAs === null ? undefined : retriedAlready(id, run.retriedAs);
    case 'succeeded':
      return refuse('it has succeeded', `Start a new run with \`wf start ${workflow}\`.`);
    case 'needs-attention':
      return refuse(
        'it needs attention',
        `Undo its changes with \`wf rollback ${id}\` first; \`wf show ${id}\` lists them.`,
      );
    case 'rolling-back':
      return refuse('its rollback is interrupted', `Complete it with \`wf rollback ${id}\` first.`);
    default:
      return refuse('it has not ended', `Resume it with \`wf resume ${id}\`.`);
  }
}

function settleRefusal(
  { history }: EngineServices,
  run: StoredRun,
  demand: Extract<Demand, { kind: 'settle' }>,
): WfError | undefined {
  if (!isEnd(run.status)) return requestRefused(run.id, demand, NOT_ENDED);
  const change = history.changes(run.id).find(({ seq }) => seq === demand.change);
  if (change === undefined) return requestRefused(run.id, demand, `it has no change ${demand.change}`);
  if (needsUndo(change)) return undefined;
  return requestRefused(run.id, demand, `change ${change.seq} (${change.target}) is ${change.status} already`);
}

function answerTo({ history }: EngineServices, run: RunId, number: number): RequestOutcome | undefined {
  if (history.openRequests().some((open) => open.run === run && open.number === number)) return undefined;
  for (const { event } of history.journal(run, number)) {
    if (event.type === 'answered' && event.request === number) return event.outcome;
  }
  return undefined;
}

function livingOwner(services: EngineServices, { id, owner }: StoredRun): Owner | null {
  return owner !== null && isAdvancing(services, id)(owner) ? owner : null;
}

/** Returns a function that returns whether an owner of the run advances it. */
function isAdvancing({ isAlive, leases }: EngineServices, id: RunId): (owner: Owner) => boolean {
  return (owner) => isAlive(owner) && !leases.isAbandoned(id, owner);
}

function requireOwn(run: StoredRun | undefined, id: RunId): StoredRun {
  if (run === undefined) throw runNotFound(id);
  if (run.importedFrom !== null) throw runImported(id, run.importedFrom);
  return run;
}

import { whileLocked } from '../journal/while-locked.ts';
import { runnersOf } from '../machine/machine-model.ts';
import { replay } from '../machine/replay.ts';
import { needsUndo } from '../model/change.ts';
import { WfError } from '../model/errors.ts';
import type { JournalEntry, JournalEvent } from '../model/journal-event.ts';
import { isJsonObject, type JsonObject } from '../model/json.ts';
import { changesLost, mayLackChanges } from '../place/lost-host.ts';
import { keepHost, openHostOf } from '../place/recorded-host.ts';
import { requireMadeHere } from '../place/require-made-here.ts';
import { requirePlace } from '../place/require-place.ts';
import { isEnd, type StoredRun } from '../ports/history.ts';
import type { RunHost } from '../ports/runtime.ts';
import { acceptedCancellation } from '../requests/cancellation.ts';
import { advanceOpenRun } from '../run/advance-open-run.ts';
import type { EngineDependencies, EngineServices, ResumeRequest, RunHandle, RunObserver } from '../run/engine.ts';
import type { Beginning } from '../run/loop/beginning.ts';
import { checkRequirements, firstUnmet, type NamesToClaim, NO_NAMES, namesToClaim } from '../run/preflight.ts';
import { releaseAtEnd } from '../run/release-run.ts';
import { runNotFound, runUnconfirmed } from '../run/run-refusal.ts';
import { requireValues, type Secrets } from '../secrets/secrets.ts';
import type { Requirement } from '../workflow/requirement.ts';
import { requireRunners } from './require-runners.ts';
import { answersToRetries, lastFailureIn, retryOf, withRetry } from './retry-failed-run.ts';
import { begunRollBack, continueRollBack, rolledBackOnRequest } from './roll-back-run.ts';
import { type TakenRun, takeOver, withRenewedHost } from './take-over.ts';

/**
 * Takes over a run that nobody advances and resumes it where its journal ends; a run that was rolling back continues its rollback.
 * @param seen the run as the history holds it at this moment
 * @throws WfError as Engine.resume does
 */
export async function resumeRun(
  services: EngineServices,
  request: ResumeRequest,
  seen: StoredRun | undefined,
  secrets: Secrets,
  observer: RunObserver,
): Promise<RunHandle> {
  const run = requireResumable(seen, request);
  requireValues(run, secrets);
  const { workflow, pauseAfter } = request;
  const { history } = services;
  const isRetry = isEnd(run.status);
  const runner = runnersOf(workflow.model);
  if (isRetry) {
    const [entries, changes, now] = [history.journal(run.id), history.changes(run.id), services.clock.now()];
    // Refused before the takeover, which is journaled.
    retryOf(workflow, { run, entries, changes, now, acceptedAt: acceptedAtEnd(request, run, entries) });
  }
  if (isRollingBack(run)) {
    const whyMissing = () => `the current workflow ${workflow.name} has none`;
    requireRunners(run.id, history.changes(run.id).filter(needsUndo), { runner, whyMissing }, secrets);
  }
  requirePlace(services, run, workflow.model.runners.values());
  // Checked before the takeover. The run has its names already: requirements with a claim are left out.
  const requirements = workflow.requirements(revealedInput(run, secrets));
  const general = requirements.filter(({ claim }) => claim === null);
  const { hosts = {} } = run.options;
  const runtime = services.runtimes[run.runtime];
  const names = isRetry ? namesToClaim(runtime, requirements, hosts, secrets) : NO_NAMES;
  const unmetHere = workflow.networking ? firstUnmet(await runtime.checkMachine(hosts)) : undefined;
  if (unmetHere !== undefined) throw unmetHere;
  const host = await openHostThatMeets(general, services, request, run);
  try {
    await requireMadeHere(history.changes(run.id).filter(needsUndo), runner, host);
  } catch (thrown) {
    host.close();
    throw thrown;
  }
  const taken = await takeOver(services, {
    run,
    host,
    purpose: 'resume',
    pauseAfter,
    claimNames: true,
    moreNames: names.wanted,
    isDue: ({ status, isRetryDue }) => !isEnd(status) || isRetryDue,
    runner,
    alters: workflow.model.alters,
    secrets,
    observer,
    hibernating: request.hibernating,
    by: request.by,
  });
  if (taken === null) throw runEnded(history.run(run.id) ?? run);
  try {
    return releaseAtEnd(await resumeTaken(services, request, taken, names), taken);
  } catch (thrown) {
    taken.releaseWithLease();
    throw thrown;
  }
}

/** Opens the host of a run once it meets the requirements. If the host ends meanwhile, checks again whether a rival has ended the run. */
async function openHostThatMeets(
  requirements: readonly Requirement[],
  dependencies: EngineDependencies,
  request: ResumeRequest,
  run: StoredRun,
): Promise<RunHost> {
  const { crashPoints } = dependencies;
  const host = await openHostOf(dependencies, run);
  crashPoints.reach('after open');
  try {
    for (;;) {
      const unmet = firstUnmet(await checkRequirements(requirements, host.ports, host.named));
      if (unmet === undefined) return host;
      resumableRun(dependencies, request);
      if (!(await host.renew())) throw unmet;
    }
  } catch (thrown) {
    host.close();
    throw thrown;
  }
}

function revealedInput({ input }: StoredRun, secrets: Secrets): JsonObject {
  const revealed = secrets.reveal(input);
  return isJsonObject(revealed) ? revealed : {};
}

/** @param isRetry whether a retry counts as due @throws WfError E_RUN_NOT_FOUND, E_RUN_ENDED, E_DEFINITION_CHANGED */
export function resumableRun({ history }: EngineDependencies, request: ResumeRequest, isRetry = false): StoredRun {
  const run = history.run(request.run);
  return requireResumable(run && { ...run, isRetryDue: run.isRetryDue || isRetry }, request);
}

function requireResumable(
  run: StoredRun | undefined,
  { run: id, definition, acceptChanges }: ResumeRequest,
): StoredRun {
  if (run === undefined) throw runNotFound(id);
  if (isEnd(run.status) && !run.isRetryDue) throw runEnded(run);
  if (run.status === 'unconfirmed') throw runUnconfirmed(run.id);
  // A rollback needs no definition.
  if (acceptChanges || run.definitionHash === definition.hash || isRollingBack(run)) return run;
  throw definitionChanged(run);
}

/** Whether resuming the run continues its rollback. */
export function isRollingBack({ status }: StoredRun): boolean {
  return status === 'rolling-back';
}

async function resumeTaken(
  services: EngineServices,
  request: ResumeRequest,
  taken: TakenRun,
  names: NamesToClaim,
): Promise<RunHandle> {
  const { history, clock } = services;
  const { workflow, definition, mayHibernate = false } = request;
  const { run, entries } = taken;
  if (isRollingBack(run)) {
    const begun = begunRollBack(entries);
    const error = begun?.error ?? rolledBackOnRequest(run).toRecord();
    return continueRollBack(services, taken, { error, kept: begun?.kept ?? [] });
  }
  // A rival may have resumed the run under another definition meanwhile.
  if (run.definitionHash !== definition.hash && !request.acceptChanges) throw definitionChanged(run);
  const now = clock.now();
  const acceptedAt = acceptedAtEnd(request, run, entries);
  const toRetry = { run, entries, changes: taken.journal.changes(), now, acceptedAt };
  const retried = isEnd(run.status) ? retryOf(workflow, toRetry) : [];
  const resumed = beginningOf(request, withRetry(taken, retried), acceptedAt);
  const events: JournalEvent[] = [];
  if (acceptedAt !== undefined) {
    await whileLocked(clock, () => history.putDefinition(definition.hash, definition.description, now));
    events.push({ type: 'definition.accepted', definitionHash: definition.hash });
  }
  if (retried.length > 0) {
    const obstacle = await obstacleTo(resumed, services, request, taken);
    if (obstacle !== undefined) throw obstacle;
    await whileLocked(clock, () => history.claim(taken.lease, names.claims));
    events.push(...retried, ...answersToRetries(history, run));
  }
  if (events.length > 0) await taken.journal.append(events, [], now);
  const beginning = await prepareHost(resumed, services, request, taken);
  const pauseAfter = pauseAfterOf(request, run, entries);
  return advanceOpenRun(services, taken, {
    header: run,
    workflow,
    beginning,
    pauseAfter,
    mayHibernate,
    entries: retried.length > 0 ? [] : entries,
  });
}

/**
 * Returns where the user accepts another definition: at the end of the journal, or undefined if it replays unchanged. Functions that
 * differ only in what they refer to do not change the hash of a definition.
 */
function acceptedAtEnd(
  { acceptChanges, definition, workflow }: ResumeRequest,
  run: StoredRun,
  entries: readonly JournalEntry[],
): number | undefined {
  if (!acceptChanges) return undefined;
  if (run.definitionHash !== definition.hash) return Number.POSITIVE_INFINITY;
  try {
    replay(workflow.model, run, entries);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof WfError) return Number.POSITIVE_INFINITY;
    throw thrown;
  }
}

/** @throws WfError E_JOURNAL_DIVERGED */
function beginningOf(
  { workflow }: ResumeRequest,
  { run, entries, open }: TakenRun,
  acceptedAt: number | undefined,
): Beginning {
  const decision = replay(workflow.model, run, entries, acceptedAt);
  // The earlier process was killed before its first decision.
  if (decision === undefined) return { type: 'start', first: [] };
  const lastFailure = lastFailureIn(entries);
  const cancelled = acceptedCancellation(run.id, entries);
  return { type: 'resume', decision, open: [...open.values()], lastFailure, obstacle: undefined, cancelled };
}

/**
 * Keeps a renewed host, which lacks the changes of the earlier one, only if the machine can continue without them. Otherwise the host
 * ends with this process: only a rollback is left to do.
 */
async function prepareHost(
  beginning: Beginning,
  services: EngineServices,
  request: ResumeRequest,
  taken: TakenRun,
): Promise<Beginning> {
  const { host, journal } = taken;
  return withRenewedHost(host, async () => {
    const obstacle = await obstacleTo(beginning, services, request, taken);
    if (obstacle !== undefined && beginning.type === 'resume') return { ...beginning, obstacle };
    if (host.isNew()) await keepHost(host, journal);
    return beginning;
  });
}

/** Returns why the machine cannot continue on a renewed host, or after a restart; undefined if it can. */
async function obstacleTo(
  beginning: Beginning,
  { owner }: EngineServices,
  { workflow }: ResumeRequest,
  { run, host, journal, ledger }: TakenRun,
): Promise<WfError | undefined> {
  if (beginning.type !== 'resume') return undefined;
  if (!mayLackChanges(workflow.model, beginning.decision, host, journal.changes(), owner)) return undefined;
  return (await ledger.vanished()).length > 0 ? changesLost(run, host) : undefined;
}

/** Returns the stage of this request, else that of the last process which was given one, else that of the start. */
function pauseAfterOf(request: ResumeRequest, run: StoredRun, entries: readonly JournalEntry[]): string | null {
  if (request.pauseAfter !== null) return request.pauseAfter;
  const given = entries.flatMap(({ event }) => (event.type === 'lease.taken' ? [event.pauseAfter] : []));
  return given.findLast((stage) => stage !== null) ?? run.options.pauseAfter;
}

function runEnded({ id, workflow, status }: StoredRun): WfError {
  return new WfError('E_RUN_ENDED', `run ${id} has ended: it is ${status}`, {
    hint: `Inspect it with \`wf show ${id}\`, or start a new run with \`wf start ${workflow}\`.`,
  });
}

function definitionChanged({ id, workflow, status }: StoredRun): WfError {
  const action = isEnd(status) ? 'retry' : 'resume';
  return new WfError('E_DEFINITION_CHANGED', `workflow ${workflow} has changed since run ${id} was started`, {
    hint: `${action === 'retry' ? 'Retry' : 'Resume'} it under the new definition with \`wf ${action} ${id} --accept-changes\`, or undo the run with \`wf rollback ${id}\`, which needs no definition.`,
  });
}

import { whileLocked } from '../journal/while-locked.ts';
import { runnersOf } from '../machine/machine-model.ts';
import { replay } from '../machine/replay.ts';
import { needsUndo } from '../model/change.ts';
import { WfError } from '../model/errors.ts';
import type { JournalEntry } from '../model/journal-event.ts';
import { isJsonObject, type JsonObject } from '../model/json.ts';
import { hostLost, needsItsChanges } from '../place/lost-host.ts';
import { keepHost, recordedHost } from '../place/recorded-host.ts';
import { requireMadeHere } from '../place/require-made-here.ts';
import { requirePlace } from '../place/require-place.ts';
import { isEnd, type StoredRun } from '../ports/history.ts';
import type { RunHost } from '../ports/runtime.ts';
import type { EngineDependencies, EngineServices, ResumeRequest, RunHandle, RunObserver } from '../run/engine.ts';
import { finishRun } from '../run/finish-run.ts';
import { checkRequirements, firstUnmet } from '../run/preflight.ts';
import { releaseAtEnd } from '../run/release-run.ts';
import { advanceRun, type Beginning } from '../run/run-loop.ts';
import { runNotFound } from '../run/run-refusal.ts';
import { requireValues, type Secrets } from '../secrets/secrets.ts';
import type { Requirement } from '../workflow/requirement.ts';
import { requireRunners } from './require-runners.ts';
import { begunRollBack, continueRollBack, rolledBackOnRequest } from './roll-back-run.ts';
import { type TakenRun, takeOver, withRenewedHost } from './take-over.ts';

/**
 * Takes over a run that nobody advances, and goes on where its journal ends: forward or, where it was being rolled back, with that.
 * @param seen the run as it is in the history at this moment
 * @throws WfError as Engine.resume says.
 */
export async function resumeRun(
  parts: EngineServices,
  request: ResumeRequest,
  seen: StoredRun | undefined,
  secrets: Secrets,
  observer: RunObserver,
): Promise<RunHandle> {
  const run = requireResumable(seen, request);
  requireValues(run, secrets);
  const { workflow, pauseAfter } = request;
  const runner = runnersOf(workflow.model);
  if (isRollingBack(run)) {
    const whyMissing = () => `the workflow ${workflow.name} as it is now has none`;
    requireRunners(run.id, parts.history.changes(run.id).filter(needsUndo), { runner, whyMissing }, secrets);
  }
  requirePlace(parts, run, workflow.model.runners.values());
  // Looked at before the run is taken over: what it needs of the machine. Its names are its own already.
  const general = workflow.requirements(revealedInput(run, secrets)).filter(({ claim }) => claim === null);
  const runtime = parts.runtimes[run.runtime];
  const unmetHere = workflow.networking ? firstUnmet(await runtime.checkMachine()) : undefined;
  if (unmetHere !== undefined) throw unmetHere;
  const host = await openWhatMeets(general, parts, request, run);
  try {
    await requireMadeHere(parts.history.changes(run.id).filter(needsUndo), runner, host.ports);
  } catch (thrown) {
    host.close();
    throw thrown;
  }
  const taken = await takeOver(
    parts,
    {
      run,
      host,
      purpose: 'resume',
      pauseAfter,
      holdNames: true,
      isDue: ({ status }) => !isEnd(status),
      runner,
      alters: workflow.model.alters,
      secrets,
      hibernating: request.hibernating,
    },
    observer,
  );
  if (taken === null) throw runEnded(parts.history.run(run.id) ?? run);
  try {
    return releaseAtEnd(await goOn(parts, request, taken, observer), taken);
  } catch (thrown) {
    taken.releaseWithLease();
    throw thrown;
  }
}

/** The host of the run, once it meets the requirements. Where it ends meanwhile, a rival may have brought the run to its end. */
async function openWhatMeets(
  requirements: readonly Requirement[],
  parts: EngineDependencies,
  request: ResumeRequest,
  run: StoredRun,
): Promise<RunHost> {
  const host = await parts.runtimes[run.runtime].open(run, recordedHost(parts.history, run));
  parts.crashPoints.reach('after open');
  try {
    for (;;) {
      const unmet = firstUnmet(await checkRequirements(requirements, host.ports));
      if (unmet === undefined) return host;
      resumableRun(parts, request);
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

/** @throws WfError E_RUN_NOT_FOUND, E_RUN_ENDED, E_DEFINITION_CHANGED */
export function resumableRun({ history }: EngineDependencies, request: ResumeRequest): StoredRun {
  return requireResumable(history.run(request.run), request);
}

function requireResumable(
  run: StoredRun | undefined,
  { run: id, definition, acceptChanges }: ResumeRequest,
): StoredRun {
  if (run === undefined) throw runNotFound(id);
  if (isEnd(run.status)) throw runEnded(run);
  // Undoing needs no definition.
  if (acceptChanges || run.definitionHash === definition.hash || isRollingBack(run)) return run;
  throw definitionChanged(run);
}

/** Whether a run goes on with its rollback. */
export function isRollingBack({ status }: StoredRun): boolean {
  return status === 'rolling-back';
}

async function goOn(
  parts: EngineDependencies,
  request: ResumeRequest,
  taken: TakenRun,
  observer: RunObserver,
): Promise<RunHandle> {
  const { history, clock, owner, random } = parts;
  const { workflow, definition } = request;
  const { run, host, journal, ledger, watch, entries, secrets } = taken;
  if (isRollingBack(run)) {
    const begun = begunRollBack(entries);
    const error = begun?.error ?? rolledBackOnRequest(run).toRecord();
    return continueRollBack(taken, run, { error, kept: begun?.kept ?? [] });
  }
  const isAccepted = run.definitionHash !== definition.hash;
  // A rival may have gone on under another one meanwhile.
  if (isAccepted && !request.acceptChanges) throw definitionChanged(run);
  const beginning = await prepareHost(beginningOf(request, taken, run, isAccepted), request, taken, run);
  if (isAccepted) {
    await whileLocked(clock, () => history.putDefinition(definition.hash, definition.description, clock.now()));
    await journal.append([{ type: 'definition.accepted', definitionHash: definition.hash }]);
  }
  return advanceRun({
    header: run,
    model: workflow.model,
    beginning,
    pauseAfter: pauseAfterOf(request, run, entries),
    mayHibernate: request.mayHibernate ?? false,
    history,
    watch,
    random,
    owner,
    journal,
    ledger,
    secrets,
    observer,
    finish: (end, stopSignal) =>
      finishRun(
        {
          header: run,
          host,
          journal,
          ledger,
          keepsChanges: workflow.keepsChanges,
          proofs: workflow.proofs,
          stopSignal,
        },
        end,
      ),
  });
}

/** @throws WfError E_JOURNAL_DIVERGED */
function beginningOf(
  { workflow }: ResumeRequest,
  { entries, open }: TakenRun,
  run: StoredRun,
  isAccepted: boolean,
): Beginning {
  const decision = replay(workflow.model, run, entries, isAccepted ? Number.POSITIVE_INFINITY : undefined);
  // Killed before its first decision.
  if (decision === undefined) return { type: 'start', first: [] };
  const failed = entries.findLast(({ event }) => event.type === 'step.failed')?.event;
  const lastFailure = failed?.type === 'step.failed' ? failed.error : undefined;
  return { type: 'resume', decision, open: [...open.values()], lastFailure, obstacle: undefined };
}

/**
 * A host that had to be made anew lacks all that an earlier one held. It is kept only where the machine can go on without that:
 * until then, and where nothing but a rollback is left to do, it ends with this process.
 */
async function prepareHost(
  beginning: Beginning,
  { workflow }: ResumeRequest,
  { host, journal, ledger }: TakenRun,
  run: StoredRun,
): Promise<Beginning> {
  return withRenewedHost(host, async () => {
    if (!host.isNew()) return beginning;
    if (beginning.type === 'resume' && needsItsChanges(workflow.model, beginning.decision)) {
      if ((await ledger.vanished()).length > 0) return { ...beginning, obstacle: hostLost(run) };
    }
    await keepHost(host, journal);
    return beginning;
  });
}

/** What this process was asked, else what the last one that was asked anything still had to do. */
function pauseAfterOf(request: ResumeRequest, run: StoredRun, entries: readonly JournalEntry[]): string | null {
  if (request.pauseAfter !== null) return request.pauseAfter;
  const asked = entries.flatMap(({ event }) => (event.type === 'lease.taken' ? [event.pauseAfter] : []));
  return asked.findLast((stage) => stage !== null) ?? run.options.pauseAfter;
}

function runEnded({ id, workflow, status }: StoredRun): WfError {
  return new WfError('E_RUN_ENDED', `run ${id} has ended: it is ${status}`, {
    hint: `Look at it with \`wf show ${id}\`, or start a new run with \`wf start ${workflow}\`.`,
  });
}

function definitionChanged({ id, workflow }: StoredRun): WfError {
  return new WfError(
    'E_DEFINITION_CHANGED',
    `workflow ${workflow} is no longer the one that run ${id} was started with`,
    {
      hint: `Go on under the new definition with \`wf resume ${id} --accept-changes\`, or undo the run with \`wf rollback ${id}\`, which needs no definition.`,
    },
  );
}

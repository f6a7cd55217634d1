import { openRunJournal, type RunJournal } from '../journal/run-journal.ts';
import type { Decision } from '../machine/decide/decide.ts';
import { waitsFor } from '../machine/decide/machine-state.ts';
import { runnersOf } from '../machine/machine-model.ts';
import { replay } from '../machine/replay.ts';
import { type Change, changesToUndo, needsUndo } from '../model/change.ts';
import { asWfError } from '../model/errors.ts';
import { onHostName } from '../model/on-host-name.ts';
import { changesLost, mayLackChanges } from '../place/lost-host.ts';
import { openHostOf } from '../place/recorded-host.ts';
import { requirePlace } from '../place/require-place.ts';
import { observingContext, observingStep } from '../plan/observing-context.ts';
import { isEnd, type StoredRun, type StoredStep } from '../ports/history.ts';
import type { RunHost } from '../ports/runtime.ts';
import { journaledIntent, observedTarget, openChange } from '../run/apply-change.ts';
import type { EngineDependencies, PlannedStep, ResumePlan, ResumeRequest } from '../run/engine.ts';
import { type OpenStep, openSteps } from '../run/loop/open-steps.ts';
import { leaseHeld } from '../run/run-refusal.ts';
import { journaledChange, lateEffectOf } from '../run/undo-change.ts';
import { requireValues, type Secrets } from '../secrets/secrets.ts';
import type { ChangeBehaviour, HostContext, StepRunner } from '../workflow/step.ts';
import { BACK, FORWARD } from './recovery-table.ts';
import { isRollingBack, resumableRun } from './resume-run.ts';
import { retryOf, withRetry } from './retry-failed-run.ts';
import { begunRollBack } from './roll-back-run.ts';

/**
 * Returns what a resume would do with each step, by the same tables. Observes the host, takes no lease, touches nothing.
 * @param isRetry whether a failed run is planned as if its retry were due
 */
export async function planResume(
  dependencies: EngineDependencies,
  request: ResumeRequest,
  secrets: Secrets,
  { isRetry }: { readonly isRetry: boolean } = { isRetry: false },
): Promise<ResumePlan> {
  const run = resumableRun(dependencies, request, isRetry);
  requireValues(run, secrets);
  if (run.owner !== null && dependencies.isAlive(run.owner))
    throw leaseHeld(run.id, run.owner, dependencies.owner.pidNamespace);
  requirePlace(dependencies, run, request.workflow.model.runners.values());
  const host = await openHostOf(dependencies, run);
  try {
    return await planOn(host, dependencies, request, run, secrets);
  } finally {
    host.close();
  }
}

async function planOn(
  host: RunHost,
  dependencies: EngineDependencies,
  request: ResumeRequest,
  run: StoredRun,
  secrets: Secrets,
): Promise<ResumePlan> {
  const { history, clock, crashPoints } = dependencies;
  const journaled = history.journal(run.id);
  const lease = { run: run.id, fence: run.fence };
  const journal = openRunJournal({ history, lease, clock, crashPoints, observer: {}, secrets }, journaled);
  const steps = history.steps(run.id);
  const planner: Planner = {
    dependencies,
    host,
    journal,
    secrets,
    run: run.id,
    runner: runnersOf(request.workflow.model),
  };
  if (isRollingBack(run)) return planBack(planner, steps, begunRollBack(journaled)?.kept ?? []);
  const accepted = request.acceptChanges ? Number.POSITIVE_INFINITY : undefined;
  const toRetry = { run, entries: journaled, changes: journal.changes(), now: clock.now(), acceptedAt: accepted };
  const retried = isEnd(run.status) ? retryOf(request.workflow, toRetry) : [];
  const { entries, open } = withRetry({ entries: journaled, open: openSteps(journaled) }, retried);
  const decision = replay(request.workflow.model, run, entries, accepted);
  // Resuming a machine that has failed only undoes it.
  const isUndone = hasFailed(decision) && run.options.onFailure === 'rollback' && journal.changes().some(needsUndo);
  if (isUndone) return planBack(planner, steps, []);
  const planned = await Promise.all(steps.map((step) => planStep(planner, step, open.get(step.id), decision)));
  const mayLack =
    decision !== undefined &&
    mayLackChanges(request.workflow.model, decision, host, journal.changes(), dependencies.owner);
  if (!mayLack || !planned.some(({ plan }) => plan === 'gone')) {
    return { direction: 'forward', steps: redactedSteps(planned, secrets) };
  }
  if (run.options.onFailure === 'rollback') return planBack(planner, steps, []);
  const why = changesLost(run, host).message;
  const refused = planned.map((step): PlannedStep => (open.has(step.step) ? { ...step, plan: 'refused', why } : step));
  return { direction: 'forward', steps: redactedSteps(refused, secrets) };
}

function hasFailed(decision: Decision | undefined): boolean {
  const status = decision?.status;
  return status?.type === 'error' || (status?.type === 'done' && status.failed);
}

async function planBack(planner: Planner, steps: readonly StoredStep[], kept: readonly number[]): Promise<ResumePlan> {
  const changes = changesToUndo(planner.journal.changes(), kept).toReversed();
  const planned = await Promise.all(changes.map((change) => planUndo(planner, change, steps)));
  return { direction: 'back', steps: redactedSteps(planned, planner.secrets) };
}

/** Redacts the reasons: what was observed on the host may contain a secret. */
function redactedSteps(steps: readonly PlannedStep[], { redactText }: Secrets): readonly PlannedStep[] {
  return steps.map((step) => ({ ...step, why: redactText(step.why) }));
}

interface Planner {
  readonly dependencies: EngineDependencies;
  readonly host: RunHost;
  readonly journal: RunJournal;
  readonly secrets: Secrets;
  readonly run: StoredRun['id'];
  runner(kind: string): StepRunner | undefined;
}

type Plan = Pick<PlannedStep, 'plan' | 'why'>;

async function planStep(
  planner: Planner,
  step: StoredStep,
  open: OpenStep | undefined,
  decision: Decision | undefined,
): Promise<PlannedStep> {
  const { id, stage, kind } = step;
  const plan = open === undefined ? await planEnded(planner, step) : await planOpen(planner, open, decision);
  return { step: id, stage, kind, ...plan };
}

/** Plans a step that has ended: it never runs again, but its change is observed, as later steps may need it. */
async function planEnded(planner: Planner, { id, kind, status }: StoredStep): Promise<Plan> {
  if (status !== 'succeeded') return { plan: 'kept', why: `${status}; the machine has left its state` };
  const change = planner.journal.changes().find((made) => made.step === id && needsUndo(made));
  if (change === undefined) return { plan: 'kept', why: 'completed' };
  const behaviour = planner.runner(kind)?.behaviour;
  if (behaviour?.type !== 'change') return { plan: 'kept', why: `completed: ${change.target}` };
  const seen = await observe(planner, behaviour, change);
  switch (seen.found) {
    case 'in place':
      return { plan: 'kept', why: `completed, in place: ${change.target}` };
    case 'gone':
      return { plan: 'gone', why: `completed, but gone: ${seen.reason}` };
    case 'unknown':
      return { plan: 'kept', why: `completed; its change could not be observed: ${seen.error.message}` };
  }
}

async function planOpen(planner: Planner, open: OpenStep, decision: Decision | undefined): Promise<Plan> {
  const { start, journaled, attempt } = open;
  if (decision !== undefined && !waitsFor(decision.state, start)) {
    return { plan: 'kept', why: 'the machine has left its state' };
  }
  if (journaled.type === 'decided' && attempt === 1) return { plan: 'run', why: 'due, and not begun yet' };
  if (journaled.type === 'retrying') return { plan: 'run', why: `attempt ${attempt} failed, the next one is due` };
  const runner = planner.runner(start.kind);
  switch (runner?.behaviour.type) {
    case 'change':
      return planChange(planner, open, runner.behaviour);
    case 'undo':
      return { plan: 'run', why: `${unendedWords(open)}: it undoes what is left` };
    default:
      return { plan: 'run', why: `${unendedWords(open)}; it only reads` };
  }
}

function unendedWords({ journaled, attempt }: OpenStep): string {
  return journaled.type === 'decided' ? `attempt ${attempt - 1} failed or was stopped` : 'its end was not journaled';
}

async function planChange(
  planner: Planner,
  { start, retriedAfter }: OpenStep,
  behaviour: ChangeBehaviour,
): Promise<Plan> {
  const { dependencies, journal, secrets } = planner;
  const earlier = openChange(journal.changes(), start.step);
  const journaled = journaledIntent(earlier, behaviour, dependencies.owner.bootId);
  const context = { ...observingStep(contextOf(planner, start.host), start.step), retriedAfter };
  try {
    const input = secrets.reveal(start.input);
    const known = journaled === 'intended' && earlier !== undefined ? secrets.reveal(earlier.record) : undefined;
    const seen = await behaviour.observe(input, context, known);
    const lateEffect = lateEffectOf(
      behaviour,
      earlier === undefined ? 0 : journal.historyOf(earlier.seq).intendedAt,
      dependencies.clock,
    );
    const action = FORWARD[journaled][observedTarget(seen, lateEffect.isPossible())];
    const target = 'target' in seen ? onHostName(start.host, seen.target) : (earlier?.target ?? start.step);
    switch (action) {
      case 'adopt':
        return { plan: 'adopted', why: `observed: ${target} exists, made by this run` };
      case 'complete':
        return { plan: 'completed', why: `observed: a part of ${target} exists` };
      case 'apply':
      case 'observe again':
        return {
          plan: 'run',
          why: `observed: ${target} ${journaled === 'lost' ? 'is gone: the machine was restarted' : 'does not exist'}`,
        };
      case 'leave':
      case 'withdraw':
        return { plan: 'kept', why: `observed: ${target} is as requested already` };
      case 'refuse':
      case 'stop':
        return { plan: 'refused', why: 'error' in seen ? seen.error.message : 'its state is unknown' };
    }
  } catch (thrown) {
    return { plan: 'refused', why: asWfError(thrown).message };
  }
}

async function planUndo(planner: Planner, change: Change, steps: readonly StoredStep[]): Promise<PlannedStep> {
  const { step, kind } = change;
  const stage = steps.find(({ id }) => id === step)?.stage ?? '';
  return { step, kind, stage, ...(await planOfUndo(planner, change)) };
}

async function planOfUndo(planner: Planner, change: Change): Promise<Plan> {
  const behaviour = planner.runner(change.kind)?.behaviour;
  if (behaviour?.type !== 'change') return { plan: 'refused', why: `no step runner ${change.kind} is known` };
  const { owner } = planner.dependencies;
  const journaled = planner.journal.historyOf(change.seq);
  const state = journaledChange({ change, behaviour, bootId: owner.bootId, journaled });
  const seen = await observe(planner, behaviour, change);
  switch (BACK[state][seen.found]) {
    case 'undo':
      return { plan: 'undone', why: `${change.target} is in place` };
    case 'settle as stuck':
      return { plan: 'refused', why: seen.found === 'unknown' ? seen.error.message : change.target };
    default:
      return { plan: 'gone', why: seen.found === 'gone' ? seen.reason : 'the machine was restarted since' };
  }
}

async function observe(planner: Planner, behaviour: ChangeBehaviour, change: Change) {
  try {
    return await behaviour.inspect(planner.secrets.reveal(change.record), contextOf(planner, change.host));
  } catch (thrown) {
    return { found: 'unknown', error: asWfError(thrown) } as const;
  }
}

/** @param name of a named host; undefined for the run's own */
function contextOf({ host, run }: Planner, name: string | undefined): HostContext {
  return observingContext(run, host, name);
}

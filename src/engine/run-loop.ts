import type { HostWatch } from './attempt-host.ts';
import {
  type Decision,
  decide,
  decideStart,
  type MachineState,
  type MachineStatus,
  stepDone,
  stepError,
} from './decide.ts';
import type { RunHandle, RunObserver, RunResult } from './engine.ts';
import { asWfError, type ErrorRecord, WfError } from './errors.ts';
import type { StepId } from './ids.ts';
import type { Effect, JournalEvent, MachineEvent, RunHeader } from './journal-event.ts';
import { isJsonObject, type Json, toJson } from './json.ts';
import type { MachineModel } from './machine-model.ts';
import type { OpenStep, StartStep } from './open-steps.ts';
import type { Owner } from './owner.ts';
import type { Random } from './ports/clock.ts';
import type { HistoryPort, StoredEvidence } from './ports/history.ts';
import { RESUME } from './recovery-table.ts';
import { isFullDisk, type RunJournal } from './run-journal.ts';
import type { RunLedger } from './run-ledger.ts';
import type { Secrets } from './secrets.ts';
import type { RetryPolicy } from './step.ts';
import { type AttemptOutcome, beginAttempt, type RunningAttempt } from './step-attempts.ts';

/** What reaches a run from outside its decisions. */
type Arrival =
  | { readonly type: 'start' }
  | { readonly type: 'resume' }
  | { readonly type: 'outcome'; readonly start: StartStep; readonly attempt: number; readonly outcome: AttemptOutcome }
  | { readonly type: 'retry'; readonly start: StartStep; readonly attempt: number }
  | { readonly type: 'timer'; readonly timer: string; readonly deadline: number; readonly event: MachineEvent }
  | { readonly type: 'sent'; readonly event: MachineEvent };

/** Where a process begins with a run. */
export type Beginning =
  /** `first` is committed with the machine's first decision. */
  | { readonly type: 'start'; readonly first: readonly JournalEvent[] }
  /** Where the journal of an earlier process ends: its last decision, the steps without an outcome, the last failure. */
  | {
      readonly type: 'resume';
      readonly decision: Decision;
      readonly open: readonly OpenStep[];
      readonly lastFailure: ErrorRecord | undefined;
      /** Why the machine goes no further from here; undefined where it does. */
      readonly obstacle: WfError | undefined;
    };

interface RunLoopParts {
  readonly header: RunHeader;
  readonly model: MachineModel;
  readonly beginning: Beginning;
  /** The stage after which the run is to pause; null where it is not. */
  readonly pauseAfter: string | null;
  /** Whether it is let go of where it only waits for timers. */
  readonly mayRest: boolean;
  readonly history: Pick<HistoryPort, 'release' | 'together'>;
  readonly watch: HostWatch;
  readonly random: Random;
  readonly owner: Owner;
  readonly journal: RunJournal;
  readonly ledger: RunLedger;
  readonly secrets: Secrets;
  readonly observer: RunObserver;
  /** Brings a run whose machine has come to its end to its own: undoes, verifies, commits the end. */
  conclude(end: MachineEnd, stopSignal: () => string | undefined): Promise<RunResult>;
}

/** A run that is let go of is read again from its journal: for less than this it is not worth it. */
const SHORTEST_REST_MS = 5_000;

/** How a machine ended. */
export type MachineEnd =
  | { readonly type: 'done'; readonly output: Json }
  | { readonly type: 'failed'; readonly error: ErrorRecord };

/**
 * Advances one run: takes what arrives, decides, commits the decision with what is to be done, then does it. All that
 * has arrived by then shares one commit. Nothing is done before the commit that holds it has returned.
 */
export function advanceRun(parts: RunLoopParts): RunHandle {
  const { header, model, journal, beginning } = parts;
  const { clock } = parts.watch.host;
  const arrivals: Arrival[] = [{ type: beginning.type }];
  const attempts = new Map<StepId, RunningAttempt>();
  const retries = new Map<StepId, { readonly attempt: number; cancel(): void }>();
  const failures = new Map<StepId, number>();
  const timers = new Map<string, () => void>();
  let state: MachineState | undefined;
  let ended: MachineStatus | undefined;
  let lastFailure: ErrorRecord | undefined;
  let interruptedBy: string | undefined;
  let pausedAfter: string | undefined;
  let stages: readonly string[] = [];
  let waiting = false;
  let wake = () => {};

  const arrive = (arrival: Arrival) => {
    arrivals.push(arrival);
    wake();
  };

  /** Asked to stop: what is under way comes to its outcome, and nothing more is begun. */
  const isStopping = () => interruptedBy !== undefined || pausedAfter !== undefined;

  /** Decides on all that has arrived, in order: what is to be committed, and what is to be done then. */
  function takeArrivals(): Taken {
    const now = clock.now();
    const events: JournalEvent[] = [];
    const evidence: StoredEvidence[] = [];
    const effects: Effect[] = [];
    const begin: Due[] = [];
    const decideOn = (event: MachineEvent | null) => {
      if (ended !== undefined) return;
      const decision = nextDecision(event, now);
      if (decision === undefined) {
        events.push(...[...retries.keys()].flatMap(stopRetry));
        return;
      }
      if (isLeaving(parts.pauseAfter, stages, decision)) pausedAfter = parts.pauseAfter ?? undefined;
      stages = decision.stages;
      state = decision.state;
      if (decision.status.type !== 'active') ended = decision.status;
      events.push(decidedEvent(event, decision));
      effects.push(...decision.effects);
      if (retries.size > 0) events.push(...decision.effects.flatMap(stopRetryOf));
    };
    for (const arrival of arrivals.splice(0)) {
      switch (arrival.type) {
        case 'start':
          if (beginning.type === 'start') events.push(...beginning.first);
          decideOn(null);
          break;
        case 'resume':
          if (beginning.type === 'resume') begin.push(...resumeSteps(beginning, events));
          break;
        case 'sent':
          decideOn(arrival.event);
          break;
        case 'timer':
          // Another one of that name may have been set since it went off.
          if (state?.timers.get(arrival.timer)?.deadline === arrival.deadline) decideOn(arrival.event);
          break;
        case 'retry':
          retries.delete(arrival.start.step);
          if (isStopping() || !isActive(arrival.start)) break;
          events.push({ type: 'step.attempted', step: arrival.start.step, attempt: arrival.attempt });
          begin.push(arrival);
          break;
        case 'outcome':
          attempts.delete(arrival.start.step);
          evidence.push(...arrival.outcome.evidence);
          takeOutcome(arrival, events, decideOn);
      }
    }
    return { now, events, evidence, effects, begin };
  }

  /** Takes up the state that the journal ends with; answers the steps that are to be begun (again), as the table says. */
  function resumeSteps(resuming: Resuming, events: JournalEvent[]): readonly Due[] {
    const { decision, open, lastFailure: failure, obstacle } = resuming;
    state = decision.state;
    stages = decision.stages;
    lastFailure = failure;
    if (decision.status.type !== 'active') ended = decision.status;
    if (obstacle !== undefined) fail(obstacle);
    const now = clock.now();
    for (const [timer, { deadline, delayMs, event }] of decision.state.timers) {
      // Where the clock was set back meanwhile, nothing takes longer than it was meant to.
      setTimer({ timer, deadline, event }, Math.min(deadline, now + delayMs));
    }
    return open.flatMap((step) => resumeStep(step, events));
  }

  function resumeStep({ start, attempt, failures: failed, says }: OpenStep, events: JournalEvent[]): readonly Due[] {
    const { step } = start;
    failures.set(step, failed);
    switch (RESUME[isActive(start) ? says.type : 'left']) {
      case 'stop':
        events.push({ type: 'step.stopped', step, attempt });
        return [];
      case 'wait':
        waitForRetry(start, attempt, says.type === 'retrying' ? retryOnceMore(start, says.retryAt) : clock.now());
        return [];
      case 'begin':
        events.push({ type: 'step.attempted', step, attempt });
        return [{ start, attempt }];
      case 'begin again':
        events.push({ type: 'step.attempted', step, attempt: attempt + 1 });
        return [{ start, attempt: attempt + 1 }];
    }
  }

  /** When the next attempt is due that an earlier process waited for; the same goes for it as for a timer. */
  function retryOnceMore({ invoke }: StartStep, retryAt: number): number {
    const longestMs = model.invocations.get(invoke)?.runner.policy.retry.maxMs ?? 0;
    return Math.min(retryAt, clock.now() + longestMs);
  }

  /** The machine's decision; a machine that throws has failed, and all that is under way is stopped. */
  function nextDecision(event: MachineEvent | null, now: number): Decision | undefined {
    try {
      if (event === null || state === undefined) return decideStart(model, header.input, now);
      return decide(model, state, event, now);
    } catch (thrown) {
      fail(asWfError(thrown));
      return undefined;
    }
  }

  /** The machine goes no further, and all that is under way is stopped. */
  function fail(error: WfError): void {
    lastFailure = error.toRecord();
    ended = { type: 'error', error: toJson(lastFailure) };
    for (const attempt of attempts.values()) attempt.stop();
  }

  const isActive = ({ invoke, step }: StartStep) => ended === undefined && state?.active.get(invoke) === step;

  function takeOutcome(
    { start, attempt, outcome }: Extract<Arrival, { type: 'outcome' }>,
    events: JournalEvent[],
    decideOn: (event: MachineEvent) => void,
  ): void {
    const { step, invoke } = start;
    if (outcome.type === 'succeeded') events.push(...outcome.events);
    if (!isActive(start)) {
      events.push({ type: 'step.stopped', step, attempt });
      return;
    }
    if (outcome.type === 'succeeded') {
      events.push({ type: 'step.succeeded', step, attempt, output: outcome.output });
      decideOn(stepDone(invoke, outcome.output));
      return;
    }
    const error = outcome.error.toRecord();
    const policy = model.invocations.get(invoke)?.runner.policy.retry;
    const failed = (failures.get(step) ?? 0) + 1;
    failures.set(step, failed);
    if (policy !== undefined && outcome.error.transient && failed < policy.attempts) {
      const retryAt = clock.now() + backOff(policy, failed, parts.random);
      events.push({ type: 'step.retrying', step, attempt, error, retryAt });
      waitForRetry(start, attempt, retryAt);
      return;
    }
    lastFailure = error;
    events.push({ type: 'step.failed', step, attempt, error });
    decideOn(stepError(invoke, toJson({ ...error, step })));
  }

  function waitForRetry(start: StartStep, attempt: number, retryAt: number): void {
    const delayMs = Math.max(0, retryAt - clock.now());
    const cancel = clock.after(delayMs, () => arrive({ type: 'retry', start, attempt: attempt + 1 }));
    retries.set(start.step, { attempt, cancel });
  }

  function setTimer({ timer, deadline, event }: Omit<SetTimer, 'type'>, due = deadline): void {
    timers.get(timer)?.();
    const cancel = clock.after(Math.max(0, due - clock.now()), () => {
      if (timers.get(timer) === cancel) timers.delete(timer);
      arrive({ type: 'timer', timer, deadline, event });
    });
    timers.set(timer, cancel);
  }

  const stopRetryOf = (effect: Effect) => (effect.type === 'stop-step' ? stopRetry(effect.step) : []);

  /** A step that waits for its next attempt has nothing under way that could still come to an outcome. */
  function stopRetry(step: StepId): readonly JournalEvent[] {
    const retry = retries.get(step);
    if (retry === undefined) return [];
    retry.cancel();
    retries.delete(step);
    return [{ type: 'step.stopped', step, attempt: retry.attempt }];
  }

  function beginStep(start: StartStep, attempt: number): void {
    const runner = model.invocations.get(start.invoke)?.runner;
    if (runner === undefined) return;
    const running = beginAttempt({
      run: header.id,
      step: start.step,
      attempt,
      runner,
      input: start.input,
      watch: parts.watch,
      journal,
      ledger: parts.ledger,
      owner: parts.owner,
      secrets: parts.secrets,
      progress: (message) => parts.observer.progress?.(start.step, message),
    });
    attempts.set(start.step, running);
    void running.outcome.then((outcome) => arrive({ type: 'outcome', start, attempt, outcome }));
  }

  function carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'start-step':
        beginStep(effect, 1);
        return;
      case 'stop-step':
        attempts.get(effect.step)?.stop();
        return;
      case 'set-timer':
        setTimer(effect);
        return;
      case 'cancel-timer':
        timers.get(effect.timer)?.();
        timers.delete(effect.timer);
        return;
      case 'log':
      case 'emit':
        return; // in the journal with the decision: whoever follows the run sees it there
    }
  }

  async function advance(): Promise<RunResult> {
    for (;;) {
      const taken = takeArrivals();
      let isDurable = true;
      try {
        if (taken.events.length > 0) await journal.append(taken.events, taken.evidence, taken.now);
      } catch (thrown) {
        // On a full disk the machine goes no further: what stands is undone, for which the reserve is kept.
        if (!isFullDisk(thrown)) throw thrown;
        fail(thrown);
        isDurable = false;
      }
      if (isDurable) doWhatIsDue(taken);
      if (arrivals.length > 0) continue;
      if (attempts.size === 0) {
        const result = await restOrEnd();
        if (result !== undefined) return result;
      }
      if (arrivals.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      wake = () => {};
    }
  }

  function doWhatIsDue({ events, begin, effects }: Taken): void {
    if (events.length > 0) waiting = false;
    for (const { start, attempt } of begin) beginStep(start, attempt);
    // Asked to stop, nothing more is begun; what was decided is in the journal, for whoever resumes.
    if (!isStopping()) for (const effect of effects) carryOut(effect);
  }

  /** What becomes of a run that has nothing under way. */
  async function restOrEnd(): Promise<RunResult | undefined> {
    if (interruptedBy !== undefined) {
      await journal.append([{ type: 'interrupted', signal: interruptedBy }]);
      return { type: 'interrupted', signal: interruptedBy };
    }
    if (ended !== undefined) return parts.conclude(machineEnd(ended, lastFailure), () => interruptedBy);
    if (pausedAfter !== undefined) {
      await journal.append([{ type: 'paused', stage: pausedAfter }]);
      return { type: 'paused', stage: pausedAfter };
    }
    if (retries.size > 0) return undefined;
    if (!waiting) {
      await journal.append([{ type: 'waiting' }]);
      waiting = true;
      // What has come meanwhile is seen to first.
      if (arrivals.length > 0) return undefined;
      if (interruptedBy !== undefined) return restOrEnd();
    }
    if (timers.size > 0) return parts.mayRest ? rest() : undefined;
    parts.history.release(parts.watch.lease);
    return { type: 'waiting' };
  }

  /** Lets go of the run until its first timer goes off, unless that is soon. */
  async function rest(): Promise<RunResult | undefined> {
    const until = Math.min(...[...(state?.timers.values() ?? [])].map(({ deadline }) => deadline));
    if (until - clock.now() < SHORTEST_REST_MS) return undefined;
    await parts.history.together(() => parts.history.release(parts.watch.lease));
    const missed = () => arrivals.flatMap((late) => (late.type === 'sent' ? [late.event] : []));
    return { type: 'resting', until, missed };
  }

  const quiet = () => {
    for (const cancel of timers.values()) cancel();
    for (const { cancel } of retries.values()) cancel();
    for (const attempt of attempts.values()) attempt.stop();
  };

  return {
    id: header.id,
    result: advance().finally(quiet),
    send: (event) => arrive({ type: 'sent', event: hiddenMachineEvent(event, parts.secrets) }),
    interrupt(signal) {
      interruptedBy ??= signal;
      wake();
    },
  };
}

/** What comes from outside is given to the machine, and journaled, as it may be kept. */
function hiddenMachineEvent({ type, ...payload }: MachineEvent, secrets: Secrets): MachineEvent {
  const hidden = secrets.hide(payload);
  return isJsonObject(hidden) ? { ...hidden, type } : { type };
}

type Resuming = Extract<Beginning, { type: 'resume' }>;

type SetTimer = Extract<Effect, { type: 'set-timer' }>;

/** A step that is to be begun with this attempt. */
interface Due {
  readonly start: StartStep;
  readonly attempt: number;
}

/** What was made of what had arrived: to be committed together, and only then done. */
interface Taken {
  /** The time that it was decided with. */
  readonly now: number;
  readonly events: readonly JournalEvent[];
  readonly evidence: readonly StoredEvidence[];
  readonly begin: readonly Due[];
  readonly effects: readonly Effect[];
}

/** Whether the stage after which the run is to pause was active, and is not any more. */
function isLeaving(stage: string | null, before: readonly string[], { stages, status }: Decision): boolean {
  return stage !== null && status.type === 'active' && before.includes(stage) && !stages.includes(stage);
}

function decidedEvent(event: MachineEvent | null, { effects, value, stages, digest }: Decision): JournalEvent {
  return { type: 'decided', event, effects, value, stages, digest };
}

/** Exponential back-off with half of it left to chance, so that steps that failed together do not come back together. */
function backOff(policy: RetryPolicy, attempt: number, random: Random): number {
  const full = Math.min(policy.maxMs, policy.initialMs * policy.factor ** (attempt - 1));
  return Math.round(full * (0.5 + random() / 2));
}

/** What an ended machine has come to; `lastFailure` is the last failure of a step, or of the machine. */
function machineEnd(status: MachineStatus, lastFailure: ErrorRecord | undefined): MachineEnd {
  if (status.type === 'done' && !status.failed) return { type: 'done', output: status.output };
  if (lastFailure !== undefined) return { type: 'failed', error: lastFailure };
  const said = status.type === 'error' ? describeError(status.error) : 'it ended in a state tagged "failed"';
  const error = new WfError('E_STEP_FAILED', `the machine failed: ${said}`, {
    hint: 'Look at its last decisions with `wf show`.',
  });
  return { type: 'failed', error: error.toRecord() };
}

function describeError(error: Json): string {
  if (isJsonObject(error) && typeof error['message'] === 'string') return error['message'];
  return JSON.stringify(error);
}

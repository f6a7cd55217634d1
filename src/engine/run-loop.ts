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
import type { Random } from './ports/clock.ts';
import type { HistoryPort, Lease, StoredEvidence } from './ports/history.ts';
import type { RunJournal } from './run-journal.ts';
import type { RunLedger } from './run-ledger.ts';
import type { HostPorts, RetryPolicy } from './step.ts';
import { type AttemptOutcome, beginAttempt, type RunningAttempt } from './step-attempts.ts';

type StartStep = Extract<Effect, { type: 'start-step' }>;

/** What reaches a run from outside its decisions. */
type Arrival =
  | { readonly type: 'start' }
  | { readonly type: 'outcome'; readonly start: StartStep; readonly attempt: number; readonly outcome: AttemptOutcome }
  | { readonly type: 'retry'; readonly start: StartStep; readonly attempt: number }
  | { readonly type: 'timer'; readonly timer: string; readonly event: MachineEvent }
  | { readonly type: 'sent'; readonly event: MachineEvent };

interface RunLoopParts {
  readonly header: RunHeader;
  readonly model: MachineModel;
  readonly lease: Lease;
  readonly history: HistoryPort;
  readonly host: HostPorts;
  readonly random: Random;
  readonly bootId: string;
  readonly journal: RunJournal;
  readonly ledger: RunLedger;
  readonly observer: RunObserver;
  /** Brings a run whose machine has come to its end to its own: undoes, verifies, commits the end. */
  conclude(end: MachineEnd): Promise<RunResult>;
}

/** How a machine ended. */
export type MachineEnd =
  | { readonly type: 'done'; readonly output: Json }
  | { readonly type: 'failed'; readonly error: ErrorRecord };

/**
 * Advances one run: takes what arrives, decides, commits the decision with what is to be done, then does it. All that
 * has arrived by then shares one commit. Nothing is done before the commit that holds it has returned.
 */
export function advanceRun(parts: RunLoopParts): RunHandle {
  const { header, model, journal, host } = parts;
  const arrivals: Arrival[] = [{ type: 'start' }];
  const attempts = new Map<StepId, RunningAttempt>();
  const retries = new Map<StepId, { readonly attempt: number; cancel(): void }>();
  const timers = new Map<string, () => void>();
  let state: MachineState | undefined;
  let ended: MachineStatus | undefined;
  let lastFailure: WfError | undefined;
  let interruptedBy: string | undefined;
  let waiting = false;
  let wake = () => {};

  const arrive = (arrival: Arrival) => {
    arrivals.push(arrival);
    wake();
  };

  /** Takes all that has arrived, in order, into one commit; answers what is then to be done. */
  function takeArrivals(): readonly Effect[] {
    const now = host.clock.now();
    const events: JournalEvent[] = [];
    const evidence: StoredEvidence[] = [];
    const effects: Effect[] = [];
    const begin: { readonly start: StartStep; readonly attempt: number }[] = [];
    const decideOn = (event: MachineEvent | null) => {
      if (ended !== undefined) return;
      const decision = nextDecision(event, now);
      if (decision === undefined) {
        events.push(...[...retries.keys()].flatMap(stopRetry));
        return;
      }
      state = decision.state;
      if (decision.status.type !== 'active') ended = decision.status;
      events.push(decidedEvent(event, decision));
      effects.push(...decision.effects);
      const stopped = decision.effects.flatMap((effect) => (effect.type === 'stop-step' ? [effect.step] : []));
      events.push(...stopped.flatMap(stopRetry));
    };
    for (const arrival of arrivals.splice(0)) {
      switch (arrival.type) {
        case 'start':
          decideOn(null);
          break;
        case 'sent':
          decideOn(arrival.event);
          break;
        case 'timer':
          timers.delete(arrival.timer);
          if (state?.timers.has(arrival.timer)) decideOn(arrival.event);
          break;
        case 'retry':
          retries.delete(arrival.start.step);
          if (interruptedBy !== undefined || !isActive(arrival.start)) break;
          events.push({ type: 'step.attempted', step: arrival.start.step, attempt: arrival.attempt });
          begin.push(arrival);
          break;
        case 'outcome':
          attempts.delete(arrival.start.step);
          evidence.push(...arrival.outcome.evidence);
          takeOutcome(arrival, events, decideOn);
      }
    }
    if (events.length > 0) {
      journal.append(events, evidence, now);
      waiting = false;
    }
    for (const { start, attempt } of begin) beginStep(start, attempt);
    return effects;
  }

  /** The machine's decision; a machine that throws has failed, and all that is under way is stopped. */
  function nextDecision(event: MachineEvent | null, now: number): Decision | undefined {
    try {
      if (event === null || state === undefined) return decideStart(model, header.input, now);
      return decide(model, state, event, now);
    } catch (thrown) {
      lastFailure = asWfError(thrown);
      ended = { type: 'error', error: toJson(lastFailure.toRecord()) };
      for (const attempt of attempts.values()) attempt.stop();
      return undefined;
    }
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
    if (policy !== undefined && outcome.error.transient && attempt < policy.attempts) {
      const delayMs = backOff(policy, attempt, parts.random);
      events.push({ type: 'step.retrying', step, attempt, error, retryAt: host.clock.now() + delayMs });
      const cancel = host.clock.after(delayMs, () => arrive({ type: 'retry', start, attempt: attempt + 1 }));
      retries.set(step, { attempt, cancel });
      return;
    }
    lastFailure = outcome.error;
    events.push({ type: 'step.failed', step, attempt, error });
    decideOn(stepError(invoke, toJson({ ...error, step })));
  }

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
      host,
      journal,
      ledger: parts.ledger,
      bootId: parts.bootId,
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
      case 'set-timer': {
        timers.get(effect.timer)?.();
        const { timer, event } = effect;
        const delayMs = Math.max(0, effect.deadline - host.clock.now());
        timers.set(
          timer,
          host.clock.after(delayMs, () => arrive({ type: 'timer', timer, event })),
        );
        return;
      }
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
      const effects = takeArrivals();
      // After an interrupt nothing more is begun; what was decided is in the journal, for whoever resumes.
      if (interruptedBy === undefined) for (const effect of effects) carryOut(effect);
      if (arrivals.length > 0) continue;
      if (attempts.size === 0) {
        const result = await restOrEnd();
        if (result !== undefined) return result;
      }
      if (arrivals.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      wake = () => {};
    }
  }

  /** What becomes of a run that has nothing under way. */
  async function restOrEnd(): Promise<RunResult | undefined> {
    if (ended !== undefined && interruptedBy === undefined) return parts.conclude(machineEnd(ended, lastFailure));
    if (interruptedBy !== undefined) {
      journal.append([{ type: 'interrupted', signal: interruptedBy }]);
      return { type: 'interrupted', signal: interruptedBy };
    }
    if (retries.size > 0) return undefined;
    if (!waiting) journal.append([{ type: 'waiting' }]);
    waiting = true;
    if (timers.size > 0) return undefined;
    parts.history.release(parts.lease);
    return { type: 'waiting' };
  }

  const quiet = () => {
    for (const cancel of timers.values()) cancel();
    for (const { cancel } of retries.values()) cancel();
    for (const attempt of attempts.values()) attempt.stop();
  };

  return {
    id: header.id,
    result: advance().finally(quiet),
    send: (event) => arrive({ type: 'sent', event }),
    interrupt(signal) {
      interruptedBy ??= signal;
      wake();
    },
  };
}

function decidedEvent(event: MachineEvent | null, { effects, value, stages, digest }: Decision): JournalEvent {
  return { type: 'decided', event, effects, value, stages, digest };
}

/** Exponential back-off with half of it left to chance, so that steps that failed together do not come back together. */
function backOff(policy: RetryPolicy, attempt: number, random: Random): number {
  const full = Math.min(policy.maxMs, policy.initialMs * policy.factor ** (attempt - 1));
  return Math.round(full * (0.5 + random() / 2));
}

function machineEnd(status: MachineStatus, lastFailure: WfError | undefined): MachineEnd {
  if (status.type === 'done' && !status.failed) return { type: 'done', output: status.output };
  if (lastFailure !== undefined) return { type: 'failed', error: lastFailure.toRecord() };
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

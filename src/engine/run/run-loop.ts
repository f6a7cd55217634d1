import { isFullDisk, type RunJournal } from '../journal/run-journal.ts';
import type { RunLedger } from '../journal/run-ledger.ts';
import { whileLocked } from '../journal/while-locked.ts';
import {
  type Decision,
  decide,
  decideStart,
  guarded,
  type MachineState,
  type MachineStatus,
  stepDone,
  stepError,
  timersByDeadline,
} from '../machine/decide.ts';
import type { MachineModel } from '../machine/machine-model.ts';
import { eventUnexpected, parseSentEvent, runNotAdvanced, runTakesNoEvent } from '../machine/sent-event.ts';
import { expectedEvents } from '../machine/transition.ts';
import { asWfError, type ErrorRecord, WfError } from '../model/errors.ts';
import type { StepId } from '../model/ids.ts';
import type { Effect, JournalEvent, MachineEvent, RunHeader } from '../model/journal-event.ts';
import { isJsonObject, type Json, toJson } from '../model/json.ts';
import type { Owner } from '../model/owner.ts';
import type { HostWatch } from '../place/attempt-host.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { HistoryPort, StoredEvidence } from '../ports/history.ts';
import { RESUME } from '../recovery/recovery-table.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { RetryPolicy, StepRunner } from '../workflow/step.ts';
import { type AttemptOutcome, beginAttempt, type RunningAttempt } from './attempt.ts';
import type { RunHandle, RunObserver, RunResult } from './engine.ts';
import type { OpenStep, StartStep } from './open-steps.ts';

/** What reaches a run from outside its decisions. */
type Arrival =
  | { readonly type: 'start' }
  | { readonly type: 'resume' }
  | { readonly type: 'outcome'; readonly start: StartStep; readonly attempt: number; readonly outcome: AttemptOutcome }
  | { readonly type: 'retry'; readonly start: StartStep; readonly attempt: number }
  | { readonly type: 'timer'; readonly timer: string }
  | Sent;

/** An event from outside, and its sender, who learns what becomes of it. */
interface Sent {
  readonly type: 'sent';
  readonly event: MachineEvent;
  handled(): void;
  refused(why: WfError): void;
}

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

interface AdvanceRequest {
  readonly header: RunHeader;
  readonly model: MachineModel;
  readonly beginning: Beginning;
  /** The stage after which the run is to pause; null where it is not. */
  readonly pauseAfter: string | null;
  /** Whether it is let go of where it only waits for timers. */
  readonly mayHibernate: boolean;
  readonly history: Pick<HistoryPort, 'release'>;
  readonly watch: HostWatch;
  readonly random: Random;
  readonly owner: Owner;
  readonly journal: RunJournal;
  readonly ledger: RunLedger;
  readonly secrets: Secrets;
  readonly observer: RunObserver;
  /** Brings a run whose machine has come to its end to its own: undoes, verifies, commits the end. */
  finish(end: MachineEnd, stopSignal: () => string | undefined): Promise<RunResult>;
}

/** A run that is let go of is read again from its journal: for less than this it is not worth it. */
const SHORTEST_HIBERNATION_MS = 5_000;

/** How a machine ended. */
export type MachineEnd =
  | { readonly type: 'done'; readonly output: Json }
  | { readonly type: 'failed'; readonly error: ErrorRecord };

/**
 * Advances one run: takes what arrives, decides, commits the decision with what is to be done, then does it. All that
 * has arrived by then shares one commit. Nothing is done before the commit that holds it has returned.
 */
export function advanceRun(parts: AdvanceRequest): RunHandle {
  const loop = new RunLoop(parts);
  return {
    id: parts.header.id,
    result: loop.advance(),
    send: (event) => {
      const sent = loop.send(event);
      sent.catch(() => {}); // the sender is told; a program that does not ask is not ended by that
      return sent;
    },
    interrupt: (signal) => loop.interrupt(signal),
  };
}

/** A class: each run that is under way has one, and closures would be 25 objects more. */
class RunLoop {
  readonly #parts: AdvanceRequest;
  readonly #clock: Clock;
  readonly #attempts = new Map<StepId, RunningAttempt>();
  // These three are made when they are first needed: most runs need none.
  #retries: Map<StepId, { readonly attempt: number; cancel(): void }> | undefined;
  #failures: Map<StepId, number> | undefined;
  #timers: Map<string, () => void> | undefined;
  #arrivals: Arrival[];
  #state: MachineState | undefined;
  #ended: MachineStatus | undefined;
  #lastFailure: ErrorRecord | undefined;
  #interruptedBy: string | undefined;
  #pausedAfter: string | undefined;
  #stages: readonly string[] = [];
  #waiting = false;
  /** Whether something has come that the loop has not looked at yet. */
  #isWoken = false;
  #wakeUp = NOBODY_WAITS;
  /** Why this process does not advance the run any more; undefined while it does. */
  #over: WfError | undefined;

  constructor(parts: AdvanceRequest) {
    this.#parts = parts;
    this.#clock = parts.watch.host.clock;
    this.#arrivals = [{ type: parts.beginning.type }];
  }

  async advance(): Promise<RunResult> {
    const { id } = this.#parts.header;
    try {
      const result = await this.#untilItStops();
      this.#refuseEvents(runNotAdvanced(id, result));
      return result;
    } catch (thrown) {
      this.#refuseEvents(asWfError(thrown));
      await this.#endAttempts();
      throw thrown;
    } finally {
      this.#quiet();
    }
  }

  async #untilItStops(): Promise<RunResult> {
    const { journal } = this.#parts;
    for (;;) {
      this.#isWoken = false;
      const taken = this.#takeArrivals();
      let isDurable = true;
      try {
        if (taken.events.length > 0) await journal.append(taken.events, taken.evidence, taken.now);
      } catch (thrown) {
        for (const { refused } of taken.sent) refused(asWfError(thrown));
        // On a full disk the machine goes no further: what stands is undone, for which the reserve is kept.
        if (!isFullDisk(thrown)) throw thrown;
        this.#fail(thrown);
        isDurable = false;
      }
      if (isDurable) this.#doWhatIsDue(taken);
      if (this.#arrivals.length > 0) continue;
      if (this.#attempts.size === 0) {
        const result = await this.#hibernateOrStop();
        if (result !== undefined) return result;
      }
      await this.#untilWoken();
    }
  }

  async send(given: MachineEvent): Promise<void> {
    const { header, secrets } = this.#parts;
    const event = redactedMachineEvent(parseSentEvent(given), secrets);
    if (this.#over !== undefined) throw this.#over;
    if (this.#ended !== undefined) throw runTakesNoEvent(header.id, 'has come to the end of its machine');
    await new Promise<void>((handled, refused) => this.#arrive({ type: 'sent', event, handled, refused }));
  }

  interrupt(signal: string): void {
    this.#interruptedBy ??= signal;
    this.#wake();
  }

  /** Refuses each event that nobody takes any more, and all that still come. */
  #refuseEvents(why: WfError): void {
    this.#over = why;
    for (const arrival of this.#arrivals) if (arrival.type === 'sent') arrival.refused(why);
  }

  #arrive(arrival: Arrival): void {
    this.#arrivals.push(arrival);
    this.#wake();
  }

  #wake(): void {
    this.#isWoken = true;
    this.#wakeUp();
  }

  /** Comes at once where something has come since the loop looked last. */
  async #untilWoken(): Promise<void> {
    if (!this.#isWoken) await new Promise<void>((resolve) => (this.#wakeUp = resolve));
    this.#wakeUp = NOBODY_WAITS;
  }

  /** A run that cannot be advanced any more is let go of once nothing of it is under way. */
  async #endAttempts(): Promise<void> {
    for (const attempt of this.#attempts.values()) attempt.stop();
    for (;;) {
      this.#isWoken = false;
      for (const arrival of this.#arrivals.splice(0)) {
        if (arrival.type === 'outcome') this.#attempts.delete(arrival.start.step);
      }
      if (this.#attempts.size === 0) return;
      await this.#untilWoken();
    }
  }

  /** Asked to stop: what is under way comes to its outcome, and nothing more is begun. */
  #isStopping(): boolean {
    return this.#interruptedBy !== undefined || this.#pausedAfter !== undefined;
  }

  /** Decides on all that has arrived, in order: what is to be committed, and what is to be done then. */
  #takeArrivals(): Taken {
    const { beginning } = this.#parts;
    const taken: Taken = { now: this.#clock.now(), events: [], evidence: [], effects: [], begin: [], sent: [] };
    const arrived = this.#inOrder(this.#arrivals);
    this.#arrivals = [];
    for (const arrival of arrived) {
      switch (arrival.type) {
        case 'start':
          if (beginning.type === 'start') taken.events.push(...beginning.first);
          this.#decideOn(null, taken);
          break;
        case 'resume':
          if (beginning.type === 'resume') taken.begin.push(...this.#resumeSteps(beginning, taken.events));
          break;
        case 'sent':
          this.#takeSent(arrival, taken);
          break;
        case 'timer': {
          // A decision since it went off may have cancelled it.
          const timer = this.#state?.timers.get(arrival.timer);
          if (timer !== undefined) this.#decideOn(timer.event, taken, arrival.timer);
          break;
        }
        case 'retry':
          this.#retries?.delete(arrival.start.step);
          if (this.#isStopping() || !this.#isActive(arrival.start)) break;
          taken.events.push({ type: 'step.attempted', step: arrival.start.step, attempt: arrival.attempt });
          taken.begin.push(arrival);
          break;
        case 'outcome':
          this.#attempts.delete(arrival.start.step);
          taken.evidence.push(...arrival.outcome.evidence);
          this.#takeOutcome(arrival, taken);
      }
    }
    return taken;
  }

  /** Timers that went off at about the same moment, in the order of their deadlines; everything else stays in its place. */
  #inOrder(arrivals: readonly Arrival[]): readonly Arrival[] {
    const wentOff = new Set(arrivals.flatMap((arrival) => (arrival.type === 'timer' ? [arrival.timer] : [])));
    if (wentOff.size < 2 || this.#state === undefined) return arrivals;
    const timers = timersByDeadline(this.#state).filter(([timer]) => wentOff.has(timer));
    const places = timers.map(([timer]): Arrival => ({ type: 'timer', timer }));
    return arrivals.flatMap((arrival) => (arrival.type === 'timer' ? places.splice(0, 1) : [arrival]));
  }

  /** A machine that has no transition for the event, or throws, leaves the run as it is: the sender learns why. */
  #takeSent(sent: Sent, taken: Taken): void {
    const { model, header } = this.#parts;
    const { event, refused } = sent;
    const state = this.#state;
    if (this.#ended !== undefined || state === undefined) {
      refused(runTakesNoEvent(header.id, 'has come to the end of its machine'));
      return;
    }
    try {
      if (!isExpected(state, event)) throw eventUnexpected(header.id, event, expectedEvents(state.snapshot));
      this.#enter(event, decide(model, state, event, taken.now), taken);
      taken.sent.push(sent);
    } catch (thrown) {
      refused(asWfError(thrown));
    }
  }

  #decideOn(event: MachineEvent | null, taken: Taken, timer?: string): void {
    if (this.#ended !== undefined) return;
    const decision = this.#nextDecision(event, taken.now, timer);
    if (decision !== undefined) this.#enter(event, decision, taken, timer);
    else for (const step of this.#retries?.keys() ?? []) taken.events.push(...this.#stopRetry(step));
  }

  #enter(event: MachineEvent | null, decision: Decision, { events, effects }: Taken, timer?: string): void {
    const { pauseAfter } = this.#parts;
    if (isLeaving(pauseAfter, this.#stages, decision)) this.#pausedAfter = pauseAfter ?? undefined;
    this.#stages = decision.stages;
    this.#state = decision.state;
    if (decision.status.type !== 'active') this.#ended = decision.status;
    events.push(decidedEvent(event, decision, timer));
    effects.push(...decision.effects);
    for (const effect of decision.effects) {
      if (effect.type === 'stop-step') events.push(...this.#stopRetry(effect.step));
    }
  }

  /** Takes up the state that the journal ends with; answers the steps that are to be begun (again), as the table says. */
  #resumeSteps({ decision, open, lastFailure, obstacle }: Resuming, events: JournalEvent[]): readonly Due[] {
    this.#state = decision.state;
    this.#stages = decision.stages;
    this.#lastFailure = lastFailure;
    if (decision.status.type !== 'active') this.#ended = decision.status;
    if (obstacle !== undefined) this.#fail(obstacle);
    const now = this.#clock.now();
    for (const [timer, { deadline, delayMs }] of timersByDeadline(decision.state)) {
      // If the clock was set back meanwhile, nothing takes longer than it was meant to.
      this.#setTimer(timer, Math.min(deadline, now + delayMs));
    }
    return open.flatMap((step) => this.#resumeStep(step, events));
  }

  #resumeStep({ start, attempt, failures, says }: OpenStep, events: JournalEvent[]): readonly Due[] {
    const { step } = start;
    this.#setFailures(step, failures);
    switch (RESUME[this.#isActive(start) ? says.type : 'left']) {
      case 'stop':
        events.push({ type: 'step.stopped', step, attempt });
        return [];
      case 'wait': {
        const retryAt = says.type === 'retrying' ? this.#retryOnceMore(start, says.retryAt) : this.#clock.now();
        this.#waitForRetry(start, attempt, retryAt);
        return [];
      }
      case 'begin':
        events.push({ type: 'step.attempted', step, attempt });
        return [{ start, attempt }];
      case 'begin again':
        events.push({ type: 'step.attempted', step, attempt: attempt + 1 });
        return [{ start, attempt: attempt + 1 }];
    }
  }

  /** When the next attempt is due that an earlier process waited for; the same goes for it as for a timer. */
  #retryOnceMore({ invoke }: StartStep, retryAt: number): number {
    const longestMs = this.#runnerOf(invoke)?.policy.retry.maxMs ?? 0;
    return Math.min(retryAt, this.#clock.now() + longestMs);
  }

  #runnerOf(invoke: string): StepRunner | undefined {
    return this.#parts.model.invocations.get(invoke)?.runner;
  }

  /** The machine's decision; a machine that throws has failed, and all that is under way is stopped. */
  #nextDecision(event: MachineEvent | null, now: number, timer: string | undefined): Decision | undefined {
    const { model, header } = this.#parts;
    try {
      if (event === null || this.#state === undefined) return decideStart(model, header, now);
      return decide(model, this.#state, event, now, timer);
    } catch (thrown) {
      this.#fail(asWfError(thrown));
      return undefined;
    }
  }

  /** The machine goes no further, and all that is under way is stopped. */
  #fail(error: WfError): void {
    this.#lastFailure = error.toRecord();
    this.#ended = { type: 'error', error: toJson(this.#lastFailure) };
    for (const attempt of this.#attempts.values()) attempt.stop();
  }

  #isActive({ invoke, step }: StartStep): boolean {
    return this.#ended === undefined && this.#state?.active.get(invoke) === step;
  }

  #setFailures(step: StepId, count: number): void {
    this.#failures ??= new Map();
    this.#failures.set(step, count);
  }

  #takeOutcome({ start, attempt, outcome }: Extract<Arrival, { type: 'outcome' }>, taken: Taken): void {
    const { step, invoke } = start;
    const { events } = taken;
    const trouble = this.#parts.journal.trouble();
    if (outcome.type === 'failed' && trouble !== undefined) throw trouble;
    if (outcome.type === 'succeeded') events.push(...outcome.events);
    if (!this.#isActive(start)) {
      events.push({ type: 'step.stopped', step, attempt });
      return;
    }
    if (outcome.type === 'succeeded') {
      events.push({ type: 'step.succeeded', step, attempt, output: outcome.output });
      this.#decideOn(stepDone(invoke, outcome.output), taken);
      return;
    }
    const error = outcome.error.toRecord();
    const policy = this.#runnerOf(invoke)?.policy.retry;
    const failed = (this.#failures?.get(step) ?? 0) + 1;
    this.#setFailures(step, failed);
    if (policy !== undefined && outcome.error.transient && failed < policy.attempts) {
      const retryAt = this.#clock.now() + backOff(policy, failed, this.#parts.random);
      events.push({ type: 'step.retrying', step, attempt, error, retryAt });
      this.#waitForRetry(start, attempt, retryAt);
      return;
    }
    this.#lastFailure = error;
    events.push({ type: 'step.failed', step, attempt, error });
    this.#decideOn(stepError(invoke, toJson({ ...error, step })), taken);
  }

  #waitForRetry(start: StartStep, attempt: number, retryAt: number): void {
    const delayMs = Math.max(0, retryAt - this.#clock.now());
    const cancel = this.#clock.after(delayMs, () => this.#arrive({ type: 'retry', start, attempt: attempt + 1 }));
    this.#retries ??= new Map();
    this.#retries.set(start.step, { attempt, cancel });
  }

  #setTimer(timer: string, due: number): void {
    this.#timers ??= new Map();
    const timers = this.#timers;
    const cancel = this.#clock.after(Math.max(0, due - this.#clock.now()), () => {
      timers.delete(timer);
      this.#arrive({ type: 'timer', timer });
    });
    timers.set(timer, cancel);
  }

  /** A step that waits for its next attempt has nothing under way that could still come to an outcome. */
  #stopRetry(step: StepId): readonly JournalEvent[] {
    const retry = this.#retries?.get(step);
    if (retry === undefined) return [];
    retry.cancel();
    this.#retries?.delete(step);
    return [{ type: 'step.stopped', step, attempt: retry.attempt }];
  }

  #beginStep(start: StartStep, attempt: number): void {
    const { header, watch, journal, ledger, owner, secrets, observer } = this.#parts;
    const runner = this.#runnerOf(start.invoke);
    if (runner === undefined) return;
    const running = beginAttempt({
      run: header.id,
      step: start.step,
      attempt,
      runner,
      input: start.input,
      watch,
      journal,
      ledger,
      owner,
      secrets,
      observer,
      ended: (outcome) => this.#arrive({ type: 'outcome', start, attempt, outcome }),
    });
    this.#attempts.set(start.step, running);
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'start-step':
        this.#beginStep(effect, 1);
        return;
      case 'stop-step':
        this.#attempts.get(effect.step)?.stop();
        return;
      case 'set-timer':
        this.#setTimer(effect.timer, effect.deadline);
        return;
      case 'cancel-timer':
        this.#timers?.get(effect.timer)?.();
        this.#timers?.delete(effect.timer);
        return;
      case 'log':
      case 'emit':
        return; // in the journal with the decision: whoever follows the run sees it there
    }
  }

  #doWhatIsDue({ events, begin, effects, sent }: Taken): void {
    for (const { handled } of sent) handled();
    if (events.length > 0) this.#waiting = false;
    for (const { start, attempt } of begin) this.#beginStep(start, attempt);
    // Asked to stop, nothing more is begun; what was decided is in the journal, for whoever resumes.
    if (!this.#isStopping()) for (const effect of effects) this.#carryOut(effect);
  }

  /** What becomes of a run that has nothing under way. */
  async #hibernateOrStop(): Promise<RunResult | undefined> {
    const { journal, history, watch, mayHibernate } = this.#parts;
    const signal = this.#interruptedBy;
    if (signal !== undefined) {
      await journal.append([{ type: 'interrupted', signal }]);
      return { type: 'interrupted', signal };
    }
    if (this.#ended !== undefined) {
      return this.#parts.finish(machineEnd(this.#ended, this.#lastFailure), () => this.#interruptedBy);
    }
    const stage = this.#pausedAfter;
    if (stage !== undefined) {
      await journal.append([{ type: 'paused', stage }]);
      return { type: 'paused', stage };
    }
    if (hasEntries(this.#retries)) return undefined;
    if (!this.#waiting) {
      await journal.append([{ type: 'waiting' }]);
      this.#waiting = true;
      // What has come meanwhile is seen to first.
      if (this.#arrivals.length > 0) return undefined;
      if (this.#interruptedBy !== undefined) return this.#hibernateOrStop();
    }
    if (hasEntries(this.#timers)) return mayHibernate ? this.#hibernate() : undefined;
    await whileLocked(this.#clock, () => history.release(watch.lease));
    return { type: 'waiting' };
  }

  /** Hibernates until the first timer goes off, unless that is soon. The lease stays: if this process dies meanwhile, the run is interrupted. */
  #hibernate(): RunResult | undefined {
    const { lease } = this.#parts.watch;
    const until = Math.min(...[...(this.#state?.timers.values() ?? [])].map(({ deadline }) => deadline));
    return until - this.#clock.now() < SHORTEST_HIBERNATION_MS ? undefined : { type: 'hibernating', until, lease };
  }

  #quiet(): void {
    for (const cancel of this.#timers?.values() ?? []) cancel();
    for (const { cancel } of this.#retries?.values() ?? []) cancel();
    for (const attempt of this.#attempts.values()) attempt.stop();
  }
}

const NOBODY_WAITS = () => {};

function hasEntries(map: ReadonlyMap<unknown, unknown> | undefined): boolean {
  return map !== undefined && map.size > 0;
}

function isExpected({ snapshot }: MachineState, event: MachineEvent): boolean {
  return guarded(() => snapshot.can(event));
}

/** What comes from outside is given to the machine, and journaled, as it may be kept. */
function redactedMachineEvent({ type, ...payload }: MachineEvent, secrets: Secrets): MachineEvent {
  const hidden = secrets.redact(payload);
  return isJsonObject(hidden) ? { ...hidden, type } : { type };
}

type Resuming = Extract<Beginning, { type: 'resume' }>;

/** A step that is to be begun with this attempt. */
interface Due {
  readonly start: StartStep;
  readonly attempt: number;
}

/** What was made of what had arrived: to be committed together, and only then done. */
interface Taken {
  /** The time that it was decided with. */
  readonly now: number;
  readonly events: JournalEvent[];
  readonly evidence: StoredEvidence[];
  readonly begin: Due[];
  readonly effects: Effect[];
  /** Events from outside whose decisions are among these. */
  readonly sent: Sent[];
}

/** Whether the stage after which the run is to pause was active, and is not any more. */
function isLeaving(stage: string | null, before: readonly string[], { stages, status }: Decision): boolean {
  return stage !== null && status.type === 'active' && before.includes(stage) && !stages.includes(stage);
}

function decidedEvent(
  event: MachineEvent | null,
  { effects, value, stages, digest }: Decision,
  timer: string | undefined,
): JournalEvent {
  return { type: 'decided', event, ...(timer === undefined ? {} : { timer }), effects, value, stages, digest };
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

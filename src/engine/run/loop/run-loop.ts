import { afterDeadline, type BootDeadline } from '../../confirm/boot-deadline.ts';
import { notConfirmed } from '../../confirm/confirm-refusal.ts';
import { isFullDisk } from '../../journal/run-journal.ts';
import { whileLocked } from '../../journal/while-locked.ts';
import { type Decision, decide, decideStart } from '../../machine/decide/decide.ts';
import {
  actorIdOf,
  type MachineState,
  type MachineStatus,
  takerOf,
  timersByDeadline,
  waitsFor,
} from '../../machine/decide/machine-state.ts';
import { stepDone, stepError } from '../../machine/decide/outcome-event.ts';
import { eventsExpectedIn, questionIn } from '../../machine/outside-events.ts';
import {
  checkedEvent,
  eventUnexpected,
  parseSentEvent,
  runNotAdvanced,
  runTakesNoEvent,
} from '../../machine/sent-event.ts';
import { asWfError, type ErrorRecord, type WfError } from '../../model/errors.ts';
import type { Effect, JournalEvent } from '../../model/journal-event.ts';
import { isJsonObject, toJson } from '../../model/json.ts';
import type { MachineEvent } from '../../model/machine-event.ts';
import type { OpenRequest } from '../../model/request.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HistoryPort, StoredEvidence } from '../../ports/history.ts';
import { RESUME } from '../../recovery/recovery-table.ts';
import { handled, NOT_ENDED, refused, requestRefused } from '../../requests/answers.ts';
import { type Cancellation, cancellationBy } from '../../requests/cancellation.ts';
import type { RequestInbox } from '../../requests/request-inbox.ts';
import type { Secrets } from '../../secrets/secrets.ts';
import type { LoadedWorkflow } from '../../workflow/workflow.ts';
import type { RunHandle, RunResult } from '../engine.ts';
import { type MachineEnd, machineEnd } from './machine-end.ts';
import type { OpenStep, StartStep } from './open-steps.ts';
import { RunTimers } from './run-timers.ts';
import { type AttemptPorts, type Due, type EndedAttempt, StepsUnderWay } from './steps-under-way.ts';

/** An input to the loop of a run, from outside its decisions. */
type Arrival =
  | { readonly type: 'start' }
  | { readonly type: 'resume' }
  | ({ readonly type: 'outcome' } & EndedAttempt)
  | ({ readonly type: 'retry' } & Due)
  | { readonly type: 'timer'; readonly timer: string }
  | { readonly type: 'request'; readonly request: OpenRequest }
  /** The run has not been applied by its deadline. */
  | { readonly type: 'overdue' }
  | Sent;

/** An event from outside, with callbacks to its sender. */
interface Sent {
  readonly type: 'sent';
  readonly event: MachineEvent;
  handled(): void;
  refused(why: WfError): void;
}

/** The point at which a process begins to advance a run. */
export type Beginning =
  /** `first`: events to commit with the first decision of the machine. */
  | { readonly type: 'start'; readonly first: readonly JournalEvent[] }
  /** The end of the journal of an earlier process: its last decision, the steps without an outcome, the last failure. */
  | {
      readonly type: 'resume';
      readonly decision: Decision;
      readonly open: readonly OpenStep[];
      readonly lastFailure: ErrorRecord | undefined;
      /** Why the machine cannot continue from here; undefined if it can. */
      readonly obstacle: WfError | undefined;
      /** The cancellation that an earlier process has accepted. */
      readonly cancelled: Cancellation | undefined;
    };

export interface AdvanceRequest extends AttemptPorts {
  /** Schemas of the data of events from outside. */
  readonly events: LoadedWorkflow['events'];
  readonly beginning: Beginning;
  /** The stage after which the run pauses; null if it does not. */
  readonly pauseAfter: string | null;
  /** Whether the run hibernates when it only waits for timers. */
  readonly mayHibernate: boolean;
  readonly history: Pick<HistoryPort, 'release'>;
  readonly inbox: RequestInbox;
  /** Arms the guard of a run that has to be confirmed, before the first step. Returns the deadline for applying. */
  readonly arm: (() => Promise<BootDeadline>) | undefined;
  /** Ends a run whose machine has ended: undoes, verifies, commits the end. */
  finish(end: MachineEnd, stopSignal: () => string | undefined): Promise<RunResult>;
}

/** For a shorter wait, it is not worth reading the run from its journal again. */
const SHORTEST_HIBERNATION_MS = 5_000;

/**
 * Advances one run: decides on each arrival, commits the decision with its effects, then carries them out, never before. All
 * arrivals of one turn share one commit.
 */
export function advanceRun(request: AdvanceRequest): RunHandle {
  const loop = new RunLoop(request);
  return {
    id: request.header.id,
    result: loop.advance(),
    send: (event) => {
      const sent = loop.send(event);
      sent.catch(() => {}); // an unhandled rejection would end a program that ignores it
      return sent;
    },
    interrupt: (signal) => loop.interrupt(signal),
  };
}

class RunLoop {
  readonly #request: AdvanceRequest;
  readonly #clock: Clock;
  readonly #steps: StepsUnderWay;
  readonly #timers: RunTimers;
  #arrivals: Arrival[];
  #state: MachineState | undefined;
  #ended: MachineStatus | undefined;
  #lastFailure: ErrorRecord | undefined;
  #interruptedBy: string | undefined;
  #pausedAfter: string | undefined;
  /** The requests to pause, answered once the run has paused. */
  #pauses: OpenRequest[] = [];
  #cancelled: Cancellation | undefined;
  /** Whether the end of the machine is being carried out. */
  #isFinishing = false;
  #stages: readonly string[] = [];
  #waiting = false;
  /** Whether something has arrived that the loop has not handled yet. */
  #isWoken = false;
  #wakeUp = NO_WAITER;
  #cancelOverdue = () => {};
  /** The error for events once this process has stopped advancing the run. */
  #refusal: WfError | undefined;

  constructor(request: AdvanceRequest) {
    this.#request = request;
    this.#clock = request.watch.host.clock;
    this.#steps = new StepsUnderWay(request, {
      ended: (attempt) => this.#arrive({ type: 'outcome', ...attempt }),
      due: (step) => this.#arrive({ type: 'retry', ...step }),
    });
    this.#timers = new RunTimers(this.#clock, (timer) => this.#arrive({ type: 'timer', timer }));
    this.#arrivals = [{ type: request.beginning.type }];
  }

  async advance(): Promise<RunResult> {
    const { header, inbox } = this.#request;
    const { id } = header;
    const unwatch = inbox.watch(id, (request) => this.#receive(request));
    try {
      await this.#arm();
      const result = await this.#loop();
      this.#refuseEvents(runNotAdvanced(id, result));
      return result;
    } catch (thrown) {
      this.#refuseEvents(asWfError(thrown));
      await this.#endAttempts();
      throw thrown;
    } finally {
      unwatch();
      this.#cancelAll();
    }
  }

  async #arm(): Promise<void> {
    const { arm, owner } = this.#request;
    if (arm === undefined) return;
    try {
      const overdue = () => this.#arrive({ type: 'overdue' });
      this.#cancelOverdue = afterDeadline(await arm(), this.#clock, owner.bootId, overdue);
    } catch (thrown) {
      this.#fail(asWfError(thrown));
    }
  }

  #receive(request: OpenRequest): void {
    if (!this.#isFinishing) {
      this.#arrive({ type: 'request', request });
      return;
    }
    const { kind } = request.demand;
    const why = kind === 'confirm' ? 'its host is being verified; try again' : 'its machine has ended';
    const error = requestRefused(this.#request.header.id, request.demand, why);
    // Once the run has ended, the sender detects that itself.
    this.#request.journal.append([refused(request, error)]).catch(() => {});
  }

  async #loop(): Promise<RunResult> {
    const { journal } = this.#request;
    for (;;) {
      this.#isWoken = false;
      const turn = this.#handleArrivals();
      let isDurable = true;
      try {
        if (turn.events.length > 0) await journal.append(turn.events, turn.evidence, turn.now);
      } catch (thrown) {
        for (const { refused } of turn.sent) refused(asWfError(thrown));
        // A full disk fails the machine; the reserve is for its rollback.
        if (!isFullDisk(thrown)) throw thrown;
        this.#fail(thrown);
        isDurable = false;
      }
      if (isDurable) this.#carryOutTurn(turn);
      if (this.#arrivals.length > 0) continue;
      if (!this.#steps.isRunning) {
        const result = await this.#hibernateOrStop();
        if (result !== undefined) return result;
      }
      await this.#untilWoken();
    }
  }

  async send(given: MachineEvent): Promise<void> {
    const { header, secrets } = this.#request;
    const event = redactedMachineEvent(parseSentEvent(given), secrets);
    if (this.#refusal !== undefined) throw this.#refusal;
    if (this.#ended !== undefined) throw runTakesNoEvent(header.id, 'has reached the end of its machine');
    await new Promise<void>((handled, refused) => this.#arrive({ type: 'sent', event, handled, refused }));
  }

  interrupt(signal: string): void {
    this.#interruptedBy ??= signal;
    this.#wake();
  }

  /** Refuses the events that have arrived, and all later ones. */
  #refuseEvents(why: WfError): void {
    this.#refusal = why;
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

  /** Resolves at once if something has arrived since the last turn. */
  async #untilWoken(): Promise<void> {
    if (!this.#isWoken) await new Promise<void>((resolve) => (this.#wakeUp = resolve));
    this.#wakeUp = NO_WAITER;
  }

  /** Stops all attempts, and waits until none is running: only then can the run be released. */
  async #endAttempts(): Promise<void> {
    this.#steps.stopAll();
    for (;;) {
      this.#isWoken = false;
      for (const arrival of this.#arrivals.splice(0)) {
        if (arrival.type === 'outcome') this.#steps.forget(arrival.start.step);
      }
      if (!this.#steps.isRunning) return;
      await this.#untilWoken();
    }
  }

  /** Whether the run was asked to stop: running steps finish, and no other begins. */
  #isStopping(): boolean {
    return this.#interruptedBy !== undefined || this.#pausedAfter !== undefined || this.#pauses.length > 0;
  }

  /** Decides on all arrivals, in order. Returns what to commit, and what to carry out after that. */
  #handleArrivals(): Turn {
    const { beginning } = this.#request;
    const turn: Turn = { now: this.#clock.now(), events: [], evidence: [], effects: [], begin: [], sent: [] };
    const arrived = stopsFirst(this.#inOrder(this.#arrivals));
    this.#arrivals = [];
    for (const arrival of arrived) {
      switch (arrival.type) {
        case 'start':
          if (beginning.type === 'start') turn.events.push(...beginning.first);
          this.#decideOn(null, turn);
          break;
        case 'resume':
          if (beginning.type === 'resume') turn.begin.push(...this.#resumeSteps(beginning, turn.events));
          break;
        case 'sent':
          this.#handleSent(arrival, turn);
          break;
        case 'request':
          this.#handleRequest(arrival.request, turn);
          break;
        case 'timer': {
          // A decision may have cancelled the timer since it fired.
          const timer = this.#state?.timers.get(arrival.timer);
          if (timer !== undefined) this.#decideOn(timer.event, turn, arrival.timer);
          break;
        }
        case 'overdue':
          if (this.#ended === undefined)
            this.#cancel({ error: notConfirmed(this.#request.header.id, OVERDUE), keep: false });
          break;
        case 'retry':
          this.#steps.endRetry(arrival.start.step);
          if (this.#isStopping() || !this.#isActive(arrival.start)) break;
          turn.events.push({ type: 'step.attempted', step: arrival.start.step, attempt: arrival.attempt });
          turn.begin.push(arrival);
          break;
        case 'outcome':
          this.#steps.forget(arrival.start.step);
          turn.evidence.push(...arrival.outcome.evidence);
          this.#handleOutcome(arrival, turn);
      }
    }
    return turn;
  }

  /** Sorts timers that fired at about the same moment by their deadlines; all other arrivals keep their places. */
  #inOrder(arrivals: readonly Arrival[]): readonly Arrival[] {
    const fired = new Set(arrivals.flatMap((arrival) => (arrival.type === 'timer' ? [arrival.timer] : [])));
    if (fired.size < 2 || this.#state === undefined) return arrivals;
    const timers = timersByDeadline(this.#state).filter(([timer]) => fired.has(timer));
    const places = timers.map(([timer]): Arrival => ({ type: 'timer', timer }));
    return arrivals.flatMap((arrival) => (arrival.type === 'timer' ? places.splice(0, 1) : [arrival]));
  }

  #handleSent(sent: Sent, turn: Turn): void {
    try {
      this.#decideOnSent(sent.event, turn);
      turn.sent.push(sent);
    } catch (thrown) {
      sent.refused(asWfError(thrown));
    }
  }

  /** @throws WfError if the machine has no transition for the event, or throws at it; the run is then unchanged */
  #decideOnSent(event: MachineEvent, turn: Turn): void {
    const { model, events, header } = this.#request;
    const state = this.#state;
    if (this.#ended !== undefined || state === undefined) {
      throw runTakesNoEvent(header.id, 'has reached the end of its machine');
    }
    const checked = checkedEvent(event, events);
    if (takerOf(state, checked) === undefined) throw eventUnexpected(header.id, event, eventsExpectedIn(state));
    this.#enter(checked, decide(model, state, checked, turn.now), turn);
  }

  /** Answers a request in the commit that carries it out; one to pause is answered once the run has paused. */
  #handleRequest(request: OpenRequest, turn: Turn): void {
    const { header, secrets } = this.#request;
    const { demand } = request;
    try {
      if (this.#ended !== undefined) throw requestRefused(header.id, demand, 'its machine has ended');
      switch (demand.kind) {
        case 'send':
          this.#decideOnSent(redactedMachineEvent(parseSentEvent(demand.event), secrets), turn);
          break;
        case 'pause':
          this.#pauses.push(request);
          return;
        case 'cancel':
          this.#cancel(cancellationBy(header.id, request));
          break;
        case 'confirm':
          throw requestRefused(header.id, demand, 'it is not unconfirmed yet');
        case 'retry':
          throw requestRefused(header.id, demand, 'it has not ended');
        case 'settle':
          throw requestRefused(header.id, demand, NOT_ENDED);
      }
      turn.events.push(handled(request));
    } catch (thrown) {
      turn.events.push(refused(request, asWfError(thrown)));
    }
  }

  /** Ends the machine: running steps are stopped, and come to an outcome before anything is undone. */
  #cancel(cancellation: Cancellation | undefined): void {
    if (cancellation === undefined) return;
    this.#cancelled = cancellation;
    this.#fail(cancellation.error);
  }

  #decideOn(event: MachineEvent | null, turn: Turn, timer?: string): void {
    if (this.#ended !== undefined) return;
    const decision = this.#nextDecision(event, turn.now, timer);
    if (decision !== undefined) this.#enter(event, decision, turn, timer);
    else turn.events.push(...this.#steps.stopRetries());
  }

  #enter(event: MachineEvent | null, decision: Decision, { events, effects }: Turn, timer?: string): void {
    const { pauseAfter } = this.#request;
    if (isLeaving(pauseAfter, this.#stages, decision)) this.#pausedAfter = pauseAfter ?? undefined;
    this.#stages = decision.stages;
    this.#state = decision.state;
    if (decision.status.type !== 'active') this.#ended = decision.status;
    events.push(decidedEvent(event, decision, timer));
    effects.push(...decision.effects);
    for (const effect of decision.effects) {
      if (effect.type === 'stop-step') events.push(...this.#steps.stopRetry(effect.step));
    }
  }

  /** Restores the state at the end of the journal. Returns the steps to begin, by the recovery table. */
  #resumeSteps({ decision, open, lastFailure, obstacle, cancelled }: Resuming, events: JournalEvent[]): readonly Due[] {
    this.#state = decision.state;
    this.#stages = decision.stages;
    this.#lastFailure = lastFailure;
    if (decision.status.type !== 'active') this.#ended = decision.status;
    if (obstacle !== undefined) this.#fail(obstacle);
    this.#cancel(cancelled);
    const now = this.#clock.now();
    for (const [timer, { deadline, delayMs }] of timersByDeadline(decision.state)) {
      // A wait is at most as long as its delay, even if the clock was set back meanwhile.
      this.#timers.set(timer, Math.min(deadline, now + delayMs));
    }
    return open.flatMap((step) => this.#resumeStep(step, events));
  }

  #resumeStep({ start, attempt, failures, retriedAfter, journaled }: OpenStep, events: JournalEvent[]): readonly Due[] {
    const { step } = start;
    this.#steps.setFailures(step, failures);
    switch (RESUME[this.#isActive(start) ? journaled.type : 'left']) {
      case 'stop':
        events.push({ type: 'step.stopped', step, attempt });
        return [];
      case 'wait': {
        const retryAt =
          journaled.type === 'retrying' ? this.#steps.journaledRetryAt(start, journaled.retryAt) : this.#clock.now();
        this.#steps.waitForRetry(start, attempt, retryAt, retriedAfter);
        return [];
      }
      case 'begin':
        if (this.#isStopping()) return [];
        events.push({ type: 'step.attempted', step, attempt });
        return [{ start, attempt, retriedAfter }];
      case 'begin again':
        if (this.#isStopping()) return [];
        events.push({ type: 'step.attempted', step, attempt: attempt + 1 });
        return [{ start, attempt: attempt + 1, retriedAfter }];
    }
  }

  /** Returns the decision of the machine; undefined if it throws, and so has failed. */
  #nextDecision(event: MachineEvent | null, now: number, timer: string | undefined): Decision | undefined {
    const { model, header } = this.#request;
    try {
      if (event === null || this.#state === undefined) return decideStart(model, header, now);
      return decide(model, this.#state, event, now, timer);
    } catch (thrown) {
      this.#fail(asWfError(thrown));
      return undefined;
    }
  }

  /** Ends the machine with an error, and stops all running steps. */
  #fail(error: WfError): void {
    this.#lastFailure = error.toRecord();
    this.#ended = { type: 'error', error: toJson(this.#lastFailure) };
    this.#steps.stopAll();
  }

  #isActive(start: StartStep): boolean {
    return this.#ended === undefined && this.#state !== undefined && waitsFor(this.#state, start);
  }

  #handleOutcome({ start, attempt, outcome }: EndedAttempt, turn: Turn): void {
    const { step } = start;
    const { events } = turn;
    const trouble = this.#request.journal.trouble();
    if (outcome.type === 'failed' && trouble !== undefined) throw trouble;
    if (outcome.type === 'succeeded') events.push(...outcome.events);
    if (!this.#isActive(start)) {
      events.push({ type: 'step.stopped', step, attempt });
      return;
    }
    if (outcome.type === 'succeeded') {
      events.push({ type: 'step.succeeded', step, attempt, output: outcome.output });
      this.#decideOn(stepDone(actorIdOf(start), outcome.output), turn);
      return;
    }
    const error = outcome.error.toRecord();
    const retryAt = this.#steps.retryAfter(outcome.error, start);
    if (retryAt !== undefined) {
      events.push({ type: 'step.retrying', step, attempt, error, retryAt });
      this.#steps.waitForRetry(start, attempt, retryAt, error);
      return;
    }
    this.#lastFailure = error;
    events.push({ type: 'step.failed', step, attempt, error });
    this.#decideOn(stepError(actorIdOf(start), toJson({ ...error, step })), turn);
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'start-step':
        this.#steps.begin({ start: effect, attempt: 1, retriedAfter: null });
        return;
      case 'stop-step':
        this.#steps.stop(effect.step);
        return;
      case 'set-timer':
        this.#timers.set(effect.timer, effect.deadline);
        return;
      case 'cancel-timer':
        this.#timers.cancel(effect.timer);
        return;
      case 'log':
      case 'emit':
        return; // the journal has it with the decision, for followers of the run
    }
  }

  #carryOutTurn({ events, begin, effects, sent }: Turn): void {
    for (const { handled } of sent) handled();
    // A refused request changes nothing.
    if (events.some(({ type }) => type !== 'answered')) this.#waiting = false;
    for (const due of begin) this.#steps.begin(due);
    // A run that was asked to stop begins nothing more; a resume finds the effects in the journal.
    if (!this.#isStopping()) for (const effect of effects) this.#carryOut(effect);
  }

  /** Decides what follows when no step is running; undefined if the loop continues to wait. */
  async #hibernateOrStop(): Promise<RunResult | undefined> {
    const { header, journal, history, watch, mayHibernate } = this.#request;
    const signal = this.#interruptedBy;
    if (signal !== undefined) {
      await journal.append([{ type: 'interrupted', signal }]);
      return { type: 'interrupted', signal };
    }
    if (this.#ended !== undefined) {
      const pauses = this.#pauses.splice(0);
      if (pauses.length > 0) {
        await journal.append(
          pauses.map((each) => refused(each, requestRefused(header.id, each.demand, 'it has ended'))),
        );
        if (this.#arrivals.length > 0) return undefined;
      }
      this.#isFinishing = true;
      this.#cancelOverdue();
      return this.#request.finish(this.#machineEnd(this.#ended), () => this.#interruptedBy);
    }
    if (this.#pausedAfter !== undefined || this.#pauses.length > 0) {
      const stage = this.#pausedAfter ?? null;
      await journal.append([...this.#pauses.map((each) => handled(each)), { type: 'paused', stage }]);
      return { type: 'paused', stage };
    }
    if (this.#steps.isRetrying) return undefined;
    if (!this.#waiting) {
      await journal.append([waitingFor(this.#state)]);
      this.#waiting = true;
      // Arrivals during the commit come first.
      if (this.#arrivals.length > 0) return undefined;
      if (this.#interruptedBy !== undefined) return this.#hibernateOrStop();
    }
    if (!this.#timers.isEmpty) return mayHibernate ? this.#hibernate() : undefined;
    await whileLocked(this.#clock, () => history.release(watch.lease));
    return { type: 'waiting' };
  }

  #machineEnd(status: MachineStatus): MachineEnd {
    const end = machineEnd(status, this.#lastFailure);
    if (this.#cancelled === undefined || end.type === 'done') return end;
    return { ...end, onFailure: this.#cancelled.keep ? 'keep' : 'rollback' };
  }

  /** Hibernates until the first timer fires, unless that is soon. The process keeps the lease: if it dies, the run is interrupted. */
  #hibernate(): RunResult | undefined {
    const { lease } = this.#request.watch;
    const until = this.#state === undefined ? undefined : firstDeadline(this.#state);
    if (until === undefined || until - this.#clock.now() < SHORTEST_HIBERNATION_MS) return undefined;
    return { type: 'hibernating', until, lease };
  }

  #cancelAll(): void {
    this.#cancelOverdue();
    this.#timers.cancelAll();
    this.#steps.stopRetries();
    this.#steps.stopAll();
  }
}

const NO_WAITER = () => {};

const OVERDUE = 'it was not applied by its deadline (--apply-within)';

/** Puts requests to stop before everything else: a resumed run that is to pause begins no step. */
function stopsFirst(arrivals: readonly Arrival[]): readonly Arrival[] {
  const stops = (arrival: Arrival) => arrival.type === 'request' && arrival.request.demand.kind !== 'send';
  if (!arrivals.some(stops)) return arrivals;
  return [...arrivals.filter(stops), ...arrivals.filter((arrival) => !stops(arrival))];
}

function waitingFor(state: MachineState | undefined): JournalEvent {
  if (state === undefined) return { type: 'waiting', events: [] };
  const ask = questionIn(state);
  const until = firstDeadline(state);
  return {
    type: 'waiting',
    events: eventsExpectedIn(state),
    ...(ask === undefined ? {} : { ask }),
    ...(until === undefined ? {} : { until }),
  };
}

/** Returns when the first timer is due, in milliseconds since the epoch. */
function firstDeadline({ timers }: MachineState): number | undefined {
  return timers.size === 0 ? undefined : Math.min(...[...timers.values()].map(({ deadline }) => deadline));
}

/** Redacts the payload of an event from outside, for the machine and the journal. */
function redactedMachineEvent({ type, ...payload }: MachineEvent, secrets: Secrets): MachineEvent {
  const redacted = secrets.redact(payload);
  return isJsonObject(redacted) ? { ...redacted, type } : { type };
}

type Resuming = Extract<Beginning, { type: 'resume' }>;

/** The result of one turn: the events and evidence of one commit, and what to carry out after it. */
interface Turn {
  /** The time of its decisions. */
  readonly now: number;
  readonly events: JournalEvent[];
  readonly evidence: StoredEvidence[];
  readonly begin: Due[];
  readonly effects: Effect[];
  /** The events from outside that the machine has taken. */
  readonly sent: Sent[];
}

/** Whether the decision leaves the stage after which the run pauses. */
function isLeaving(stage: string | null, before: readonly string[], { stages, status }: Decision): boolean {
  return stage !== null && status.type === 'active' && before.includes(stage) && !stages.includes(stage);
}

function decidedEvent(
  event: MachineEvent | null,
  { effects, value, children, ended, stages, digest }: Decision,
  timer: string | undefined,
): JournalEvent {
  const inChildren = children === undefined ? {} : { children };
  return {
    type: 'decided',
    event,
    ...(timer === undefined ? {} : { timer }),
    effects,
    value,
    ...inChildren,
    ...(ended === undefined ? {} : { ended }),
    stages,
    digest: digest(),
  };
}

import { afterDeadline, type BootDeadline } from '../../confirm/boot-deadline.ts';
import { notConfirmed } from '../../confirm/confirm-refusal.ts';
import { isFullDisk } from '../../journal/run-journal.ts';
import { whileLocked } from '../../journal/while-locked.ts';
import type { Decision } from '../../machine/decide/decide.ts';
import { actorIdOf, firstDeadline, takerOf, timersByDeadline } from '../../machine/decide/machine-state.ts';
import { stepDone, stepError } from '../../machine/decide/outcome-event.ts';
import { eventsExpectedIn } from '../../machine/outside-events.ts';
import {
  checkedEvent,
  eventUnexpected,
  parseSentEvent,
  runNotAdvanced,
  runTakesNoEvent,
} from '../../machine/sent-event.ts';
import { asWfError, type WfError } from '../../model/errors.ts';
import type { Effect, JournalEvent } from '../../model/journal-event.ts';
import { isJsonObject, toJson } from '../../model/json.ts';
import type { MachineEvent } from '../../model/machine-event.ts';
import type { OpenRequest } from '../../model/request.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HistoryPort } from '../../ports/history.ts';
import { RESUME } from '../../recovery/recovery-table.ts';
import { handled, NOT_ENDED, refused, requestRefused } from '../../requests/answers.ts';
import { type Cancellation, cancellationBy } from '../../requests/cancellation.ts';
import type { RequestInbox } from '../../requests/request-inbox.ts';
import type { Secrets } from '../../secrets/secrets.ts';
import type { LoadedWorkflow } from '../../workflow/workflow.ts';
import type { RunHandle, RunResult } from '../engine.ts';
import { Arrivals, inOrder, type Sent } from './arrivals.ts';
import type { Beginning, Resumption } from './beginning.ts';
import type { MachineEnd } from './machine-end.ts';
import type { OpenStep } from './open-steps.ts';
import { RunMachine } from './run-machine.ts';
import { RunTimers } from './run-timers.ts';
import { type AttemptPorts, type Due, type EndedAttempt, StepsUnderWay } from './steps-under-way.ts';
import { decidedEvent, newTurn, type Turn, waitingEvent } from './turn.ts';

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
  readonly #machine: RunMachine;
  readonly #arrivals: Arrivals;
  #interruptedBy: string | undefined;
  /** The requests to pause, answered once the run has paused. */
  #pauses: OpenRequest[] = [];
  /** Whether the end of the machine is being carried out. */
  #isFinishing = false;
  /** Whether the journal has what the machine waits for. */
  #isWaiting = false;
  #cancelOverdue = () => {};
  /** The error for events once this process has stopped advancing the run. */
  #refusal: WfError | undefined;

  constructor(request: AdvanceRequest) {
    this.#request = request;
    this.#clock = request.watch.host.clock;
    this.#steps = new StepsUnderWay(request, {
      ended: (attempt) => this.#arrivals.add({ type: 'outcome', ...attempt }),
      due: (step) => this.#arrivals.add({ type: 'retry', ...step }),
    });
    this.#timers = new RunTimers(this.#clock, (timer) => this.#arrivals.add({ type: 'timer', timer }));
    this.#machine = new RunMachine(request);
    this.#arrivals = new Arrivals({ type: request.beginning.type });
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
      const overdue = () => this.#arrivals.add({ type: 'overdue' });
      this.#cancelOverdue = afterDeadline(await arm(), this.#clock, owner.bootId, overdue);
    } catch (thrown) {
      this.#fail(asWfError(thrown));
    }
  }

  #receive(request: OpenRequest): void {
    if (!this.#isFinishing) {
      this.#arrivals.add({ type: 'request', request });
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
      if (!this.#arrivals.isEmpty) continue;
      if (!this.#steps.isRunning) {
        const result = await this.#hibernateOrStop();
        if (result !== undefined) return result;
      }
      await this.#arrivals.untilWoken();
    }
  }

  async send(given: MachineEvent): Promise<void> {
    const { header, secrets } = this.#request;
    const event = redactedMachineEvent(parseSentEvent(given), secrets);
    if (this.#refusal !== undefined) throw this.#refusal;
    if (this.#machine.hasEnded) throw runTakesNoEvent(header.id, HAS_ENDED);
    await new Promise<void>((handled, refused) => this.#arrivals.add({ type: 'sent', event, handled, refused }));
  }

  interrupt(signal: string): void {
    this.#interruptedBy ??= signal;
    this.#arrivals.wake();
  }

  /** Refuses the events that have arrived, and all later ones. */
  #refuseEvents(why: WfError): void {
    this.#refusal = why;
    this.#arrivals.refuseSent(why);
  }

  /** Stops all attempts, and waits until none is running: only then can the run be released. */
  async #endAttempts(): Promise<void> {
    this.#steps.stopAll();
    for (;;) {
      for (const arrival of this.#arrivals.take()) {
        if (arrival.type === 'outcome') this.#steps.forget(arrival.start.step);
      }
      if (!this.#steps.isRunning) return;
      await this.#arrivals.untilWoken();
    }
  }

  /** Whether the run was asked to stop: running steps finish, and no other begins. */
  #isStopping(): boolean {
    return this.#interruptedBy !== undefined || this.#machine.pausedAfter !== undefined || this.#pauses.length > 0;
  }

  /** Decides on all arrivals, in order. Returns what to commit, and what to carry out after that. */
  #handleArrivals(): Turn {
    const { beginning } = this.#request;
    const turn = newTurn(this.#clock.now());
    for (const arrival of inOrder(this.#arrivals.take(), this.#machine.state)) {
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
          const timer = this.#machine.state?.timers.get(arrival.timer);
          if (timer !== undefined) this.#decideOn(timer.event, turn, arrival.timer);
          break;
        }
        case 'overdue':
          if (!this.#machine.hasEnded)
            this.#cancel({ error: notConfirmed(this.#request.header.id, OVERDUE), keep: false });
          break;
        case 'retry':
          this.#steps.endRetry(arrival.start.step);
          if (this.#isStopping() || !this.#machine.isActive(arrival.start)) break;
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
    const { events, header } = this.#request;
    const { state, hasEnded } = this.#machine;
    if (hasEnded || state === undefined) throw runTakesNoEvent(header.id, HAS_ENDED);
    const checked = checkedEvent(event, events);
    if (takerOf(state, checked) === undefined) throw eventUnexpected(header.id, event, eventsExpectedIn(state));
    this.#enter(checked, this.#machine.decide(checked, turn.now), turn);
  }

  /** Answers a request in the commit that carries it out; one to pause is answered once the run has paused. */
  #handleRequest(request: OpenRequest, turn: Turn): void {
    const { header, secrets } = this.#request;
    const { demand } = request;
    try {
      if (this.#machine.hasEnded) throw requestRefused(header.id, demand, 'its machine has ended');
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
    this.#machine.cancel(cancellation);
    this.#steps.stopAll();
  }

  #decideOn(event: MachineEvent | null, turn: Turn, timer?: string): void {
    if (this.#machine.hasEnded) return;
    let decision: Decision;
    try {
      decision = this.#machine.decide(event, turn.now, timer);
    } catch (thrown) {
      this.#fail(asWfError(thrown));
      turn.events.push(...this.#steps.stopRetries());
      return;
    }
    this.#enter(event, decision, turn, timer);
  }

  #enter(event: MachineEvent | null, decision: Decision, { events, effects }: Turn, timer?: string): void {
    this.#machine.enter(decision);
    events.push(decidedEvent(event, decision, timer));
    effects.push(...decision.effects);
    for (const effect of decision.effects) {
      if (effect.type === 'stop-step') events.push(...this.#steps.stopRetry(effect.step));
    }
  }

  /** Restores the state at the end of the journal. Returns the steps to begin, by the recovery table. */
  #resumeSteps(
    { decision, open, lastFailure, obstacle, cancelled }: Resumption,
    events: JournalEvent[],
  ): readonly Due[] {
    this.#machine.restore(decision, lastFailure);
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
    switch (RESUME[this.#machine.isActive(start) ? journaled.type : 'left']) {
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

  /** Ends the machine with an error, and stops all running steps. */
  #fail(error: WfError): void {
    this.#machine.fail(error);
    this.#steps.stopAll();
  }

  #handleOutcome({ start, attempt, outcome }: EndedAttempt, turn: Turn): void {
    const { step } = start;
    const { events } = turn;
    const trouble = this.#request.journal.trouble();
    if (outcome.type === 'failed' && trouble !== undefined) throw trouble;
    if (outcome.type === 'succeeded') events.push(...outcome.events);
    if (!this.#machine.isActive(start)) {
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
    this.#machine.stepFailed(error);
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
    if (events.some(({ type }) => type !== 'answered')) this.#isWaiting = false;
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
    const { end, pausedAfter = null, state } = this.#machine;
    if (end !== undefined) {
      const pauses = this.#pauses.splice(0);
      if (pauses.length > 0) {
        await journal.append(
          pauses.map((each) => refused(each, requestRefused(header.id, each.demand, 'it has ended'))),
        );
        if (!this.#arrivals.isEmpty) return undefined;
      }
      this.#isFinishing = true;
      this.#cancelOverdue();
      return this.#request.finish(end, () => this.#interruptedBy);
    }
    if (pausedAfter !== null || this.#pauses.length > 0) {
      await journal.append([...this.#pauses.map((each) => handled(each)), { type: 'paused', stage: pausedAfter }]);
      return { type: 'paused', stage: pausedAfter };
    }
    if (this.#steps.isRetrying) return undefined;
    if (!this.#isWaiting) {
      await journal.append([waitingEvent(state)]);
      this.#isWaiting = true;
      // Arrivals during the commit come first.
      if (!this.#arrivals.isEmpty) return undefined;
      if (this.#interruptedBy !== undefined) return this.#hibernateOrStop();
    }
    if (!this.#timers.isEmpty) return mayHibernate ? this.#hibernate() : undefined;
    await whileLocked(this.#clock, () => history.release(watch.lease));
    return { type: 'waiting' };
  }

  /** Hibernates until the first timer fires, unless that is soon. The process keeps the lease: if it dies, the run is interrupted. */
  #hibernate(): RunResult | undefined {
    const { lease } = this.#request.watch;
    const { state } = this.#machine;
    const until = state === undefined ? undefined : firstDeadline(state);
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

const HAS_ENDED = 'has reached the end of its machine';
const OVERDUE = 'it was not applied by its deadline (--apply-within)';

/** Redacts the payload of an event from outside, for the machine and the journal. */
function redactedMachineEvent({ type, ...payload }: MachineEvent, secrets: Secrets): MachineEvent {
  const redacted = secrets.redact(payload);
  return isJsonObject(redacted) ? { ...redacted, type } : { type };
}

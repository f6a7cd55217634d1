import type { RunJournal } from '../../journal/run-journal.ts';
import type { RunLedger } from '../../journal/run-ledger.ts';
import type { MachineModel } from '../../machine/machine-model.ts';
import type { ErrorRecord, WfError } from '../../model/errors.ts';
import type { Owner } from '../../model/identity/owner.ts';
import type { StepId } from '../../model/ids.ts';
import type { JournalEvent, RunHeader } from '../../model/journal-event.ts';
import type { HostWatch } from '../../place/attempt-host.ts';
import type { Clock, Random } from '../../ports/clock.ts';
import type { Secrets } from '../../secrets/secrets.ts';
import type { RetryPolicy } from '../../workflow/step.ts';
import { type AttemptOutcome, beginAttempt, type RunningAttempt } from '../attempt.ts';
import type { RunObserver } from '../engine.ts';
import type { StartStep } from './open-steps.ts';

/** A step to begin with this attempt. */
export interface Due {
  readonly start: StartStep;
  readonly attempt: number;
  readonly retriedAfter: ErrorRecord | null;
}

/** The end of an attempt. */
export interface EndedAttempt {
  readonly start: StartStep;
  readonly attempt: number;
  readonly outcome: AttemptOutcome;
}

/** Model, ports and observers that attempts at steps use. */
export interface AttemptPorts {
  readonly header: RunHeader;
  readonly model: MachineModel;
  readonly watch: HostWatch;
  readonly random: Random;
  readonly owner: Owner;
  readonly journal: RunJournal;
  readonly ledger: RunLedger;
  readonly secrets: Secrets;
  readonly observer: RunObserver;
}

/** Listens to the steps of a run. */
interface StepListener {
  ended(attempt: EndedAttempt): void;
  /** The next attempt at a step that is retried is due. */
  due(step: Due): void;
}

/** The attempts of a run that are under way, and the steps that wait for their next attempt. */
export class StepsUnderWay {
  readonly #ports: AttemptPorts;
  readonly #listener: StepListener;
  readonly #clock: Clock;
  readonly #attempts = new Map<StepId, RunningAttempt>();
  readonly #retries = new Map<StepId, { readonly attempt: number; cancel(): void }>();
  readonly #failures = new Map<StepId, number>();

  constructor(ports: AttemptPorts, listener: StepListener) {
    this.#ports = ports;
    this.#listener = listener;
    this.#clock = ports.watch.host.clock;
  }

  /** Whether an attempt is running. */
  get isRunning(): boolean {
    return this.#attempts.size > 0;
  }

  /** Whether a step waits for its next attempt. */
  get isRetrying(): boolean {
    return this.#retries.size > 0;
  }

  begin({ start, attempt, retriedAfter }: Due): void {
    const { header, model, owner } = this.#ports;
    const invocation = model.invocations.get(start.invoke);
    if (invocation === undefined) return;
    const running = beginAttempt({
      openRun: this.#ports,
      owner,
      run: header.id,
      step: start.step,
      attempt,
      retriedAfter,
      runner: invocation.runner,
      title: invocation.title,
      input: start.input,
      hostName: start.host,
      ended: (outcome) => this.#listener.ended({ start, attempt, outcome }),
    });
    this.#attempts.set(start.step, running);
  }

  /** Forgets an attempt that has ended. */
  forget(step: StepId): void {
    this.#attempts.delete(step);
  }

  /** Asks a running attempt to end: its outcome follows. */
  stop(step: StepId): void {
    this.#attempts.get(step)?.stop();
  }

  stopAll(): void {
    for (const attempt of this.#attempts.values()) attempt.stop();
  }

  /** Takes over the number of failed attempts from the journal. */
  setFailures(step: StepId, count: number): void {
    this.#failures.set(step, count);
  }

  /** Counts a failed attempt. Returns when the next one is due (ms since the epoch); undefined if there is none. */
  retryAfter({ transient }: WfError, start: StartStep): number | undefined {
    const failures = (this.#failures.get(start.step) ?? 0) + 1;
    this.#failures.set(start.step, failures);
    const policy = transient ? this.#policyOf(start) : undefined;
    if (policy === undefined || failures >= policy.attempts) return undefined;
    return this.#clock.now() + backOff(policy, failures, this.#ports.random);
  }

  /** Returns when a retry of the journal is due, at most its longest delay from now: the clock may have been set back. */
  journaledRetryAt(start: StartStep, retryAt: number): number {
    const longestMs = this.#policyOf(start)?.maxMs ?? 0;
    return Math.min(retryAt, this.#clock.now() + longestMs);
  }

  #policyOf({ invoke, input }: StartStep): RetryPolicy | undefined {
    const runner = this.#ports.model.invocations.get(invoke)?.runner;
    return runner?.retryOf(input) ?? runner?.policy.retry;
  }

  /** @param attempt the one that failed */
  waitForRetry(start: StartStep, attempt: number, retryAt: number, retriedAfter: ErrorRecord | null): void {
    const delayMs = Math.max(0, retryAt - this.#clock.now());
    const cancel = this.#clock.after(delayMs, () => {
      this.#listener.due({ start, attempt: attempt + 1, retriedAfter });
    });
    this.#retries.set(start.step, { attempt, cancel });
  }

  /** Ends the wait of a step whose next attempt is due. */
  endRetry(step: StepId): void {
    this.#retries.delete(step);
  }

  /** Stops a step that waits for its next attempt: it has no running attempt whose outcome would follow. */
  stopRetry(step: StepId): readonly JournalEvent[] {
    const retry = this.#retries.get(step);
    if (retry === undefined) return [];
    retry.cancel();
    this.#retries.delete(step);
    return [{ type: 'step.stopped', step, attempt: retry.attempt }];
  }

  stopRetries(): readonly JournalEvent[] {
    return [...this.#retries.keys()].flatMap((step) => this.stopRetry(step));
  }
}

/** Returns an exponential back-off, half of it random, so that steps that failed at the same time do not retry at the same time. */
function backOff(policy: RetryPolicy, attempt: number, random: Random): number {
  const full = Math.min(policy.maxMs, policy.initialMs * policy.factor ** (attempt - 1));
  return Math.round(full * (0.5 + random() / 2));
}

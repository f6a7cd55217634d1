import type { RunJournal } from '../journal/run-journal.ts';
import type { RunLedger } from '../journal/run-ledger.ts';
import { asWfError, type ErrorRecord, WfError } from '../model/errors.ts';
import { commandLine, type Evidence } from '../model/evidence.ts';
import type { Owner } from '../model/identity/owner.ts';
import type { RunId, StepId } from '../model/ids.ts';
import type { Json } from '../model/json.ts';
import { limitText } from '../model/time-limit.ts';
import { type AttemptHost, attemptHost, watchOn } from '../place/attempt-host.ts';
import type { StoredEvidence } from '../ports/history.ts';
import { storedEvidenceOf } from '../secrets/redact.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { HostPorts, LedgerService, StepContext, StepRunner } from '../workflow/step.ts';
import { type AttemptServices, type AttemptSuccess, applyStep } from './apply-change.ts';
import type { OpenRun } from './open-run.ts';

/** Time after a stop request at which the engine gives up on a runner; its change stays an open intent. */
const GRACE_MS = 10_000;

/** The outcome of one attempt, with its evidence. */
export type AttemptOutcome = { readonly evidence: readonly StoredEvidence[] } & (
  | ({ readonly type: 'succeeded' } & AttemptSuccess)
  | { readonly type: 'failed'; readonly error: WfError }
);

export interface RunningAttempt {
  /** Asks the runner to stop; its outcome still follows. */
  stop(): void;
}

interface AttemptRequest {
  readonly openRun: Pick<OpenRun, 'watch' | 'journal' | 'ledger' | 'secrets' | 'observer'>;
  readonly owner: Owner;
  readonly run: RunId;
  readonly step: StepId;
  readonly attempt: number;
  /** See `StepContext`. */
  readonly retriedAfter: ErrorRecord | null;
  readonly runner: StepRunner;
  /** Title of the changes of the step. */
  readonly title?: string | undefined;
  readonly input: Json;
  /** The named host that the step works on; absent for the run's own. */
  readonly hostName?: string | undefined;
  /** Called once; before `beginAttempt` returns if the step cannot begin. */
  ended(outcome: AttemptOutcome): void;
}

/** Begins an attempt under its time-out. Its outcome and evidence are redacted. */
export function beginAttempt(request: AttemptRequest): RunningAttempt {
  return new Attempt(request);
}

/** A class, like those below: each closure would cost one more object for each attempt. */
class Attempt implements RunningAttempt, AttemptServices {
  readonly context: StepContext;
  readonly request: AttemptRequest;
  readonly ending: Ending;
  readonly evidence: StoredEvidence[] = [];
  #host: AttemptHost | undefined;
  #hasEnded = false;

  constructor(request: AttemptRequest) {
    this.request = request;
    this.ending = new Ending(this);
    this.context = new AttemptContext(this);
    void this.#carryOut();
  }

  get runner(): StepRunner {
    return this.request.runner;
  }

  get title(): string | undefined {
    return this.request.title;
  }

  get hostName(): string | undefined {
    return this.request.hostName;
  }

  get journal(): RunJournal {
    return this.request.openRun.journal;
  }

  get ledger(): RunLedger {
    return this.request.openRun.ledger;
  }

  get bootId(): string {
    return this.request.owner.bootId;
  }

  get secrets(): Secrets {
    return this.request.openRun.secrets;
  }

  /** Created lazily: a step that touches no host needs none. */
  get host(): AttemptHost {
    const { openRun, hostName, run, step, attempt, owner } = this.request;
    this.#host ??= attemptHost(watchOn(openRun.watch, hostName), { run, step, attempt, owner });
    return this.#host;
  }

  acting(): StepContext {
    return new AttemptContext(this, this.host.acting());
  }

  stop(): void {
    this.ending.end(stopped(this.request.step));
  }

  /** Ends the attempt although its runner has not stopped. */
  giveUp(reason: WfError): void {
    this.#end(this.#failed(reason));
  }

  async #carryOut(): Promise<void> {
    const { request, ending, evidence, secrets } = this;
    const { watch } = request.openRun;
    const { timeoutMs } = request.runner.policy;
    const cancelTimeout = watch.host.clock.after(timeoutMs, () => ending.end(timedOut(request)));
    let outcome: AttemptOutcome;
    try {
      watch.crashPoints.beginStep?.(request.step);
      const { output, events } = await applyStep(this, request.input);
      outcome = { type: 'succeeded', evidence, output: secrets.redact(output), events };
    } catch (thrown) {
      outcome = this.#failed(ending.reason ?? asWfError(thrown));
    }
    cancelTimeout();
    ending.over();
    this.#end(outcome);
  }

  #failed(error: WfError): AttemptOutcome {
    return { type: 'failed', evidence: this.evidence, error: this.secrets.redactError(error) };
  }

  /** Only the first outcome counts. */
  #end(outcome: AttemptOutcome): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.request.ended(outcome);
  }
}

/** The context for a step runner. Members that most steps do not use are created lazily. */
class AttemptContext implements StepContext {
  readonly run: RunId;
  readonly step: StepId;
  readonly attempt: number;
  readonly retriedAfter: ErrorRecord | null;
  readonly record: (evidence: Evidence) => void;
  readonly #attempt: Attempt;
  readonly #acting: HostPorts | undefined;

  /** @param acting the host for `apply`; absent for observing */
  constructor(attempt: Attempt, acting?: HostPorts) {
    const { request, evidence, secrets } = attempt;
    const { run, step, attempt: number, retriedAfter } = request;
    this.run = run;
    this.step = step;
    this.attempt = number;
    this.retriedAfter = retriedAfter;
    this.record = (seen) => {
      evidence.push({ ...storedEvidenceOf(seen, secrets), step, attempt: number });
    };
    this.#attempt = attempt;
    this.#acting = acting;
  }

  get host(): HostPorts {
    return this.#acting ?? this.#attempt.host.observing;
  }

  get named(): (name: string) => HostPorts {
    return (name) => {
      const other = this.#attempt.host.named(name);
      return this.#acting === undefined ? other.observing : other.acting();
    };
  }

  get signal(): AbortSignal {
    return this.#attempt.ending.signal;
  }

  get progress(): (message: string) => void {
    const { openRun, step } = this.#attempt.request;
    const { secrets, observer } = openRun;
    return (message) => observer.progress?.(step, secrets.redactText(message));
  }

  get ledger(): LedgerService {
    return this.#attempt.ledger.serviceFor(this.step, this.signal, this.record);
  }
}

/** The stop request to an attempt. */
class Ending {
  readonly #attempt: Attempt;
  #controller: AbortController | undefined;
  #cancelGrace: (() => void) | undefined;
  #isOver = false;
  /** The reason for the stop; only the first counts. */
  reason: WfError | undefined;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
  }

  /** Created lazily. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.reason !== undefined) this.#controller.abort(this.reason);
    return this.#controller.signal;
  }

  /** Asks the runner to stop, and ends the attempt after the grace period if it has not. */
  end(reason: WfError): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    this.#controller?.abort(reason);
    if (this.#isOver) return;
    const { clock } = this.#attempt.request.openRun.watch.host;
    this.#cancelGrace = clock.after(GRACE_MS, () => this.#attempt.giveUp(reason));
  }

  over(): void {
    this.#isOver = true;
    this.#cancelGrace?.();
  }
}

function timedOut({ run, step, runner }: AttemptRequest): WfError {
  return new WfError(
    'E_STEP_TIMEOUT',
    `${step} (${runner.kind}) took longer than ${limitText(runner.policy.timeoutMs)}`,
    {
      hint: `Check its progress with \`${commandLine(['wf', 'logs', run, step])}\`, or set a longer time-out in the workflow file.`,
      transient: true,
    },
  );
}

function stopped(step: StepId): WfError {
  return new WfError('E_STEP_STOPPED', `${step} was stopped`, {
    hint: 'Nothing to do: the machine has left its state.',
  });
}

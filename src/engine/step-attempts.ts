import { type AttemptHost, attemptHost, type HostWatch } from './attempt-host.ts';
import { type AttemptSuccess, attemptStep } from './attempt-step.ts';
import { asWfError, WfError } from './errors.ts';
import type { Evidence } from './evidence.ts';
import { keptEvidence } from './hidden-event.ts';
import type { RunId, StepId } from './ids.ts';
import type { Json } from './json.ts';
import type { Owner } from './owner.ts';
import type { Clock } from './ports/clock.ts';
import type { StoredEvidence } from './ports/history.ts';
import type { RunJournal } from './run-journal.ts';
import type { RunLedger } from './run-ledger.ts';
import type { Secrets } from './secrets.ts';
import type { HostPorts, LedgerService, StepContext, StepRunner } from './step.ts';

/** A runner that does not end after it was told to is given up after this long; its change stays an open intent. */
const GRACE_MS = 10_000;

/** How one attempt ended, with what was seen on the way. */
export type AttemptOutcome = { readonly evidence: readonly StoredEvidence[] } & (
  | ({ readonly type: 'succeeded' } & AttemptSuccess)
  | { readonly type: 'failed'; readonly error: WfError }
);

export interface RunningAttempt {
  /** Never rejects. */
  readonly outcome: Promise<AttemptOutcome>;
  /** Tells the runner to end; its outcome still comes. */
  stop(): void;
}

interface AttemptRequest {
  readonly run: RunId;
  readonly step: StepId;
  readonly attempt: number;
  readonly runner: StepRunner;
  readonly input: Json;
  readonly watch: HostWatch;
  readonly journal: RunJournal;
  readonly ledger: RunLedger;
  readonly owner: Owner;
  readonly secrets: Secrets;
  progress(message: string): void;
}

/** Begins an attempt under its time-out. The secrets that it works with are hidden in all that comes of it. */
export function beginAttempt(request: AttemptRequest): RunningAttempt {
  const { run, runner, step, attempt, owner, secrets, ledger } = request;
  const { clock } = request.watch.host;
  const ending = new Ending(clock);
  const evidence: StoredEvidence[] = [];
  const record = (seen: Evidence) => {
    evidence.push({ ...keptEvidence(seen, secrets), step, attempt });
  };
  // Made when it is asked for: a step that touches no host needs none.
  let reached: AttemptHost | undefined;
  const host = () => (reached ??= attemptHost(request.watch, { run, step, attempt, owner }));
  const contextOn = (ports: () => HostPorts) => new AttemptContext(request, ending, record, ports);
  const parts = {
    runner,
    context: contextOn(() => host().looking),
    acting() {
      const ports = host().acting();
      return contextOn(() => ports);
    },
    journal: request.journal,
    ledger,
    bootId: owner.bootId,
    secrets,
  };

  const failed = (error: WfError): AttemptOutcome => ({ type: 'failed', evidence, error: secrets.hideError(error) });

  async function carryOut(): Promise<AttemptOutcome> {
    const cancelTimeout = clock.after(runner.policy.timeoutMs, () => ending.end(timedOut(request)));
    try {
      const { output, events } = await attemptStep(parts, request.input);
      return { type: 'succeeded', evidence, output: secrets.hide(output), events };
    } catch (thrown) {
      return failed(ending.reason ?? asWfError(thrown));
    } finally {
      cancelTimeout();
      ending.over();
    }
  }
  const outcome = new Promise<AttemptOutcome>((resolve) => {
    ending.givesUp = (reason) => resolve(failed(reason));
    void carryOut().then(resolve);
  });
  return { outcome, stop: () => ending.end(stopped(step)) };
}

/**
 * What a step runner is given. A class: one is made for each attempt, and to make an object with getters of its own takes ten times as
 * long. What most steps never ask for is made when it is asked for.
 */
class AttemptContext implements StepContext {
  readonly run: RunId;
  readonly step: StepId;
  readonly attempt: number;
  readonly record: (evidence: Evidence) => void;
  readonly #request: AttemptRequest;
  readonly #ending: Ending;
  readonly #ports: () => HostPorts;

  constructor(request: AttemptRequest, ending: Ending, record: (evidence: Evidence) => void, ports: () => HostPorts) {
    this.run = request.run;
    this.step = request.step;
    this.attempt = request.attempt;
    this.record = record;
    this.#request = request;
    this.#ending = ending;
    this.#ports = ports;
  }

  get host(): HostPorts {
    return this.#ports();
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  get progress(): (message: string) => void {
    const { secrets, progress } = this.#request;
    return (message) => progress(secrets.hideText(message));
  }

  get ledger(): LedgerService {
    return this.#request.ledger.serviceFor(this.signal, this.record);
  }
}

/** How an attempt is told to end. */
class Ending {
  readonly #clock: Clock;
  #controller: AbortController | undefined;
  #cancelGrace: (() => void) | undefined;
  #isOver = false;
  /** Why it was told to; only the first reason counts. */
  reason: WfError | undefined;
  /** Called some time after the runner was told to end, so that one that does not cannot hold up the run for ever. */
  givesUp: (reason: WfError) => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Made when it is first asked for. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.reason !== undefined) this.#controller.abort(this.reason);
    return this.#controller.signal;
  }

  /** Tells the runner to end. */
  end(reason: WfError): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    this.#controller?.abort(reason);
    if (!this.#isOver) this.#cancelGrace = this.#clock.after(GRACE_MS, () => this.givesUp(reason));
  }

  over(): void {
    this.#isOver = true;
    this.#cancelGrace?.();
  }
}

function timedOut({ run, step, runner }: AttemptRequest): WfError {
  return new WfError('E_STEP_TIMEOUT', `${step} (${runner.kind}) took longer than ${runner.policy.timeoutMs} ms`, {
    hint: `See how far it came with \`wf logs ${run} ${step}\`; a longer time-out is set in the workflow file.`,
    transient: true,
  });
}

function stopped(step: StepId): WfError {
  return new WfError('E_STEP_STOPPED', `${step} was stopped`, { hint: 'The machine went on without it.' });
}

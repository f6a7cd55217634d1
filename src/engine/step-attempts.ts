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
import type { HostPorts, StepContext, StepRunner } from './step.ts';

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
  // Made when it is asked for: a step that touches no host needs none.
  let reached: AttemptHost | undefined;
  const host = () => (reached ??= attemptHost(request.watch, { run, step, attempt, owner }));
  const ending = createEnding(clock);
  const evidence: StoredEvidence[] = [];
  const record = (seen: Evidence) => {
    evidence.push({ ...keptEvidence(seen, secrets), step, attempt });
  };
  const contextOn = (ports: () => HostPorts): StepContext => ({
    run,
    step,
    attempt,
    get host() {
      return ports();
    },
    get signal() {
      return ending.signal();
    },
    record,
    progress: (message) => request.progress(secrets.hideText(message)),
    get ledger() {
      return ledger.serviceFor(ending.signal(), record);
    },
  });
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

  async function carryOut(): Promise<AttemptOutcome> {
    const cancelTimeout = clock.after(runner.policy.timeoutMs, () => ending.end(timedOut(request)));
    try {
      const success = await ending.waitFor(attemptStep(parts, request.input));
      return { type: 'succeeded', evidence, ...success, output: secrets.hide(success.output) };
    } catch (thrown) {
      return { type: 'failed', evidence, error: secrets.hideError(ending.reason() ?? asWfError(thrown)) };
    } finally {
      cancelTimeout();
    }
  }
  return { outcome: carryOut(), stop: () => ending.end(stopped(step)) };
}

/** How an attempt is told to end. */
interface Ending {
  /** Made when it is first asked for: most steps are over before anybody does. */
  signal(): AbortSignal;
  /** Tells the runner to end. Only the first reason counts. */
  end(reason: WfError): void;
  reason(): WfError | undefined;
  /** Waits for the runner; rejects some time after it was told to end, so that one that does not cannot hold up the run for ever. */
  waitFor<Answer>(work: Promise<Answer>): Promise<Answer>;
}

function createEnding(clock: Clock): Ending {
  let controller: AbortController | undefined;
  let ended: WfError | undefined;
  let giveUp: ((reason: WfError) => void) | undefined;
  let cancelGrace = () => {};

  function startGrace(reason: WfError): void {
    cancelGrace = clock.after(GRACE_MS, () => giveUp?.(reason));
  }
  return {
    signal() {
      controller ??= new AbortController();
      if (ended !== undefined) controller.abort(ended);
      return controller.signal;
    },
    end(reason) {
      if (ended !== undefined) return;
      ended = reason;
      controller?.abort(reason);
      if (giveUp !== undefined) startGrace(reason);
    },
    reason: () => ended,
    waitFor: (work) =>
      new Promise((resolve, reject) => {
        const over = () => {
          giveUp = undefined;
          cancelGrace();
        };
        giveUp = reject;
        if (ended !== undefined) startGrace(ended);
        work.then(
          (answer) => {
            over();
            resolve(answer);
          },
          (thrown) => {
            over();
            reject(thrown);
          },
        );
      }),
  };
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

import { attemptHost, type HostWatch } from './attempt-host.ts';
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
import type { StepContext, StepRunner } from './step.ts';

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
  const { run, runner, step, attempt, owner, secrets } = request;
  const { clock } = request.watch.host;
  const { looking, acting } = attemptHost(request.watch, { run, step, attempt, owner });
  const controller = new AbortController();
  const evidence: StoredEvidence[] = [];
  const record = (seen: Evidence) => evidence.push({ ...keptEvidence(seen, secrets), step, attempt });
  const context: StepContext = {
    run,
    step,
    attempt,
    host: looking,
    signal: controller.signal,
    record,
    progress: (message) => request.progress(secrets.hideText(message)),
    ledger: request.ledger.serviceFor(controller.signal, record),
  };

  const timedOut = new WfError(
    'E_STEP_TIMEOUT',
    `${step} (${runner.kind}) took longer than ${runner.policy.timeoutMs} ms`,
    {
      hint: `See how far it came with \`wf logs ${request.run} ${step}\`; a longer time-out is set in the workflow file.`,
      transient: true,
    },
  );
  const stopped = new WfError('E_STEP_STOPPED', `${step} was stopped`, { hint: 'The machine went on without it.' });
  const cancelTimeout = clock.after(runner.policy.timeoutMs, () => controller.abort(timedOut));

  const grace = givenUp(controller.signal, clock);

  async function carryOut(): Promise<AttemptOutcome> {
    const work = attemptStep(
      {
        runner,
        context,
        acting: { ...context, host: acting },
        journal: request.journal,
        ledger: request.ledger,
        bootId: owner.bootId,
        secrets,
      },
      request.input,
    );
    try {
      const success = await Promise.race([work, grace.rejection]);
      return { type: 'succeeded', evidence, ...success, output: secrets.hide(success.output) };
    } catch (thrown) {
      const reason: unknown = controller.signal.reason;
      const error = controller.signal.aborted && reason instanceof WfError ? reason : asWfError(thrown);
      return { type: 'failed', evidence, error: secrets.hideError(error) };
    } finally {
      cancelTimeout();
      grace.cancel();
    }
  }
  return { outcome: carryOut(), stop: () => controller.abort(stopped) };
}

/** Rejects some time after the signal, so that a runner that ignores it cannot hold up the run for ever. */
function givenUp(signal: AbortSignal, clock: Clock): { readonly rejection: Promise<never>; cancel(): void } {
  let cancel = () => {};
  const rejection = new Promise<never>((_resolve, reject) => {
    const wait = () => {
      cancel = clock.after(GRACE_MS, () => reject(signal.reason));
    };
    signal.addEventListener('abort', wait, { once: true });
  });
  return { rejection, cancel: () => cancel() };
}

import { WfError } from '../model/errors.ts';
import type { Owner } from '../model/identity/owner.ts';
import type { Effect, JournalEntry } from '../model/journal-event.ts';
import { type AttemptOutcome, beginAttempt } from '../run/attempt.ts';
import type { OpenRun } from '../run/open-run.ts';
import type { StepRunner } from '../workflow/step.ts';

interface RepeatedProbe {
  /** The invoke id of the step. */
  readonly invoke: string;
  readonly entries: readonly JournalEntry[];
  readonly owner: Owner;
  readonly limitMs: number;
  runner(kind: string): StepRunner | undefined;
}

/** Repeats the last step of an invoke id, which only reads. Returns why it fails; undefined if it succeeds. */
export async function repeatProbe(
  run: OpenRun,
  { invoke, entries, owner, limitMs, runner }: RepeatedProbe,
): Promise<WfError | undefined> {
  const start = entries
    .flatMap(({ event }) => (event.type === 'decided' ? event.effects : []))
    .findLast((effect): effect is StartStep => effect.type === 'start-step' && effect.invoke === invoke);
  const found = start === undefined ? undefined : runner(start.kind);
  if (start === undefined || found === undefined) {
    return new WfError('E_RUNNER_MISSING', `the run has no step ${invoke} that can be repeated`, {
      hint: 'Let the deadline pass: the run is then taken back.',
    });
  }
  const earlier = entries.filter(({ event }) => event.type === 'step.attempted' && event.step === start.step).length;
  const { clock } = run.watch.host;
  const outcome = await new Promise<AttemptOutcome>((resolve) => {
    const attempt = beginAttempt({
      openRun: run,
      run: run.lease.run,
      step: start.step,
      attempt: earlier + 2,
      retriedAfter: null,
      runner: found,
      input: start.input,
      hostName: start.host,
      owner,
      ended(outcome) {
        cancel();
        resolve(outcome);
      },
    });
    const cancel = clock.after(limitMs, () => attempt.stop());
  });
  await run.journal.append([], outcome.evidence);
  return outcome.type === 'failed' ? outcome.error : undefined;
}

type StartStep = Extract<Effect, { type: 'start-step' }>;

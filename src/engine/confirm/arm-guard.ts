import { asWfError, WfError } from '../model/errors.ts';
import type { ConfirmRule, Guard, JournalEntry } from '../model/journal-event.ts';
import type { GuardedRun } from '../ports/guard.ts';
import { type AttemptOutcome, beginAttempt } from '../run/attempt.ts';
import type { EngineServices } from '../run/engine.ts';
import type { OpenRun } from '../run/open-run.ts';
import { type BootDeadline, deadlineIn } from './boot-deadline.ts';
import { armedIn, GUARD_STEP } from './guard-step.ts';

interface Guarded extends GuardedRun {
  readonly rule: ConfirmRule;
}

/**
 * Arms the guard of a run before its first step, and returns the deadline for applying. A run that an earlier process had armed keeps its
 * deadline, and gets another process if the one that guarded it is gone.
 * @param entries the journal so far
 * @throws WfError E_GUARD; the unit of a guard that could not be started is in the ledger
 */
export async function armGuard(
  services: EngineServices,
  run: OpenRun,
  { rule, ...guarded }: Guarded,
  entries: readonly JournalEntry[],
): Promise<BootDeadline> {
  const { clock, owner, isAlive } = services;
  const armed = armedIn(entries);
  if (armed === undefined) {
    const guard: Guard = rule.guard ? await startGuard(services, run, guarded) : { type: 'none' };
    const applyBy = deadlineIn(rule.applyWithinMs, clock, owner.bootId);
    await run.journal.append([{ type: 'armed', guard, applyBy }]);
    return applyBy;
  }
  const { guard, applyBy } = armed;
  if (guard.type === 'process' && !isAlive(guard.process)) {
    const process = await services.guards.startProcess(run.lease.run, guarded);
    await run.journal.append([{ type: 'armed', guard: { ...guard, process }, applyBy }]);
  }
  return applyBy;
}

async function startGuard(services: EngineServices, run: OpenRun, guarded: GuardedRun): Promise<Guard> {
  const { guards } = services;
  const choice = guards.choose(run.lease.run, guarded);
  if (choice.type === 'process') {
    return { type: 'process', process: await guards.startProcess(run.lease.run, guarded), reason: choice.reason };
  }
  const outcome = await new Promise<AttemptOutcome>((ended) => {
    beginAttempt({
      openRun: run,
      run: run.lease.run,
      step: GUARD_STEP,
      attempt: 1,
      retriedAfter: null,
      runner: guards.runner,
      input: choice.input,
      owner: services.owner,
      ended,
    });
  });
  if (outcome.type === 'failed') throw guardError(asWfError(outcome.error));
  await run.journal.append(outcome.events, outcome.evidence);
  return { type: 'unit', name: choice.name };
}

function guardError(cause: WfError): WfError {
  if (cause.code === 'E_GUARD') return cause;
  return new WfError('E_GUARD', `no guard can watch this run: ${cause.message}`, {
    hint: `${cause.hint} Or start it with --no-guard: then only the command itself takes the change back.`,
    cause,
  });
}

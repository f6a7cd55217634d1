import { WfError } from '../../engine/model/errors.ts';
import type { Demand } from '../../engine/model/request.ts';
import type { StoredRun } from '../../engine/ports/history.ts';
import { advanceFor } from '../../engine/requests/answers.ts';
import type { Delivered } from '../../engine/requests/deliver-request.ts';
import { requester } from '../../host/machine/requester.ts';
import { resumeRequest } from '../arguments/resume-request.ts';
import { type Terminal, writeLines } from '../output/terminal.ts';
import type { Services } from '../services/services.ts';
import type { RunOutcome } from './follow-run.ts';
import { followUndo } from './follow-undo.ts';
import { type Interruption, watchForInterruption } from './interruption.ts';
import { resumeRun } from './resume-run.ts';

/** Delay before the command prints for which process it waits. An answer usually takes a tenth of this. */
const PATIENCE_MS = 2_000;

/** A demand on a run, with the options of its command. */
export interface Delivery {
  readonly run: StoredRun;
  readonly demand: Demand;
  readonly comment?: string | undefined;
  /** Secret inputs that are given again, as typed. */
  readonly input: readonly string[];
  readonly workflow?: string | undefined;
  /** Whether a run may be retried under another definition. */
  readonly acceptChanges?: boolean;
}

/** The answer to a demand, and the result of the run if this command advanced it. */
export interface Answered extends Delivered {
  readonly advanced: RunOutcome | undefined;
}

/** Sends a request to a run and waits for the answer; advances the run if nobody else does. A stop signal ends the wait. */
export async function deliver(delivery: Delivery, services: Services, terminal: Terminal): Promise<Answered> {
  const { run, demand, comment = null } = delivery;
  const stopped = new AbortController();
  const unlisten = terminal.onStopSignal(() => stopped.abort(), { runsWorkflowCode: false });
  const unreported: (() => void)[] = [];
  let advanced: RunOutcome | undefined;
  try {
    await services.history();
    const engine = await services.engine();
    const answer = await engine.deliver({
      run: run.id,
      by: requester(process.env),
      demand,
      comment,
      signal: stopped.signal,
      stored(owner) {
        if (owner === null) return;
        const words =
          demand.kind === 'pause'
            ? `waiting until the running steps of run ${run.id} have finished`
            : `waiting for the answer of process ${owner.pid}, which advances run ${run.id}`;
        const report = () => writeLines(terminal.progress, [words]);
        unreported.push(services.clock.after(demand.kind === 'pause' ? 0 : PATIENCE_MS, report, true));
      },
      async advance() {
        const interruption = watchForInterruption(terminal);
        const advancing = advanceRun(delivery, interruption, services, terminal);
        advanced = (await advancing.finally(() => interruption.end())) ?? undefined;
      },
    });
    return { ...answer, advanced };
  } finally {
    for (const cancel of unreported) cancel();
    unlisten();
  }
}

/** Advances a run without an owner, so that it answers. */
async function advanceRun(
  asked: Delivery,
  interruption: Interruption,
  services: Services,
  terminal: Terminal,
): Promise<RunOutcome | null> {
  // Another process may have advanced it since the command began.
  const delivery = { ...asked, run: await runNow(asked, services) };
  switch (advanceFor(delivery.demand, delivery.run.status)) {
    case 'start anew': {
      const { startAgain } = await import('./start-again.ts');
      return startAgain(delivery, interruption, services, terminal);
    }
    case 'resume':
      return resume(delivery, interruption, services, terminal);
    case 'settle':
      return followUndo(delivery, interruption, services, terminal, (engine, ...asked) => engine.settle(...asked));
    case 'conclude':
      return followUndo(delivery, interruption, services, terminal, (engine, request, observer) =>
        engine.conclude(request, 'answered', observer),
      );
    case 'rollBack':
      return followUndo(delivery, interruption, services, terminal, (engine, request, observer) =>
        engine.rollBack({ ...request, removeKept: false }, observer),
      );
  }
}

async function resume(
  delivery: Delivery,
  interruption: Interruption,
  services: Services,
  terminal: Terminal,
): Promise<RunOutcome> {
  const { run, input, workflow, acceptChanges = false } = delivery;
  const request = await resumeRequest(run, { acceptChanges, input, workflow }, await services.history(), services);
  return resumeRun(run, request, interruption, services, terminal);
}

async function runNow({ run: { id } }: Delivery, services: Services): Promise<StoredRun> {
  const run = (await services.history()).run(id);
  if (run === undefined) throw new WfError('E_RUN_NOT_FOUND', `run ${id} was removed`, { hint: '`wf runs`' });
  return run;
}

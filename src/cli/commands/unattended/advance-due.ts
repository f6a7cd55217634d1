import type { DueRun } from '../../../agent/due-run.ts';
import { advanceFor } from '../../../engine/requests/answers.ts';
import type { Engine, RunHandle, RunObserver } from '../../../engine/run/engine.ts';
import { runNotFound } from '../../../engine/run/run-refusal.ts';
import type { History } from '../../../history/history.ts';
import { retryRequest } from '../../../library/retry-request.ts';
import { resumeRequest, workflowOf } from '../../arguments/resume-request.ts';
import { requiredSecrets } from '../../arguments/secrets/run-secrets.ts';
import { undoRequest } from '../../arguments/undo-request.ts';
import type { Services } from '../../services/services.ts';

/** Nobody is there to type secrets, accept changes of a workflow, or name its file. */
const UNATTENDED = { acceptChanges: false, input: [] };

/** Returns a function that advances a due run for an agent, as `wf resume` and the sender of a request do. */
export function advanceDue(
  engine: Engine,
  history: History,
  services: Services,
  observer: RunObserver,
): (due: DueRun) => Promise<RunHandle | 'answered' | null> {
  function storedRun({ run: id }: DueRun) {
    const run = history.run(id);
    if (run === undefined) throw runNotFound(id);
    return run;
  }

  async function resume(due: DueRun): Promise<RunHandle> {
    const request = await resumeRequest(storedRun(due), UNATTENDED, history, services);
    return engine.resume({ ...request, by: 'agent', mayHibernate: true }, observer);
  }

  async function startAnew(due: DueRun): Promise<RunHandle> {
    const run = storedRun(due);
    const resolved = await workflowOf(run, undefined, services);
    const request = retryRequest(run, resolved, requiredSecrets(run, [], resolved.workflow));
    return engine.start({ ...request, mayHibernate: true }, observer);
  }

  const undo = async (due: DueRun) =>
    ({ ...(await undoRequest({ run: storedRun(due), input: [] }, services)), by: 'agent' }) as const;

  return async (due) => {
    if (due.why !== 'request') {
      const { status } = storedRun(due);
      return status === 'unconfirmed' ? engine.conclude(await undo(due), 'deadline', observer) : resume(due);
    }
    const taken: RunHandle[] = [];
    const isAnswered = await engine.answer(due.run, due.request, async (demand) => {
      switch (advanceFor(demand, storedRun(due).status)) {
        case 'start anew':
          taken.push(await startAnew(due));
          return;
        case 'conclude':
          taken.push(...listed(await engine.conclude(await undo(due), 'answered', observer)));
          return;
        case 'settle':
          taken.push(...listed(await engine.settle(await undo(due), observer)));
          return;
        case 'rollBack':
          taken.push(...listed(await engine.rollBack({ ...(await undo(due)), removeKept: false }, observer)));
          return;
        case 'resume':
          taken.push(await resume(due));
      }
    });
    return taken[0] ?? (isAnswered ? 'answered' : null);
  };
}

function listed(handle: RunHandle | null): readonly RunHandle[] {
  return handle === null ? [] : [handle];
}

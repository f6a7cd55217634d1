import type { DueRun } from '../../../agent/due-run.ts';
import { advanceFor } from '../../../engine/requests/answers.ts';
import type { Engine, RunHandle } from '../../../engine/run/engine.ts';
import { runNotFound } from '../../../engine/run/run-refusal.ts';
import type { History } from '../../../history/history.ts';
import { resumeRequest } from '../../arguments/resume-request.ts';
import { undoRequest } from '../../arguments/undo-request.ts';
import type { Services } from '../../services/services.ts';

/** Nobody gives secrets again, accepts changes of a workflow, or names its file. */
const UNATTENDED = { acceptChanges: false, input: [] };

/** Returns a function with which an agent takes over a due run, as `wf resume` and the sender of a request do. */
export function advanceDue(
  engine: Engine,
  history: History,
  services: Services,
): (due: DueRun) => Promise<RunHandle | 'answered' | null> {
  function storedRun({ run: id }: DueRun) {
    const run = history.run(id);
    if (run === undefined) throw runNotFound(id);
    return run;
  }

  async function resume(due: DueRun): Promise<RunHandle> {
    const request = await resumeRequest(storedRun(due), UNATTENDED, history, services);
    return engine.resume({ ...request, by: 'agent', mayHibernate: true });
  }

  const undo = async (due: DueRun) =>
    ({ ...(await undoRequest({ run: storedRun(due), input: [] }, services)), by: 'agent' }) as const;

  return async (due) => {
    if (due.why !== 'request') return resume(due);
    const taken: RunHandle[] = [];
    const isAnswered = await engine.answer(due.run, due.request, async (demand) => {
      switch (advanceFor(demand)) {
        case 'settle':
          taken.push(...listed(await engine.settle(await undo(due))));
          return;
        case 'rollBack':
          taken.push(...listed(await engine.rollBack({ ...(await undo(due)), removeKept: false })));
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

import type { StoredRun } from '../../engine/ports/history.ts';
import type { ResumeRequest } from '../../engine/run/engine.ts';
import type { Terminal } from '../output/terminal.ts';
import type { Services } from '../services/services.ts';
import { followRun, type RunOutcome, withIntroduction, withView } from './follow-run.ts';
import type { Interruption } from './interruption.ts';

/** Resumes a run until it ends or stops again. @throws WfError like `Engine.resume`: then nothing was done. */
export async function resumeRun(
  run: StoredRun,
  request: ResumeRequest,
  interruption: Interruption,
  services: Services,
  terminal: Terminal,
): Promise<RunOutcome> {
  const history = await services.history({ freeReserveOnFullDisk: run.status === 'rolling-back' });
  const engine = await services.engine();
  const before = { stageNames: request.workflow.model.stages, journal: history.journal(run.id) };
  return withView(before, interruption, services, terminal, async (view) => {
    const handle = await engine.resume(request, withIntroduction(run, view));
    return followRun(handle, view, interruption, services, terminal);
  });
}

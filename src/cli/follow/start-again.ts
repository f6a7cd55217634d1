import { retryRequest } from '../../library/retry-request.ts';
import { workflowOf } from '../arguments/resume-request.ts';
import { requiredSecrets } from '../arguments/secrets/run-secrets.ts';
import { stageToPauseAfter } from '../arguments/stage-option.ts';
import { escapingProcesses } from '../output/escaping-processes.ts';
import type { Terminal } from '../output/terminal.ts';
import type { Services } from '../services/services.ts';
import type { Delivery } from './deliver.ts';
import { followRun, introduction, type RunOutcome, withView } from './follow-run.ts';
import type { Interruption } from './interruption.ts';

/** Starts a rolled-back run anew, and follows the new run to its end. @throws WfError like `Engine.start`: then there is no new run. */
export async function startAgain(
  { run, input, workflow: file }: Delivery,
  interruption: Interruption,
  services: Services,
  terminal: Terminal,
): Promise<RunOutcome> {
  const { workflow, definition } = await workflowOf(run, file, services);
  const { refuseErrors } = await import('../../review/check/check-workflow.ts');
  refuseErrors(workflow, definition.description);
  stageToPauseAfter(run.options.pauseAfter ?? undefined, workflow);
  const request = retryRequest(run, { workflow, definition }, requiredSecrets(run, input, workflow));
  const engine = await services.engine();
  const escaping = await escapingProcesses(workflow, run.runtime);
  const before = { stageNames: workflow.model.stages, journal: [] };
  return withView(before, interruption, services, terminal, async (view) => {
    const handle = await engine.start(request, view.observer);
    view.print(`${introduction(handle.id, workflow.name)}, in place of run ${run.id}`);
    if (escaping !== undefined) view.print(escaping);
    return followRun(handle, view, interruption, services, terminal);
  });
}

import { asWfError } from '../../engine/model/errors.ts';
import type { StoredRun } from '../../engine/ports/history.ts';
import type { RunnersToUndo } from '../../engine/recovery/require-runners.ts';
import type { Services } from '../services/services.ts';
import { workflowOfRun } from './workflow-reference.ts';

/** Returns wf's own step runners and, if a change needs another one, those of the workflow file. */
export async function runnersToUndo(
  run: StoredRun,
  file: string | undefined,
  services: Services,
): Promise<RunnersToUndo> {
  const own = new Map((await services.stepRunners()).map((runner) => [runner.kind, runner]));
  const history = await services.history();
  if (history.changes(run.id).every((change) => own.has(change.kind))) return { runner: (kind) => own.get(kind) };
  try {
    const { workflow } = await workflowOfRun(services, run, file);
    return {
      runner: (kind) => workflow.model.runners.get(kind) ?? own.get(kind),
      whyMissing: () => `the current workflow ${run.workflow} has none`,
    };
  } catch (thrown) {
    const { message, hint } = asWfError(thrown);
    return {
      runner: (kind) => own.get(kind),
      whyMissing: () => `${message} (${hint})`,
    };
  }
}

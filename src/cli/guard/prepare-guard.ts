import type { StoredRun } from '../../engine/ports/history.ts';
import type { Engine, RollBackRequest } from '../../engine/run/engine.ts';
import type { History } from '../../history/history.ts';
import { knownSecrets } from '../arguments/secrets/run-secrets.ts';
import { workflowOfRun } from '../arguments/workflow-reference.ts';
import type { Services } from '../services/services.ts';

/** Everything that a guard needs, loaded in advance: the disk or the network may be gone when it acts. */
export interface PreparedGuard {
  readonly engine: Engine;
  readonly history: History;
  readonly request: Omit<RollBackRequest, 'removeKept'>;
}

/**
 * Loads everything that undoing a run needs. Until the run is armed, its workflow must load, because any of its steps may have to be
 * undone. Later, a guard does what it can.
 * @throws WfError E_WORKFLOW_NOT_FOUND, E_WORKFLOW_INVALID, E_INPUT
 */
export async function prepareGuard(
  run: StoredRun,
  file: string | undefined,
  services: Services,
): Promise<PreparedGuard> {
  const { values } = knownSecrets(run, []);
  const history = await services.history();
  const own = new Map((await services.stepRunners()).map((runner) => [runner.kind, runner]));
  const isArmed = history.journal(run.id).some(({ event }) => event.type === 'armed');
  const loaded = workflowOfRun(services, run, file).then(({ workflow }) => workflow.model.runners);
  const runners = await (isArmed ? loaded.catch(() => new Map()) : loaded);
  return {
    engine: await services.engine(),
    history,
    request: { run: run.id, runner: (kind) => runners.get(kind) ?? own.get(kind), secrets: values },
  };
}

import type { Change } from '../model/change.ts';
import { openHostOf } from '../place/recorded-host.ts';
import { requireMadeHere } from '../place/require-made-here.ts';
import { requirePlace } from '../place/require-place.ts';
import type { EngineServices } from '../run/engine.ts';
import type { FinishRequest } from '../run/finish-run.ts';
import type { StepRunner } from '../workflow/step.ts';
import { type RunnersToUndo, requireRunners } from './require-runners.ts';
import { type TakenRun, type TakeOverRequest, takeOver } from './take-over.ts';

type UndoRequest = Pick<TakeOverRequest, 'run' | 'host' | 'isDue' | 'runner' | 'secrets' | 'observer' | 'by'>;

/** Takes over a run to undo or settle its changes: no step will be carried out. */
export function takeOverToUndo(services: EngineServices, request: UndoRequest): Promise<TakenRun | null> {
  const alters = { facets: [], arbitrary: [] };
  return takeOver(services, { ...request, purpose: 'rollback', pauseAfter: null, claimNames: false, alters });
}

/**
 * Checks that these changes of a run can be undone here, and takes the run over. Returns null if a rival has done the work already.
 * @throws WfError E_RUNNER_MISSING, E_WRONG_PLACE; E_LEASE_HELD; E_ORPHAN_ALIVE. Then nothing was touched.
 */
export async function takeOverChanges(
  services: EngineServices,
  {
    changes,
    runners,
    ...request
  }: Omit<UndoRequest, 'host' | 'runner'> & {
    readonly changes: readonly Change[];
    readonly runners: RunnersToUndo;
  },
): Promise<TakenRun | null> {
  const { run, secrets } = request;
  const { runner } = runners;
  requireRunners(run.id, changes, runners, secrets);
  requirePlace(services, run, runnersOf(changes, runner));
  const host = await openHostOf(services, run);
  try {
    await requireMadeHere(changes, runner, host);
  } catch (thrown) {
    host.close();
    throw thrown;
  }
  return takeOverToUndo(services, { ...request, host, runner });
}

/** Returns the step runners of these changes that can be loaded. */
export function runnersOf(changes: readonly Change[], runner: RunnersToUndo['runner']): readonly StepRunner[] {
  return changes.flatMap(({ kind }) => runner(kind) ?? []);
}

/** Returns the request to finish a run without its workflow. */
export function finishRequest(
  { run, host, journal, ledger }: TakenRun,
  stopSignal: () => string | undefined,
): FinishRequest {
  return { header: run, host, journal, ledger, keepsChanges: false, proofs: () => [], stopSignal };
}

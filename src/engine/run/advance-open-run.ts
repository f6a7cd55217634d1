import type { LoadedWorkflow } from '../workflow/workflow.ts';
import type { EngineServices, RunHandle } from './engine.ts';
import { finishRun } from './finish-run.ts';
import type { OpenRun } from './open-run.ts';
import { type AdvanceRequest, advanceRun } from './run-loop.ts';

interface AdvanceOpenRunRequest extends Pick<AdvanceRequest, 'header' | 'beginning' | 'pauseAfter' | 'mayHibernate'> {
  readonly workflow: LoadedWorkflow;
}

/** Advances an open run until it stops; a run whose machine has ended is verified and ended. */
export function advanceOpenRun(
  { history, inbox, owner, random }: EngineServices,
  { host, watch, journal, ledger, secrets, observer }: OpenRun,
  { workflow, ...request }: AdvanceOpenRunRequest,
): RunHandle {
  const { model, events, keepsChanges, proofs } = workflow;
  const { header } = request;
  return advanceRun({
    ...request,
    model,
    events,
    history,
    inbox,
    watch,
    random,
    owner,
    journal,
    ledger,
    secrets,
    observer,
    finish: (end, stopSignal) => finishRun({ header, host, journal, ledger, keepsChanges, proofs, stopSignal }, end),
  });
}

import { armGuard } from '../confirm/arm-guard.ts';
import { finishUnconfirmed } from '../confirm/finish-unconfirmed.ts';
import { repeatProbe } from '../confirm/repeat-probe.ts';
import { runnersOf } from '../machine/machine-model.ts';
import type { JournalEntry } from '../model/journal-event.ts';
import type { LoadedWorkflow } from '../workflow/workflow.ts';
import type { EngineServices, RunHandle } from './engine.ts';
import { finishRun } from './finish-run.ts';
import { type AdvanceRequest, advanceRun } from './loop/run-loop.ts';
import type { OpenRun } from './open-run.ts';

interface AdvanceOpenRunRequest extends Pick<AdvanceRequest, 'header' | 'beginning' | 'pauseAfter' | 'mayHibernate'> {
  readonly workflow: LoadedWorkflow;
  /** The journal of earlier processes. */
  readonly entries: readonly JournalEntry[];
}

/**
 * Advances an open run until it stops. A run whose machine has ended is verified and ended; one that has to be confirmed waits for that
 * first.
 */
export function advanceOpenRun(
  services: EngineServices,
  run: OpenRun,
  { workflow, entries, ...request }: AdvanceOpenRunRequest,
): RunHandle {
  const { history, inbox, owner, random, guards, clock } = services;
  const { host, watch, journal, ledger, secrets, observer, lease } = run;
  const { model, events, keepsChanges, proofs } = workflow;
  const { header } = request;
  const rule = header.options.confirm;
  return advanceRun({
    ...request,
    mayHibernate: request.mayHibernate && rule === undefined,
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
    arm:
      rule === undefined
        ? undefined
        : () =>
            armGuard(
              services,
              run,
              { rule, runtime: header.runtime, workflowFile: header.options.file ?? null },
              entries,
            ),
    finish(end, stopSignal) {
      const finishing = { header, host, journal, ledger, keepsChanges, proofs, stopSignal };
      if (rule === undefined || end.type !== 'done') return finishRun(finishing, end);
      const probe = async (limitMs: number) =>
        rule.probe === null
          ? undefined
          : repeatProbe(run, {
              invoke: rule.probe,
              entries: history.journal(header.id),
              owner,
              limitMs,
              runner: runnersOf(model),
            });
      const confirm = { rule, history, lease, inbox, guards, clock, bootId: owner.bootId, revertsOnStop: true, probe };
      return finishUnconfirmed(finishing, confirm, end.output);
    },
  });
}

import type { ErrorRecord, WfError } from '../../engine/model/errors.ts';
import type { Demand } from '../../engine/model/request.ts';
import type { HistoryPort, StoredRun } from '../../engine/ports/history.ts';
import { demandRefusal } from '../../engine/requests/demand-refusal.ts';
import { runImported } from '../../engine/run/run-refusal.ts';
import type { IsAlive } from '../record/run-status.ts';
import { type RunAction, refusalOf } from './allowed-actions.ts';

/** The actions on an existing run and the requests to it, by the name of the command. */
export type ActionOnRun = RunAction | Demand['kind'];

/** By action, the error with which its command would refuse now; null if it is allowed. */
export type ActionRefusals = Readonly<Record<ActionOnRun, ErrorRecord | null>>;

/** The process that asks. */
export interface Here {
  readonly isAlive: IsAlive;
  /** Undefined if the kernel has no PID namespaces. */
  readonly pidNamespace: string | undefined;
}

/** Returns which actions a run allows now, by the rules of the commands. */
export function actionRefusals(
  history: Pick<HistoryPort, 'journal' | 'changes'>,
  run: StoredRun,
  { isAlive, pidNamespace }: Here,
): ActionRefusals {
  const asked = (demand: Demand) =>
    recordOf(
      run.importedFrom === null ? demandRefusal(history, run, demand, isAlive) : runImported(run.id, run.importedFrom),
    );
  // `wf rollback` asks the process that waits for the confirmation.
  const isAwaited = run.status === 'unconfirmed' && run.owner !== null && isAlive(run.owner);
  const settled = history.changes(run.id).find(({ status }) => status === 'stuck')?.seq ?? 0;
  return {
    resume: recordOf(refusalOf('resume', run, isAlive, pidNamespace)),
    rollback: isAwaited
      ? asked({ kind: 'cancel', keep: false })
      : recordOf(refusalOf('rollback', run, isAlive, pidNamespace)),
    send: asked({ kind: 'send', event: { type: '' } }),
    pause: asked({ kind: 'pause' }),
    cancel: asked({ kind: 'cancel', keep: false }),
    confirm: asked({ kind: 'confirm', extendMs: null, stamp: NO_STAMP }),
    retry: asked({ kind: 'retry' }),
    settle: asked({ kind: 'settle', change: settled, as: 'gone', reason: '' }),
  };
}

function recordOf(error: WfError | undefined): ErrorRecord | null {
  return error?.toRecord() ?? null;
}

/** wf checks whether a confirmation is in time only when it is requested. */
const NO_STAMP = { bootId: '', sinceBootMs: 0, session: null };

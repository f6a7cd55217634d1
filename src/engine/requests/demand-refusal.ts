import { isConfirmed } from '../confirm/unconfirmed-run.ts';
import { needsUndo } from '../model/change.ts';
import type { WfError } from '../model/errors.ts';
import type { Owner } from '../model/identity/owner.ts';
import type { Demand } from '../model/request.ts';
import { type HistoryPort, isEnd, type StoredRun } from '../ports/history.ts';
import { NOT_ENDED, requestRefused, retriedAlready } from './answers.ts';

type RunHistory = Pick<HistoryPort, 'journal' | 'changes'>;

/** Whether an owner of the run advances it. */
type IsAdvancing = (owner: Owner) => boolean;

/** Returns the process that advances a run; null if none does. */
export function ownerIfAdvancing({ owner }: StoredRun, isAdvancing: IsAdvancing): Owner | null {
  return owner !== null && isAdvancing(owner) ? owner : null;
}

/** Returns why no process can fulfil the demand in the state of the run; undefined if the process that advances the run decides. */
export function demandRefusal(
  history: RunHistory,
  run: StoredRun,
  demand: Demand,
  isAdvancing: IsAdvancing,
): WfError | undefined {
  if (demand.kind === 'settle') return settleRefusal(history, run, demand);
  const owner = ownerIfAdvancing(run, isAdvancing);
  if (demand.kind === 'retry') return retryRefusal(run, owner);
  if (isEnd(run.status)) return requestRefused(run.id, demand, `it has ended (${run.status}), and expects nothing`);
  if (run.status === 'unconfirmed') {
    const isCancel = demand.kind === 'cancel' && !demand.keep;
    const mayCancel = isCancel && (owner !== null || !isConfirmed(history.journal(run.id)));
    if (demand.kind === 'confirm' || mayCancel) return undefined;
    return requestRefused(run.id, demand, `it is unconfirmed; \`wf confirm ${run.id}\` keeps it`);
  }
  if (owner !== null) return undefined;
  if (demand.kind === 'confirm') return requestRefused(run.id, demand, `it is ${run.status}, and not unconfirmed`);
  if (run.status === 'rolling-back')
    return requestRefused(run.id, demand, `it is rolled back; \`wf rollback ${run.id}\` continues that`);
  if (run.status !== 'paused' || demand.kind === 'cancel') return undefined;
  return requestRefused(run.id, demand, `it is paused; resume it with \`wf resume ${run.id}\``);
}

function retryRefusal(run: StoredRun, owner: Owner | null): WfError | undefined {
  const { id, workflow } = run;
  const refuse = (why: string, hint?: string) => requestRefused(id, { kind: 'retry' }, why, hint);
  if (owner !== null) return refuse(`process ${owner.pid} advances it`, `Wait for it with \`wf wait ${id}\`.`);
  switch (run.status) {
    case 'failed':
      return undefined;
    case 'rolled-back':
      return run.retriedAs === null ? undefined : retriedAlready(id, run.retriedAs);
    case 'succeeded':
      return refuse('it has succeeded', `Start a new run with \`wf start ${workflow}\`.`);
    case 'needs-attention':
      return refuse(
        'it needs attention',
        `Undo its changes with \`wf rollback ${id}\` first; \`wf show ${id}\` lists them.`,
      );
    case 'rolling-back':
      return refuse('its rollback is interrupted', `Complete it with \`wf rollback ${id}\` first.`);
    default:
      return refuse('it has not ended', `Resume it with \`wf resume ${id}\`.`);
  }
}

function settleRefusal(
  history: RunHistory,
  run: StoredRun,
  demand: Extract<Demand, { kind: 'settle' }>,
): WfError | undefined {
  if (!isEnd(run.status)) return requestRefused(run.id, demand, NOT_ENDED);
  const change = history.changes(run.id).find(({ seq }) => seq === demand.change);
  if (change === undefined) return requestRefused(run.id, demand, `it has no change ${demand.change}`);
  if (needsUndo(change)) return undefined;
  return requestRefused(run.id, demand, `change ${change.seq} (${change.target}) is ${change.status} already`);
}

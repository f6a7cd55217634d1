import { type Retried, voidedDecisions } from '../machine/replay.ts';
import { retryPoint } from '../machine/retry-point.ts';
import type { Change } from '../model/change.ts';
import type { ErrorRecord } from '../model/errors.ts';
import type { JournalEntry, JournalEvent } from '../model/journal-event.ts';
import type { HistoryPort, StoredRun } from '../ports/history.ts';
import { handled, requestRefused } from '../requests/answers.ts';
import { openRequestsOf } from '../requests/open-requests.ts';
import { type OpenSteps, openSteps } from '../run/loop/open-steps.ts';
import type { LoadedWorkflow } from '../workflow/workflow.ts';
import { begunRollBack } from './roll-back-run.ts';

interface RunToRetry {
  readonly run: StoredRun;
  readonly entries: readonly JournalEntry[];
  readonly changes: readonly Change[];
  readonly now: number;
  readonly acceptedAt: number | undefined;
}

/** Returns the event by which a failed run continues. @throws WfError E_REQUEST_REFUSED with the reason if it cannot */
export function retryOf({ model }: LoadedWorkflow, { run, entries, ...rest }: RunToRetry): readonly [Retried] {
  if (begunRollBack(entries) !== undefined) {
    const hint = `Start a new run with \`wf start ${run.workflow}\`.`;
    throw requestRefused(run.id, { kind: 'retry' }, 'its changes were undone or settled', hint);
  }
  return [retryPoint({ model, header: run, entries, ...rest })];
}

/** Returns the answers to the open requests to retry a run: it is retried once for all of them. */
export function answersToRetries(
  history: Pick<HistoryPort, 'openRequests' | 'journal'>,
  { id }: StoredRun,
): readonly JournalEvent[] {
  return openRequestsOf(history, id).flatMap((each) => (each.demand.kind === 'retry' ? [handled(each)] : []));
}

interface JournaledRun {
  readonly entries: readonly JournalEntry[];
  readonly open: OpenSteps;
}

/** Returns the run as its journal will be once the retry is committed. */
export function withRetry<Taken extends JournaledRun>(taken: Taken, retried: readonly Retried[]): Taken {
  const last = taken.entries.at(-1);
  const more = retried.map((event, index) => ({ seq: (last?.seq ?? 0) + 1 + index, at: last?.at ?? 0, event }));
  const entries = [...taken.entries, ...more];
  return { ...taken, entries, open: openSteps(entries) };
}

/** Returns the error of the last failed step; undefined if none has failed, or a retry has voided the decision on its failure. */
export function lastFailureIn(entries: readonly JournalEntry[]): ErrorRecord | undefined {
  const { voided } = voidedDecisions(entries);
  const failures = entries.flatMap(({ event }, index) => {
    if (event.type !== 'step.failed') return [];
    const decision = entries.slice(index + 1).find((later) => later.event.type === 'decided');
    return decision !== undefined && voided.has(decision.seq) ? [] : [event.error];
  });
  return failures.at(-1);
}

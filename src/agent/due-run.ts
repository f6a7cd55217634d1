import type { Owner } from '../engine/model/identity/owner.ts';
import type { RunId } from '../engine/model/ids.ts';
import type { AgentRun, AgentWorkReader } from '../history/agent-work.ts';

/** A run that no process advances and that an agent has to advance now. */
export type DueRun = AgentRun &
  (
    | { readonly why: 'timer' }
    /** Its process is gone. */
    | { readonly why: 'interrupted' }
    /** It has a request without an answer. */
    | { readonly why: 'request'; readonly request: number }
  );

export type DueHistory = Pick<AgentWorkReader, 'dueTimers' | 'resumedByAgent' | 'requestedRuns'>;

/** Number of due runs that are read at a time. */
const PAGE = 64;

/**
 * Yields the runs that are due, oldest first, each once. The only place that decides which runs an agent advances.
 * @param isAdvanced whether a living process advances the run of this owner
 */
export function* dueRuns(
  history: DueHistory,
  now: number,
  isAdvanced: (owner: Owner, run: RunId) => boolean,
): Generator<DueRun> {
  const isFree = ({ run, owner }: AgentRun) => owner === null || !isAdvanced(owner, run);
  const others = [
    ...history.requestedRuns().map((run): DueRun => ({ ...run, why: 'request' })),
    ...history.resumedByAgent().map((run): DueRun => ({ ...run, why: 'interrupted' })),
  ]
    .filter(isFree)
    .sort(byAge);
  const seen = new Set<RunId>();
  for (const due of merged(others, dueTimers(history, now, isFree))) {
    if (seen.has(due.run)) continue;
    seen.add(due.run);
    yield due;
  }
}

/** Yields the runs whose timers are due, page by page: after an outage there may be very many. */
function* dueTimers(history: DueHistory, now: number, isFree: (run: AgentRun) => boolean): Generator<DueRun> {
  let last: AgentRun | undefined;
  do {
    const page = history.dueTimers(now, last ?? { dueAt: Number.MIN_SAFE_INTEGER, number: 0 }, PAGE);
    for (const run of page) if (isFree(run)) yield { ...run, why: 'timer' };
    last = page.length === PAGE ? page.at(-1) : undefined;
  } while (last !== undefined);
}

function* merged(few: readonly DueRun[], many: Generator<DueRun>): Generator<DueRun> {
  let next = many.next();
  for (const due of few) {
    for (; !next.done && byAge(next.value, due) < 0; next = many.next()) yield next.value;
    yield due;
  }
  for (; !next.done; next = many.next()) yield next.value;
}

function byAge(a: DueRun, b: DueRun): number {
  return a.dueAt - b.dueAt || a.number - b.number;
}

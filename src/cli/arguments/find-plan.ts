import { WfError } from '../../engine/model/errors.ts';
import type { StoredPlan } from '../../engine/plan/saved-plan.ts';
import type { HistoryReader } from '../../history/reader.ts';
import { didYouMean } from '../../review/text/did-you-mean.ts';
import { LATEST } from './find-run.ts';

/** A plan with its history. */
export interface FoundPlan {
  readonly history: HistoryReader;
  readonly plan: StoredPlan;
}

/** Number of candidates in the error about an ambiguous prefix. */
const CANDIDATES = 5;

/**
 * Finds a plan by its id, by a unique beginning of its id, or by `@latest`. `history` is undefined if there is no database.
 * @throws WfError E_PLAN_NOT_FOUND, also for an ambiguous beginning, with the candidates
 */
export function findPlan(history: HistoryReader | undefined, reference: string, database: string): FoundPlan {
  if (history === undefined) throw notFound(reference, `database ${database} does not exist`);
  const plans = history.plans();
  const matching = reference === LATEST ? plans.slice(0, 1) : plans.filter(({ id }) => id.startsWith(reference));
  const plan = matching.find(({ id }) => id === reference) ?? (matching.length === 1 ? matching[0] : undefined);
  if (plan !== undefined) return { history, plan };
  const ids = plans.map(({ id }) => id);
  if (matching.length === 0)
    throw notFound(reference, reference === LATEST ? 'there are no plans' : 'no plan id has this prefix', ids);
  const named = matching.slice(0, CANDIDATES).map(({ id }) => id);
  throw notFound(
    reference,
    `it is a prefix of several: ${named.join(', ')}${matching.length > CANDIDATES ? ', ...' : ''}`,
  );
}

function notFound(reference: string, why: string, ids: readonly string[] = []): WfError {
  return new WfError('E_PLAN_NOT_FOUND', `plan "${reference}" does not exist: ${why}`, {
    hint: `${didYouMean(reference, ids)}List the plans with \`wf plans\`; create one with \`wf start WORKFLOW --plan\`.`,
  });
}

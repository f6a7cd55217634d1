import * as z from 'zod';
import { runIdSchema } from '../../engine/model/identity-schemas.ts';
import type { RunId } from '../../engine/model/ids.ts';
import { RUN_STATUSES, type RunStatus } from '../../engine/ports/history.ts';
import { listRuns } from '../../review/record/list-runs.ts';
import { readRunMaterial } from '../../review/record/run-material.ts';
import { type RunSummary, runSummary } from '../../review/record/run-record.ts';
import { runStatus } from '../../review/record/run-status.ts';
import type { UiContext } from '../server/ui-context.ts';

const PAGE = 50;
const MOST = 1_000;
/** Number of runs that a search without an index reads: it keeps all other pages waiting. */
const SEARCH_LIMIT = 20_000;

/** Filters of a list of runs, as they stand in an address. */
export const runsQuerySchema = z.strictObject({
  workflow: z.string().optional(),
  status: z.enum(RUN_STATUSES).optional(),
  /** Created at this moment or later, ISO 8601. */
  since: z.iso.datetime({ offset: true, local: true }).or(z.iso.date()).optional(),
  /** Created before this moment. */
  until: z.iso.datetime({ offset: true, local: true }).or(z.iso.date()).optional(),
  /** In the id, the workflow, the input or the error. */
  text: z.string().max(200).optional(),
  /** Continues a list after the run with this id. */
  before: z.optional(runIdSchema()),
  limit: z.coerce.number().int().positive().max(MOST).default(PAGE),
});
export type RunsQuery = z.output<typeof runsQuerySchema>;

/** A page of the list of runs. */
export interface RunsView {
  readonly query: RunsQuery;
  /** Newest first. */
  readonly runs: readonly RunSummary[];
  /** The run after which the next page begins; null at the end. */
  readonly next: string | null;
  /** Whether the search ended before the end of the history. */
  readonly isCutOff: boolean;
  /** Workflows that have runs. */
  readonly workflows: readonly string[];
  /** Runs that wait for people, oldest first. */
  readonly questions: readonly RunSummary[];
  /** Ended runs with changes in place on this host. */
  readonly inPlace: readonly { readonly run: string; readonly workflow: string; readonly changes: number }[];
}

/** Reads a page of the list of runs. */
export async function runsView(context: UiContext, query: RunsQuery): Promise<RunsView> {
  const history = await context.history();
  if (history === undefined)
    return { query, runs: [], next: null, isCutOff: false, workflows: [], questions: [], inPlace: [] };
  const { isAlive } = context;
  return history.atOneMoment(() => {
    const { since, until, text, before, limit, workflow, status } = query;
    const page = listRuns(
      history,
      {
        limit,
        where: [],
        searchLimit: SEARCH_LIMIT,
        ...(workflow === undefined ? {} : { workflow }),
        ...(status === undefined ? {} : { status }),
        ...(text === undefined || text === '' ? {} : { text }),
        ...(before === undefined ? {} : { before }),
        ...(since === undefined ? {} : { since: Date.parse(since) }),
        ...(until === undefined ? {} : { until: Date.parse(until) }),
      },
      isAlive,
    );
    const summary = (run: (typeof page.runs)[number]) => runSummary(run, isAlive, () => readRunMaterial(history, run));
    const asks = (status: RunStatus) => status === 'waiting' || status === 'unconfirmed';
    const questions = history
      .unfinishedRuns()
      .filter((run) => asks(runStatus(run, isAlive)))
      .slice(0, PAGE)
      .map(summary)
      .filter(({ waitingFor }) => waitingFor !== null && (waitingFor.events.length > 0 || waitingFor.confirm !== null));
    const counts = new Map<RunId, number>();
    for (const { run } of history.changesInPlace()) counts.set(run, (counts.get(run) ?? 0) + 1);
    return {
      query,
      runs: page.runs.map(summary),
      next: page.next?.id ?? null,
      isCutOff: page.isCutOff,
      workflows: history.workflowNames(),
      questions: questions.toReversed(),
      inPlace: [...counts].map(([id, changes]) => ({ run: id, workflow: history.run(id)?.workflow ?? '', changes })),
    };
  });
}

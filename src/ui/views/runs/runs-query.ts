import * as z from 'zod';
import { asWfError, WfError } from '../../../engine/model/errors.ts';
import { runIdSchema } from '../../../engine/model/identity/identity-schemas.ts';
import { RUN_STATUSES, type StoredRun } from '../../../engine/ports/history.ts';
import type { HistoryReader } from '../../../history/reader.ts';
import { listRuns } from '../../../review/query/list-runs.ts';
import { typedRunQuery } from '../../../review/query/typed-run-query.ts';
import { limitSchema } from '../../api/limit.ts';
import type { UiContext } from '../../server/ui-context.ts';
import { RUNS_PER_PAGE, SEARCHED_RUNS } from '../list-limits.ts';

const MOST = 1_000;
const LONGEST = 200;

const typed = (description: string) => z.string().min(1).max(LONGEST).optional().meta({ description });
const condition = z.string().min(1).max(LONGEST);

/** Filters of a list of runs, as an address has them. */
export const runsQuerySchema = z.strictObject({
  workflow: typed('the runs of this workflow'),
  status: z.enum(RUN_STATUSES).optional().meta({ description: 'the runs with this status' }),
  last: typed('the runs created within this time: `90s`, `15m`, `2h`, `7d`, `4w`'),
  since: typed('the runs created at this moment or later: an age, or a date and time in UTC (`2026-11-01T18:30`)'),
  until: typed('the runs created before this moment'),
  where: z
    .array(condition)
    .max(20)
    .or(condition.transform((one) => [one]))
    .default([])
    .meta({ description: 'the runs with this value of an input, as `NAME=VALUE`; all of them if repeated' }),
  text: typed('the runs with this text in the id, the workflow, the input, the error or the machine of origin'),
  before: z.optional(runIdSchema()).meta({ description: 'continues a list: the runs that are older than this one' }),
  after: z.optional(runIdSchema()).meta({ description: 'the next runs that are newer than this one' }),
  limit: limitSchema('the maximum number of runs in one answer', MOST, RUNS_PER_PAGE),
});
export type RunsQuery = z.output<typeof runsQuerySchema>;

/** A position in the list: the runs before or after a run; the newest if neither is given. */
export interface Position {
  readonly before?: string;
  readonly after?: string;
}

/** The conditions that people type, with their names on the page. */
const NAMES = { last: 'Created', since: 'From', until: 'Until', where: 'Input' } as const;

/** A filter that is not valid, or contradicts another one. */
export interface FilterProblem {
  readonly filter: keyof typeof NAMES;
  readonly message: string;
}

/** Returns why a query has no runs, for the person who typed it; null if it is valid. */
export function filterProblem(query: RunsQuery, now: number): FilterProblem | null {
  try {
    typedRunQuery(query, now, nameOf);
    return null;
  } catch (thrown) {
    const { message, hint, details } = asWfError(thrown);
    const filter = FILTERS.find((one) => nameOf(one) === details['option']);
    if (filter === undefined) throw thrown;
    return { filter, message: `${message}. ${hint}` };
  }
}

const FILTERS = ['last', 'since', 'until', 'where'] as const;

function nameOf(condition: string): string {
  return FILTERS.flatMap((one) => (one === condition ? [NAMES[one]] : []))[0] ?? condition;
}

type RunsContext = Pick<UiContext, 'clock' | 'isAlive'>;

/** A part of the list of runs. */
export interface RunsPart {
  /** Newest first. */
  readonly runs: readonly StoredRun[];
  /** The adjacent parts; null if there is none. */
  readonly newer: Position | null;
  readonly older: Position | null;
  /** The run at which a search without an index stopped; null if it reached the end, or the part is full. */
  readonly searchedTo: StoredRun | null;
}

/** Reads a part of the list of runs. @throws WfError E_USAGE; E_RUN_NOT_FOUND if the run that it continues from was removed */
export function runsPart(history: HistoryReader, query: RunsQuery, { clock, isAlive }: RunsContext): RunsPart {
  const { before, after } = query;
  if (before !== undefined && after !== undefined) {
    throw new WfError('E_USAGE', 'before and after exclude each other', { hint: 'Specify one of the two.' });
  }
  const conditions = { ...typedRunQuery(query, clock.now(), String), searchLimit: SEARCHED_RUNS };
  const place = { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
  const { runs, next, isCutOff } = listRuns(history, { ...conditions, ...place }, isAlive);
  const searchedTo = isCutOff ? next : null;
  if (after === undefined) {
    return {
      runs,
      newer: before === undefined ? null : runs[0] === undefined ? {} : { after: runs[0].id },
      older: next && { before: next.id },
      searchedTo,
    };
  }
  const [oldest] = runs;
  return {
    runs: runs.toReversed(),
    newer: next && { after: next.id },
    // The run itself is the next older one.
    older: oldest === undefined ? null : { before: oldest.id },
    searchedTo,
  };
}

import type { Json } from '../../engine/model/json.ts';
import type { HistoryPort, RunFilter, RunStatus, StoredRun, StoredRunStatus } from '../../engine/ports/history.ts';
import { type IsAlive, runStatus } from '../record/run-status.ts';

/** A query for runs that satisfy all of its conditions. */
export interface RunQuery extends Pick<RunFilter, 'workflow' | 'since' | 'until' | 'before' | 'after' | 'limit'> {
  /** The displayed status: a run whose process is gone is `interrupted`, not `running`. */
  readonly status?: RunStatus;
  /** Input values as they are typed: `pings` is `3`. */
  readonly where: readonly InputValue[];
  /** Text in the id, the workflow, the input, the error or the machine of origin; case-insensitive. */
  readonly text?: string;
  /** Number of runs that a search without an index reads; {@link SEARCH_LIMIT} if absent. */
  readonly searchLimit?: number;
}

export interface InputValue {
  readonly name: string;
  readonly value: string;
}

/** A page of a list of runs. */
export interface RunPage {
  /** Newest first; oldest first in a list `after` a run. */
  readonly runs: readonly StoredRun[];
  /** The last run of this page, for the next one; null at the end of the list. */
  readonly next: StoredRun | null;
  /** Whether the page ends because of {@link SEARCH_LIMIT}, not because it is full. */
  readonly isCutOff: boolean;
}

type Source = Pick<HistoryPort, 'runs'>;

/**
 * Number of runs that a search without an index (input values, texts, whether an owner is alive) reads for one page: some 2 s.
 */
export const SEARCH_LIMIT = 100_000;

/** Number of runs that are read at a time. */
const CHUNK = 500;

/** The displayed statuses that depend on whether an owner is alive. */
const DERIVED: readonly (RunStatus | undefined)[] = ['running', 'waiting', 'rolling-back', 'interrupted'];

/** Lists runs, newest first; `after` a run, oldest first. @throws WfError E_RUN_NOT_FOUND if there is no run `before` or `after` */
export function listRuns(source: Source, query: RunQuery, isAlive: IsAlive): RunPage {
  const { limit, searchLimit = SEARCH_LIMIT } = query;
  const isSearch = DERIVED.includes(query.status) || query.where.length > 0 || query.text !== undefined;
  const found: StoredRun[] = [];
  let last: StoredRun | null = null;
  let count = 0;
  for (const run of walk(source, query)) {
    if (isSearch && count === searchLimit) return { runs: found, next: last, isCutOff: true };
    count += 1;
    if (matches(run, query, isAlive)) {
      if (found.length === limit) return { runs: found, next: found.at(-1) ?? null, isCutOff: false };
      found.push(run);
    }
    last = run;
  }
  return { runs: found, next: null, isCutOff: false };
}

/** Returns the stored statuses of runs with a displayed status; undefined for any. */
function storedAs(status: RunStatus | undefined): readonly (StoredRunStatus | undefined)[] {
  return status === 'interrupted' ? ['running', 'waiting', 'rolling-back'] : [status];
}

/** Yields the runs that an index finds, in the order of the list. */
function walk(source: Source, query: RunQuery): Generator<StoredRun> {
  return storedAs(query.status)
    .map((status) =>
      walkOne(source, { ...filterOf(query), ...(status === undefined ? {} : { status }) }, query.limit + 1),
    )
    .reduce((one, other) => merged(one, other, query.after === undefined ? isNewer : isOlder));
}

function filterOf({ workflow, since, until, before, after }: RunQuery): Omit<RunFilter, 'limit'> {
  return {
    ...(workflow === undefined ? {} : { workflow }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  };
}

function* walkOne(source: Source, filter: Omit<RunFilter, 'limit'>, firstChunk: number): Generator<StoredRun> {
  let rest = filter;
  for (let limit = firstChunk; ; limit = Math.max(limit, CHUNK)) {
    const runs = source.runs({ ...rest, limit });
    yield* runs;
    const last = runs.at(-1)?.id;
    if (last === undefined || runs.length < limit) return;
    rest = { ...filter, ...(filter.after === undefined ? { before: last } : { after: last }) };
  }
}

/** Merges two lists of one order. */
function* merged(
  one: Generator<StoredRun>,
  other: Generator<StoredRun>,
  isFirst: (a: StoredRun, b: StoredRun) => boolean,
): Generator<StoredRun> {
  let [a, b] = [one.next(), other.next()];
  while (!a.done && !b.done) {
    if (isFirst(a.value, b.value)) {
      yield a.value;
      a = one.next();
    } else {
      yield b.value;
      b = other.next();
    }
  }
  for (; !a.done; a = one.next()) yield a.value;
  for (; !b.done; b = other.next()) yield b.value;
}

function isNewer(a: StoredRun, b: StoredRun): boolean {
  return a.createdAt === b.createdAt ? a.id > b.id : a.createdAt > b.createdAt;
}

function isOlder(a: StoredRun, b: StoredRun): boolean {
  return isNewer(b, a);
}

function matches(run: StoredRun, { status, where, text }: RunQuery, isAlive: IsAlive): boolean {
  if (status !== undefined && runStatus(run, isAlive) !== status) return false;
  if (!where.every(({ name, value }) => Object.hasOwn(run.input, name) && typed(run.input[name]) === value))
    return false;
  return text === undefined || textsOf(run).some((each) => each.toLowerCase().includes(text.toLowerCase()));
}

function textsOf({ id, workflow, input, error, importedFrom }: StoredRun): readonly string[] {
  const inputs = Object.entries(input).map(([name, value]) => `${name}=${typed(value)}`);
  return [id, workflow, ...inputs, ...(error === null ? [] : [`${error.code}: ${error.message}`]), importedFrom ?? ''];
}

/** Returns a value as a person types it after `--input name=`. */
function typed(value: Json | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

import { RUNS_PER_PAGE } from '../../views/list-limits.ts';
import type { Position, RunsQuery } from '../../views/runs/runs-query.ts';

/** Returns the address of a part of the list, with the filters of a query. */
export function runsAddress(basePath: string, query: RunsQuery, position: Position = {}): string {
  const { where, limit, before: _before, after: _after, ...filters } = query;
  const search = new URLSearchParams();
  const { before, after } = position;
  for (const [name, value] of Object.entries({ ...filters, before, after })) {
    if (value !== undefined) search.append(name, value);
  }
  for (const value of where) search.append('where', value);
  if (limit !== RUNS_PER_PAGE) search.append('limit', String(limit));
  const text = search.toString();
  return `${basePath}/${text === '' ? '' : `?${text}`}`;
}

/** A query that leaves no run out. */
export const NO_FILTERS: RunsQuery = { where: [], limit: RUNS_PER_PAGE };

/** Whether a query leaves runs out. */
export function hasFilters({ limit: _limit, before: _before, after: _after, where, ...filters }: RunsQuery): boolean {
  return where.length > 0 || Object.values(filters).some((value) => value !== undefined);
}

import { SEARCHED_RUNS } from '../../views/list-limits.ts';
import type { RunsView } from '../../views/runs/runs-view.ts';
import type { PageFrame } from '../page-model.ts';
import { Moment } from '../parts/moment.tsx';
import { runsAddress } from './runs-address.ts';

interface PagerProps {
  readonly frame: PageFrame;
  readonly view: RunsView;
}

/** Links to newer and older runs, and the point at which a search was cut off. */
export function Pager({ frame: { basePath }, view }: PagerProps) {
  const { query, newer, older, searchedTo } = view;
  return (
    <>
      {searchedTo !== null && (
        <p class="cut-off">
          Searched {SEARCHED_RUNS} runs, {query.after === undefined ? 'back' : 'up'} to <Moment at={searchedTo} />.
          Narrow the search by time or workflow, or continue it.
        </p>
      )}
      {(newer !== null || older !== null) && (
        <nav class="pager" aria-label="Pages of runs">
          {newer !== null && (
            <>
              <a href={runsAddress(basePath, query)}>Newest</a>
              <a href={runsAddress(basePath, query, newer)} rel="prev">
                Newer
              </a>
            </>
          )}
          {older !== null && (
            <a href={runsAddress(basePath, query, older)} rel="next">
              Older
            </a>
          )}
        </nav>
      )}
    </>
  );
}

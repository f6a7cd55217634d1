import type { RunsView } from '../../views/runs/runs-view.ts';
import { Questions } from '../actions/question-list.tsx';
import { usePage } from '../live/use-page.ts';
import type { PageFrame } from '../page-model.ts';
import { ConnectionNotice } from '../parts/connection-notice.tsx';
import { Filters } from './filters.tsx';
import { InPlace } from './in-place.tsx';
import { NoRuns } from './no-runs.tsx';
import { Pager } from './pager.tsx';
import { hasFilters, NO_FILTERS, runsAddress } from './runs-address.ts';
import { RunsTable } from './runs-table.tsx';

interface RunsPageProps {
  readonly frame: PageFrame;
  readonly view: RunsView;
}

/** The history: runs, newest first, as it grows. */
export function RunsPage({ frame, view: first }: RunsPageProps) {
  const live = usePage(frame.basePath, 'runs=1', first, (model) => (model.page === 'runs' ? model.view : undefined));
  const { view } = live;
  const { query, problem, runs, workflows, questions, hasMoreQuestions, inPlace, searchedTo } = view;
  return (
    <>
      <h1>Runs</h1>
      <ConnectionNotice connection={live.connection} problem={live.problem} />
      <Questions frame={frame} questions={questions} />
      {hasMoreQuestions && (
        <p>
          More runs wait for people: <a href={`${frame.basePath}/?status=waiting`}>waiting</a>,{' '}
          <a href={`${frame.basePath}/?status=unconfirmed`}>unconfirmed</a>
        </p>
      )}
      <InPlace frame={frame} inPlace={inPlace} />
      {workflows.length === 0 ? (
        <NoRuns frame={frame} />
      ) : (
        <>
          <Filters frame={frame} query={first.query} problem={problem} workflows={workflows} />
          {runs.length > 0 && <RunsTable frame={frame} runs={runs} />}
          {runs.length === 0 && searchedTo === null && problem === null && (
            <p>
              No runs match. {hasFilters(query) && <a href={runsAddress(frame.basePath, NO_FILTERS)}>Show all runs</a>}
            </p>
          )}
          <Pager frame={frame} view={view} />
        </>
      )}
    </>
  );
}

import type { FleetsView } from '../../views/fleets/fleets-view.ts';
import { usePage } from '../live/use-page.ts';
import type { PageFrame } from '../page-model.ts';
import { ConnectionNotice } from '../parts/connection-notice.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { Moment } from '../parts/moment.tsx';
import { Status } from '../parts/status.tsx';
import { Suggested } from '../parts/suggested.tsx';
import { CopyNotice } from './copy-notice.tsx';

interface FleetsPageProps {
  readonly frame: PageFrame;
  readonly view: FleetsView;
}

/** The fleet runs, newest first, as they change. */
export function FleetsPage({ frame, view: first }: FleetsPageProps) {
  const { basePath } = frame;
  const live = usePage(basePath, 'fleets=1&runs=1', first, (model) =>
    model.page === 'fleets' ? model.view : undefined,
  );
  const { fleets, hasAddress, problem } = live.view;
  return (
    <>
      <h1>Fleet runs</h1>
      <ConnectionNotice connection={live.connection} problem={live.problem} />
      <CopyNotice frame={frame} hasAddress={hasAddress} problem={problem} text="The list has only copies." />
      {fleets.length === 0 ? (
        <p>
          There are no fleet runs. <Suggested frame={frame} text="`wf fleet start` starts a workflow on many hosts." />
        </p>
      ) : (
        <DataTable
          caption="Fleet runs, newest first"
          isCaptionUnseen
          columns={['Fleet run', 'Workflow', 'Status', 'Hosts', 'Created', 'Finished']}
          rows={fleets.map(({ id, workflow, status, hosts, createdAt, finishedAt, copy }) => [
            <>
              <a href={`${basePath}/fleets/${id}`}>{id}</a>
              {copy && hasAddress && <span class="quiet"> copy</span>}
            </>,
            workflow,
            <Status status={status} />,
            hosts,
            <Moment at={createdAt} />,
            <Moment at={finishedAt} />,
          ])}
        />
      )}
    </>
  );
}

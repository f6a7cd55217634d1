import { durationText } from '../../../review/text/format/duration.ts';
import type { RunRow } from '../../views/runs/run-row.ts';
import type { PageFrame } from '../page-model.ts';
import { Moment } from '../parts/moment.tsx';
import { Status } from '../parts/status.tsx';

interface RunsTableProps {
  readonly frame: PageFrame;
  readonly runs: readonly RunRow[];
}

/** Runs, one a row. On a narrow page the first two columns contain the others. */
export function RunsTable({ frame, runs }: RunsTableProps) {
  return (
    <table class="runs">
      <caption class="unseen">Runs, newest first</caption>
      <thead>
        <tr>
          <th scope="col">Run</th>
          <th scope="col" class="wide">
            Workflow
          </th>
          <th scope="col">Status</th>
          <th scope="col" class="wide runtime">
            Runtime
          </th>
          <th scope="col" class="wide">
            Created
          </th>
          <th scope="col" class="wide number">
            Took
          </th>
          <th scope="col" class="wide number">
            In place
          </th>
          <th scope="col" class="wide">
            Error
          </th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <Row key={run.id} frame={frame} run={run} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ frame, run }: { readonly frame: PageFrame; readonly run: RunRow }) {
  const { id, workflow, status, runtime, createdAt, durationMs, changesInPlace, error, importedFrom } = run;
  return (
    <tr>
      <th scope="row">
        <a href={`${frame.basePath}/runs/${id}`}>{id}</a>
        {importedFrom !== null && <span class="quiet"> from {importedFrom}</span>}
        <span class="narrow quiet">
          {workflow}
          <br />
          <Moment at={createdAt} />
        </span>
      </th>
      <td class="wide">{workflow}</td>
      <td>
        <Status status={status} />
        <span class="narrow quiet">
          {durationMs !== null && durationText(durationMs)}
          {changesInPlace > 0 && <span>{changesInPlace} in place</span>}
          {error !== null && <span class="error">{error}</span>}
        </span>
      </td>
      <td class="wide short runtime">{runtime}</td>
      <td class="wide">
        <Moment at={createdAt} />
      </td>
      <td class="wide number">{durationText(durationMs)}</td>
      <td class={changesInPlace > 0 ? 'wide number attention' : 'wide number quiet'}>{changesInPlace}</td>
      <td class="wide error short">{error}</td>
    </tr>
  );
}

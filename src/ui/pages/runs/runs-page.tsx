import type { RunsView } from '../../views/runs-view.ts';
import { Questions } from '../actions/questions.tsx';
import type { PageFrame } from '../page-model.ts';
import { Moment } from '../parts/moment.tsx';
import { Status } from '../parts/status.tsx';

/** The history: runs, newest first. */
export function RunsPage({ frame, view }: { readonly frame: PageFrame; readonly view: RunsView }) {
  return (
    <>
      <h1>Runs</h1>
      <Questions frame={frame} questions={view.questions} />
      <table>
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">Workflow</th>
            <th scope="col">Status</th>
            <th scope="col">Created</th>
          </tr>
        </thead>
        <tbody>
          {view.runs.map((run) => (
            <tr key={run.id}>
              <th scope="row">
                <a href={`${frame.basePath}/runs/${run.id}`}>{run.id}</a>
              </th>
              <td>{run.workflow}</td>
              <td>
                <Status status={run.status} />
              </td>
              <td>
                <Moment at={run.createdAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

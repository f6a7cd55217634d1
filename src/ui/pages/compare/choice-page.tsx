import { durationText } from '../../../review/text/format/duration.ts';
import type { ChoiceView } from '../../views/comparison-view.ts';
import type { PageFrame } from '../page-model.ts';
import { Moment } from '../parts/moment.tsx';
import { Status } from '../parts/status.tsx';

interface ChoicePageProps {
  readonly frame: PageFrame;
  readonly view: ChoiceView;
}

/** The choice of the run with which a run is compared. */
export function ChoicePage({ frame: { basePath }, view: { run, workflow, others } }: ChoicePageProps) {
  return (
    <>
      <h1>
        Compare run <a href={`${basePath}/runs/${run}`}>{run}</a>
      </h1>
      {others.length === 0 ? (
        <p>There is no other run of {workflow}.</p>
      ) : (
        <>
          <p>with another run of {workflow}:</p>
          <table>
            <caption class="unseen">Other runs of {workflow}, newest first</caption>
            <thead>
              <tr>
                <th scope="col">Run</th>
                <th scope="col">Status</th>
                <th scope="col">Created</th>
                <th scope="col" class="number">
                  Took
                </th>
              </tr>
            </thead>
            <tbody>
              {others.map(({ id, status, createdAt, durationMs }) => (
                <tr key={id}>
                  <th scope="row">
                    <a href={`${basePath}/runs/${run}/compare/${id}`}>{id}</a>
                  </th>
                  <td>
                    <Status status={status} />
                  </td>
                  <td>
                    <Moment at={createdAt} />
                  </td>
                  <td class="number">{durationText(durationMs)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
    </>
  );
}

import type { PlansView } from '../../views/plans-view.ts';
import type { PageFrame } from '../page-model.ts';
import { Moment } from '../parts/moment.tsx';
import { Suggested } from '../parts/suggested.tsx';

interface PlansPageProps {
  readonly frame: PageFrame;
  readonly view: PlansView;
}

/** The saved plans. */
export function PlansPage({ frame, view: { plans, hasMore } }: PlansPageProps) {
  const { basePath } = frame;
  return (
    <>
      <h1>Plans</h1>
      {plans.length === 0 ? (
        <p>
          There are no plans.{' '}
          <Suggested
            frame={frame}
            text="`wf start WORKFLOW --plan` creates one: it shows what a run would do, and `wf apply PLAN` starts exactly that."
          />
        </p>
      ) : (
        <table>
          <caption class="unseen">Plans, newest first</caption>
          <thead>
            <tr>
              <th scope="col">Plan</th>
              <th scope="col">Workflow</th>
              <th scope="col">Created</th>
              <th scope="col">Used by</th>
            </tr>
          </thead>
          <tbody>
            {plans.map(({ id, workflow, createdAt, usedBy }) => (
              <tr key={id}>
                <th scope="row">
                  <a href={`${basePath}/plans/${id}`}>{id}</a>
                </th>
                <td>{workflow}</td>
                <td>
                  <Moment at={createdAt} />
                </td>
                <td>{usedBy === null ? 'unused' : <a href={`${basePath}/runs/${usedBy}`}>{usedBy}</a>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {hasMore && (
        <p>
          There are older plans. <Suggested frame={frame} text="`wf plans` lists all." />
        </p>
      )}
    </>
  );
}

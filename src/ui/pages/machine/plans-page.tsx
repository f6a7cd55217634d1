import type { PlansView } from '../../views/plans-view.ts';
import type { PageFrame } from '../page-model.ts';
import { Moment } from '../parts/moment.tsx';

interface PlansPageProps {
  readonly frame: PageFrame;
  readonly view: PlansView;
}

/** The saved plans. */
export function PlansPage({ frame: { basePath }, view: { plans, hasMore } }: PlansPageProps) {
  return (
    <>
      <h1>Plans</h1>
      {plans.length === 0 ? (
        <p>
          There are no plans. Make one with <code>wf start WORKFLOW --plan</code>: it shows what a run would do, and{' '}
          <code>wf apply PLAN</code> starts exactly that.
        </p>
      ) : (
        <table>
          <caption class="unseen">Plans, newest first</caption>
          <thead>
            <tr>
              <th scope="col">Plan</th>
              <th scope="col">Workflow</th>
              <th scope="col">Made</th>
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
          Older plans: <code>wf plans</code> lists all.
        </p>
      )}
    </>
  );
}

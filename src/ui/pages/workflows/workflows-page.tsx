import type { ListedWorkflow } from '../../commands/workflow-catalog.ts';
import type { PageFrame } from '../page-model.ts';
import { ErrorNotice } from '../parts/error-notice.tsx';
import { Prose } from '../parts/prose.tsx';

interface WorkflowsPageProps {
  readonly frame: PageFrame;
  readonly workflows: readonly ListedWorkflow[];
}

/** The workflows that can be started here, and why the others cannot be loaded. */
export function WorkflowsPage({ frame, workflows }: WorkflowsPageProps) {
  return (
    <>
      <h1>Workflows</h1>
      {workflows.length === 0 ? (
        <p>
          No workflows found. Put workflow files into the folder <code>workflows</code> of the project in which{' '}
          <code>wf ui</code> was started.
        </p>
      ) : (
        <ul class="workflow-list">
          {workflows.map((workflow) => (
            <li key={workflow.name}>
              <h2>
                <a href={`${frame.basePath}/workflows/${encodeURIComponent(workflow.name)}`}>{workflow.name}</a>{' '}
                {workflow.version === null ? null : <span class="quiet">version {workflow.version}</span>}
              </h2>
              {workflow.error === null ? (
                <p>
                  <Prose text={workflow.description ?? ''} />
                </p>
              ) : (
                <ErrorNotice frame={frame} error={workflow.error} />
              )}
              <p class="quiet file">{workflow.file}</p>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

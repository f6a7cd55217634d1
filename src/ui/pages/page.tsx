import type { PageFrame, PageModel } from './page-model.ts';
import { RunPage } from './run/run-page.tsx';
import { RunsPage } from './runs/runs-page.tsx';
import { WorkflowPage } from './workflows/workflow-page.tsx';
import { WorkflowsPage } from './workflows/workflows-page.tsx';

export interface PageProps {
  readonly frame: PageFrame;
  readonly model: PageModel;
}

/** The content of a page, on the server and in the browser. */
export function Page({ frame, model }: PageProps) {
  switch (model.page) {
    case 'runs':
      return <RunsPage frame={frame} view={model.view} />;
    case 'run':
      return <RunPage frame={frame} page={model.view} />;
    case 'workflows':
      return <WorkflowsPage frame={frame} workflows={model.workflows} />;
    case 'workflow':
      return <WorkflowPage frame={frame} workflow={model.workflow} />;
  }
}

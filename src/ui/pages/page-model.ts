import type { DescribedWorkflow, ListedWorkflow } from '../commands/workflow-catalog.ts';
import type { RunPageView } from '../views/run-page-view.ts';
import type { RunsView } from '../views/runs-view.ts';

/** What a page shows. The server renders it, and the browser continues with the same data. */
export type PageModel =
  | { readonly page: 'runs'; readonly view: RunsView }
  | { readonly page: 'run'; readonly view: RunPageView }
  | { readonly page: 'workflows'; readonly workflows: readonly ListedWorkflow[] }
  | { readonly page: 'workflow'; readonly workflow: DescribedWorkflow };

/** What surrounds a page. */
export interface PageFrame {
  readonly basePath: string;
  /** Must be in the header `x-wf-csrf` of each request that writes. */
  readonly csrf: string;
  readonly allowActions: boolean;
  /** The database that suggested commands name; null if wf finds it by itself. */
  readonly namedDatabase: string | null;
  /** The clock of the server when it rendered the page, in milliseconds since the epoch. */
  readonly now: number;
}

/** Title of the window. */
export function titleOf(model: PageModel): string {
  switch (model.page) {
    case 'runs':
      return 'Runs';
    case 'run':
      return `Run ${model.view.view.run.id}`;
    case 'workflows':
      return 'Workflows';
    case 'workflow':
      return `Workflow ${model.workflow.name}`;
  }
}

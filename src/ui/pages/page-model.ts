import type { RunChanges } from '../../review/changes/run-changes.ts';
import type { RunComparison } from '../../review/compare/run-comparison.ts';
import type { PlanRecord } from '../../review/record/plan-record.ts';
import type { DescribedWorkflow, ListedWorkflow } from '../commands/workflow-catalog.ts';
import type { ChangesView } from '../views/changes-view.ts';
import type { ChoiceView } from '../views/comparison-view.ts';
import type { DoctorView } from '../views/doctor-view.ts';
import type { FleetView } from '../views/fleets/fleet-view.ts';
import type { FleetsView } from '../views/fleets/fleets-view.ts';
import type { PlansView } from '../views/plans-view.ts';
import type { RunPageView } from '../views/runs/run-page-view.ts';
import type { RunsView } from '../views/runs/runs-view.ts';

/** The content of a page. The server renders it, and the browser continues with the same data. */
export type PageModel =
  | { readonly page: 'runs'; readonly view: RunsView }
  | { readonly page: 'run'; readonly view: RunPageView }
  | { readonly page: 'run-changes'; readonly view: RunChanges }
  | { readonly page: 'choice'; readonly view: ChoiceView }
  | { readonly page: 'comparison'; readonly view: RunComparison }
  | { readonly page: 'changes'; readonly view: ChangesView }
  | { readonly page: 'plans'; readonly view: PlansView }
  | { readonly page: 'plan'; readonly view: PlanRecord }
  | { readonly page: 'doctor'; readonly view: DoctorView }
  | { readonly page: 'fleets'; readonly view: FleetsView }
  | { readonly page: 'fleet'; readonly view: FleetView }
  | { readonly page: 'workflows'; readonly workflows: readonly ListedWorkflow[] }
  | { readonly page: 'workflow'; readonly workflow: DescribedWorkflow };

/** The surroundings of a page. */
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
    case 'run-changes':
      return `Changes of run ${model.view.run}`;
    case 'choice':
      return `Compare run ${model.view.run}`;
    case 'comparison':
      return `Runs ${model.view.first.id} and ${model.view.second.id}`;
    case 'changes':
      return 'Changes in place';
    case 'plans':
      return 'Plans';
    case 'plan':
      return `Plan ${model.view.id}`;
    case 'doctor':
      return 'Doctor';
    case 'fleets':
      return 'Fleet runs';
    case 'fleet':
      return `Fleet run ${model.view.record.id}`;
    case 'workflows':
      return 'Workflows';
    case 'workflow':
      return `Workflow ${model.workflow.name}`;
  }
}

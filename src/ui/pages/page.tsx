import { ChoicePage } from './compare/choice-page.tsx';
import { ComparisonPage } from './compare/comparison-page.tsx';
import { RunChangesPage } from './compare/run-changes-page.tsx';
import { FleetPage } from './fleets/fleet-page.tsx';
import { FleetsPage } from './fleets/fleets-page.tsx';
import { ChangesPage } from './machine/changes-page.tsx';
import { DoctorPage } from './machine/doctor-page.tsx';
import { PlanPage } from './machine/plan-page.tsx';
import { PlansPage } from './machine/plans-page.tsx';
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
    case 'run-changes':
      return <RunChangesPage frame={frame} view={model.view} />;
    case 'choice':
      return <ChoicePage frame={frame} view={model.view} />;
    case 'comparison':
      return <ComparisonPage frame={frame} view={model.view} />;
    case 'changes':
      return <ChangesPage frame={frame} view={model.view} />;
    case 'plans':
      return <PlansPage frame={frame} view={model.view} />;
    case 'plan':
      return <PlanPage frame={frame} view={model.view} />;
    case 'doctor':
      return <DoctorPage frame={frame} view={model.view} />;
    case 'fleets':
      return <FleetsPage frame={frame} view={model.view} />;
    case 'fleet':
      return <FleetPage frame={frame} view={model.view} />;
    case 'workflows':
      return <WorkflowsPage frame={frame} workflows={model.workflows} />;
    case 'workflow':
      return <WorkflowPage frame={frame} workflow={model.workflow} />;
  }
}

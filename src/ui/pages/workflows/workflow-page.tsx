import type { DescribedWorkflow } from '../../commands/workflow-catalog.ts';
import { displayed } from '../../views/displayed.ts';
import type { PageFrame } from '../page-model.ts';
import { Prose } from '../parts/prose.tsx';
import { StartForm } from './start-form.tsx';

interface WorkflowPageProps {
  readonly frame: PageFrame;
  readonly workflow: DescribedWorkflow;
}

/** A workflow: its description, its machine, and a form that starts it. */
export function WorkflowPage({ frame, workflow }: WorkflowPageProps) {
  const { name, version, description, file, stages } = displayed(workflow);
  const { basePath } = frame;
  const picture = `${basePath}/api/workflows/${encodeURIComponent(name)}/graph.svg`;
  return (
    <>
      <h1>
        {name} <span class="quiet version">version {version}</span>
      </h1>
      <p>
        <Prose text={description} />
      </p>
      <p class="quiet">
        <span class="file">{file}</span>, <a href={`${basePath}/?workflow=${encodeURIComponent(name)}`}>its runs</a>
      </p>
      <div class="workflow">
        <StartForm frame={frame} workflow={workflow} />
        <section class="machine" aria-labelledby="machine-title">
          <h2 id="machine-title">Machine</h2>
          <p>
            <span class="quiet">Stages:</span> {stages.join(', ')}
          </p>
          {/* A region that scrolls must be reached by keyboard. */}
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
          <section class="machine-picture" aria-label="Picture of the machine" tabIndex={0}>
            <img src={picture} alt={`State machine of ${name}; its stages: ${stages.join(', ')}`} />
          </section>
          <p>
            <a href={picture}>Open the picture</a>
          </p>
        </section>
      </div>
    </>
  );
}

import { useEffect, useState } from 'preact/hooks';
import type { RunPageView } from '../../views/runs/run-page-view.ts';
import { RunActions } from '../actions/run-actions.tsx';
import { browser } from '../live/browser.ts';
import { useRun } from '../live/use-run.ts';
import type { PageFrame } from '../page-model.ts';
import { Ledger } from './ledger.tsx';
import { Machine } from './machine.tsx';
import { Inputs, Proofs, Report, Requests } from './record-sections.tsx';
import { RunFacts, RunHeading } from './run-heading.tsx';
import { StepPanel } from './step-panel.tsx';
import { Timeline } from './timeline.tsx';
import { Topology } from './topology.tsx';
import { Verification } from './verification.tsx';

interface RunPageProps {
  readonly frame: PageFrame;
  readonly page: RunPageView;
}

/** A run, as it happens. */
export function RunPage({ frame, page }: RunPageProps) {
  const { basePath, namedDatabase } = frame;
  const { view, knownAt, connection } = useRun(basePath, page.view);
  const { id } = view.run;
  const own = `${basePath}/runs/${id}`;
  const api = `${basePath}/api/runs/${id}`;
  const addressOf = (step: string) => `${own}/steps/${encodeURIComponent(step)}`;
  const [selected, select] = useSelectedStep(own, page.step?.id ?? null);
  const steps = { addressOf, open: select };
  const row = view.steps.find((step) => step.id === selected);
  return (
    <div class="run">
      <RunHeading frame={frame} view={view} connection={connection} steps={steps} />
      <RunActions frame={frame} view={view} />
      <RunFacts frame={frame} view={view} />
      <nav class="sections" aria-label="Parts of this page">
        {SECTIONS.map((name) => (
          <a key={name} href={`#${name.toLowerCase()}`}>
            {name}
          </a>
        ))}
      </nav>
      <div class={selected === null ? 'work' : 'work with-step'}>
        <Timeline view={view} knownAt={knownAt} selected={selected} steps={steps} />
        {selected === null ? null : (
          <StepPanel
            key={selected}
            id={selected}
            row={row}
            address={`${api}/steps/${encodeURIComponent(selected)}`}
            namedDatabase={namedDatabase}
            first={page.step?.id === selected ? page.step : null}
            evidence={view.evidence}
            close={() => select(null)}
          />
        )}
      </div>
      <Machine view={view} graph={page.graph} address={api} />
      <Topology view={view} first={page.topology} address={api} />
      <Proofs proofs={view.proofs} />
      <Ledger changes={view.changes} steps={steps} more={`${own}/changes`} />
      <Verification verification={view.verification} />
      <Requests requests={view.requests} />
      <Inputs run={view.run} />
      <Report basePath={basePath} run={id} address={api} others={page.others} />
    </div>
  );
}

const SECTIONS = ['Timeline', 'Machine', 'Topology', 'Ledger', 'Verification', 'Requests', 'Inputs', 'Report'];

/** Returns the step that the address names, and a function that shows another one, or none. */
function useSelectedStep(own: string, first: string | null) {
  const [selected, setSelected] = useState(first);
  useEffect(() => browser().onPath(() => setSelected(stepOf(own, browser().path()))), [own]);
  const select = (step: string | null) => {
    if (step !== selected) browser().showPath(step === null ? own : `${own}/steps/${encodeURIComponent(step)}`);
    setSelected(step);
  };
  return [selected, select] as const;
}

function stepOf(own: string, path: string): string | null {
  const prefix = `${own}/steps/`;
  return path.startsWith(prefix) ? decodeURIComponent(path.slice(prefix.length)) : null;
}

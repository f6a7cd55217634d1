import type { ComponentChildren } from 'preact';
import { limitText } from '../../../engine/model/time-limit.ts';
import type { PlanRecord } from '../../../review/record/plan-record.ts';
import type { PageFrame } from '../page-model.ts';
import { Moment } from '../parts/moment.tsx';
import { PlanSteps, stepCounts } from '../parts/plan-steps.tsx';
import { Suggested } from '../parts/suggested.tsx';

interface PlanPageProps {
  readonly frame: PageFrame;
  readonly view: PlanRecord;
}

/** A plan: the steps of its run, and what they observed on the host when the plan was created. */
export function PlanPage({ frame, view: plan }: PlanPageProps) {
  const { basePath } = frame;
  const { id, workflow, createdAt, usedBy, run, runtime, onFailure, file, pauseAfter, resume, place, steps } = plan;
  return (
    <>
      <h1>
        Plan <code>{id}</code>
      </h1>
      <p>
        {workflow}: {stepCounts(steps)}.{' '}
        {usedBy === null ? (
          <Suggested frame={frame} text={`Start exactly this with \`wf apply ${id}\`.`} />
        ) : (
          <>
            Used by run <a href={`${basePath}/runs/${usedBy}`}>{usedBy}</a>.
          </>
        )}
      </p>
      <dl class="facts">
        <Fact name="Created">
          <Moment at={createdAt} />
        </Fact>
        {usedBy === null && <Fact name="Run">{run}, not started</Fact>}
        <Fact name="File">{file}</Fact>
        <Fact name="Input">{inputWords(plan.input)}</Fact>
        <Fact name="Runtime">{runtime}</Fact>
        <Fact name="On failure">{onFailure}</Fact>
        <Fact name="Pause after">{pauseAfter}</Fact>
        <Fact name="Confirm">{plan.confirm && confirmText(plan.confirm)}</Fact>
        <Fact name="Resume">{resume && 'by an agent, if its process ends early'}</Fact>
        <Fact name="Directory">{place?.folder ?? null}</Fact>
        <Fact name="Engine">{place?.engine ?? null}</Fact>
      </dl>
      <h2>Steps</h2>
      <PlanSteps steps={steps} />
    </>
  );
}

/** A fact with a name; nothing for null. */
function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  if (children === null) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function inputWords(input: PlanRecord['input']): ComponentChildren {
  const entries = Object.entries(input);
  if (entries.length === 0) return null;
  return entries.map(([name, value]) => (
    <code key={name} class="identity">{`${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`}</code>
  ));
}

function confirmText({ withinMs, applyWithinMs }: NonNullable<PlanRecord['confirm']>): string {
  return `applied within ${limitText(applyWithinMs)}, and confirmed within ${limitText(withinMs)} after that`;
}

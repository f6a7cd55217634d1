import type { ComponentChildren } from 'preact';
import { limitText } from '../../../engine/model/time-limit.ts';
import { observedWords } from '../../../engine/plan/observed-words.ts';
import type { PlanRecord, PlanStepRecord } from '../../../review/record/plan-record.ts';
import type { PageFrame } from '../page-model.ts';
import { Moment } from '../parts/moment.tsx';
import { Suggested } from '../parts/suggested.tsx';

interface PlanPageProps {
  readonly frame: PageFrame;
  readonly view: PlanRecord;
}

/** A plan: what its run would do, and what the host showed when it was made. */
export function PlanPage({ frame, view: plan }: PlanPageProps) {
  const { basePath } = frame;
  const { id, workflow, createdAt, usedBy, run, runtime, onFailure, file, pauseAfter, resume, place, steps } = plan;
  const changing = steps.filter(({ changes }) => changes).length;
  return (
    <>
      <h1>
        Plan <code>{id}</code>
      </h1>
      <p>
        {workflow}: {steps.length} steps, {changing} of them change the host.{' '}
        {usedBy === null ? (
          <Suggested frame={frame} text={`Start exactly this with \`wf apply ${id}\`.`} />
        ) : (
          <>
            Used by run <a href={`${basePath}/runs/${usedBy}`}>{usedBy}</a>.
          </>
        )}
      </p>
      <dl class="facts">
        <Fact name="Made">
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
      {stagesOf(steps).map(({ stage, own }) => (
        <section key={stage} aria-labelledby={`stage-${stage}`}>
          <h2 id={`stage-${stage}`}>{stage}</h2>
          <ol class="changes">
            {own.map((step) => (
              <Step key={step.step} step={step} />
            ))}
          </ol>
        </section>
      ))}
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

function Step({
  step: { step, kind, changes, commands, observed, inputFrom, onlyIf },
}: {
  readonly step: PlanStepRecord;
}) {
  const isInTheWay = observed?.found === 'foreign' || observed?.found === 'ours';
  return (
    <li>
      <p>
        <strong>{step}</strong> <span class="quiet">{kind}</span> {changes ? 'changes the host' : 'reads'}
      </p>
      {commands.length > 0 && (
        <pre>
          <code>{commands.join('\n')}</code>
        </pre>
      )}
      {observed !== null && <p class={isInTheWay ? 'error' : 'quiet'}>observed: {observedWords(observed)}</p>}
      {inputFrom.length > 0 && <p class="quiet">depends on the output of {inputFrom.join(', ')}</p>}
      {onlyIf.length > 0 && <p class="quiet">runs only with some outputs of {onlyIf.join(', ')}</p>}
    </li>
  );
}

/** Steps by stage, in the order of the plan: a stage may come again. */
function stagesOf(
  steps: readonly PlanStepRecord[],
): readonly { readonly stage: string; readonly own: PlanStepRecord[] }[] {
  const stages: { stage: string; own: PlanStepRecord[] }[] = [];
  for (const step of steps) {
    const known = stages.find(({ stage }) => stage === step.stage);
    if (known === undefined) stages.push({ stage: step.stage, own: [step] });
    else known.own.push(step);
  }
  return stages;
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

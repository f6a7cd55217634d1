import { onHostName } from '../../../engine/model/on-host-name.ts';
import { observedWords } from '../../../engine/plan/observed-words.ts';
import type { PlanRecord, PlanStepRecord } from '../../../review/record/plan-record.ts';
import { displayedText } from '../../views/displayed.ts';

type Steps = PlanRecord['steps'];

/** Returns `58 steps, 13 of them change the host`. */
export function stepCounts(steps: Steps): string {
  const changing = steps.filter(({ changes }) => changes).length;
  if (steps.length === 1) return `One step, which ${changing === 1 ? 'changes the host' : 'only reads'}`;
  return `${steps.length} steps, ${changing} of them change the host`;
}

/** The steps of a plan by stage, with their commands and their observations of the host. */
export function PlanSteps({ steps }: { readonly steps: Steps }) {
  const stages = [...new Set(steps.map(({ stage }) => stage))];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
    <section class="table" aria-label="Steps of the plan" tabIndex={0}>
      <table class="plan">
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col">Commands</th>
            <th scope="col">On the host</th>
            <th scope="col">Depends on</th>
          </tr>
        </thead>
        {stages.map((stage) => (
          <tbody key={stage}>
            <tr class="stage">
              <th scope="rowgroup" colSpan={4}>
                {stage}
              </th>
            </tr>
            {steps
              .filter((step) => step.stage === stage)
              .map((step) => (
                <PlannedStep key={step.step} step={step} />
              ))}
          </tbody>
        ))}
      </table>
    </section>
  );
}

function PlannedStep({ step }: { readonly step: PlanStepRecord }) {
  const { commands, observed, inputFrom, onlyIf } = step;
  const isInTheWay = observed?.found === 'foreign' || observed?.found === 'ours';
  return (
    <tr>
      <th scope="row">
        {displayedText(step.step)}
        <br />
        <span class="quiet">
          {onHostName(step.host, step.kind)}, {step.changes ? 'changes' : 'reads'}
        </span>
      </th>
      <td data-label="Commands">{commands.length === 0 ? null : <pre>{commands.join('\n')}</pre>}</td>
      <td data-label="On the host" class={isInTheWay ? 'error' : undefined}>
        {observed === null ? null : observedWords(observed)}
      </td>
      <td data-label="Depends on">
        {inputFrom.length === 0 ? null : <>output of {inputFrom.join(', ')}</>}
        {onlyIf.length === 0 ? null : (
          <>
            {inputFrom.length === 0 ? '' : '; '}only with some outputs of {onlyIf.join(', ')}
          </>
        )}
      </td>
    </tr>
  );
}

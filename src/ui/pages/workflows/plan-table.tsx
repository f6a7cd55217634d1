import { observedWords } from '../../../engine/plan/observed-words.ts';
import type { PlanRecord, PlanStepRecord } from '../../../review/record/plan-record.ts';
import type { Planned } from './start-form.tsx';

/** The plan of a run: its steps by stage, with what each would do, and how the host is now. */
export function PlanTable({ plan, notes }: Planned) {
  const { steps } = plan;
  const changing = steps.filter(({ changes }) => changes).length;
  const stages = [...new Set(steps.map(({ stage }) => stage))];
  return (
    <>
      <p>
        {steps.length === 1 ? 'One step' : `${steps.length} steps`}, {changing} of them changing the host;{' '}
        {optionWords(plan)}.
      </p>
      {notes.length === 0 ? null : (
        <ul class="plan-notes">
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
      <section class="table" aria-label="Steps of the plan" tabIndex={0}>
        <table class="plan">
          <thead>
            <tr>
              <th scope="col">Step</th>
              <th scope="col">Commands</th>
              <th scope="col">On the host now</th>
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
    </>
  );
}

function PlannedStep({ step }: { readonly step: PlanStepRecord }) {
  const { commands, observed, inputFrom, onlyIf } = step;
  return (
    <tr>
      <th scope="row">
        {step.step}
        <br />
        <span class="quiet">
          {step.kind}, {step.changes ? 'changes' : 'reads'}
        </span>
      </th>
      <td data-label="Commands">{commands.length === 0 ? null : <pre>{commands.join('\n')}</pre>}</td>
      <td data-label="On the host now">{observed === null ? null : observedWords(observed)}</td>
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

function optionWords({ runtime, onFailure, pauseAfter, confirm }: PlanRecord): string {
  return [
    `runtime ${runtime}`,
    onFailure === 'keep' ? 'its changes stay if it fails' : 'its changes are undone if it fails',
    ...(pauseAfter === null ? [] : [`pauses after ${pauseAfter}`]),
    ...(confirm === null
      ? []
      : [`its changes are taken back unless somebody confirms it within ${confirm.withinMs / 1_000} s`]),
  ].join('; ');
}

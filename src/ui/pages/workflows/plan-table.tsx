import { limitText } from '../../../engine/model/time-limit.ts';
import type { PlanRecord } from '../../../review/record/plan-record.ts';
import { PlanSteps, stepCounts } from '../parts/plan-steps.tsx';
import type { Planned } from './start-form.tsx';

/** The plan of a run, with notes on this machine. */
export function PlanTable({ plan, notes }: Planned) {
  const { steps } = plan;
  return (
    <>
      <p>
        {stepCounts(steps)}; {optionWords(plan)}.
      </p>
      {notes.length === 0 ? null : (
        <ul class="plan-notes">
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      <PlanSteps steps={steps} />
    </>
  );
}

function optionWords({ runtime, onFailure, pauseAfter, confirm }: PlanRecord): string {
  return [
    `runtime ${runtime}`,
    onFailure === 'keep' ? 'its changes stay if it fails' : 'its changes are undone if it fails',
    ...(pauseAfter === null ? [] : [`pauses after ${pauseAfter}`]),
    ...(confirm === null
      ? []
      : [`its changes are undone unless somebody confirms it within ${limitText(confirm.withinMs)}`]),
  ].join('; ');
}

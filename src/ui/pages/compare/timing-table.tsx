import type { Timing, Timings } from '../../../review/compare/run-comparison.ts';
import { durationText } from '../../../review/text/format/duration.ts';
import { displayedText } from '../../views/displayed.ts';

interface TimingTableProps {
  /** The ids of the two runs. */
  readonly ids: readonly [string, string];
  readonly timings: Timings;
}

/** The durations of two runs, their stages and their steps. */
export function TimingTable({ ids, timings: { run, stages, steps } }: TimingTableProps) {
  return (
    <table class="timings">
      <caption class="unseen">Durations</caption>
      <thead>
        <tr>
          <th scope="col">Stage and step</th>
          {ids.map((id) => (
            <th key={id} scope="col" class="number">
              {id}
            </th>
          ))}
          <th scope="col" class="number">
            Ratio
          </th>
        </tr>
      </thead>
      <tbody>
        <Row name="the run" timing={run} isStage />
        {stages.map(({ stage, ...of }) => [
          <Row key={`stage ${stage}`} name={stage} timing={of} isStage />,
          ...steps
            .filter((step) => step.stage === stage)
            .map((step) => <Row key={`step ${step.step}`} name={displayedText(step.step)} timing={step} />),
        ])}
      </tbody>
    </table>
  );
}

interface RowProps {
  readonly name: string;
  readonly timing: Timing;
  readonly isStage?: boolean;
}

function Row({ name, timing: { first, second, ratio }, isStage = false }: RowProps) {
  return (
    <tr class={isStage ? 'stage' : 'step'}>
      <th scope="row">{name}</th>
      <td class="number">{durationText(first)}</td>
      <td class="number">{durationText(second)}</td>
      <td class="number">{ratio === null ? '-' : `× ${ratio.toFixed(2)}`}</td>
    </tr>
  );
}

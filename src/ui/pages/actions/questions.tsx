import type { RunSummary } from '../../../review/record/run-record.ts';
import { displayedText } from '../../views/displayed.ts';
import type { PageFrame } from '../page-model.ts';
import { Moment } from '../parts/moment.tsx';

interface QuestionsProps {
  readonly frame: PageFrame;
  /** Runs that wait for people. */
  readonly questions: readonly RunSummary[];
}

/** The questions of all runs to people, each with a link to where it is answered. */
export function Questions({ frame, questions }: QuestionsProps) {
  if (questions.length === 0) return null;
  return (
    <section class="questions" aria-labelledby="questions-title">
      <h2 id="questions-title">
        {questions.length === 1 ? 'A run waits' : `${questions.length} runs wait`} for people
      </h2>
      <ul>
        {questions.map((run) => (
          <li key={run.id}>
            <a href={`${frame.basePath}/runs/${run.id}#question`}>{displayedText(questionOf(run))}</a>{' '}
            <span class="quiet">
              {run.workflow} {run.id}
              <Deadline run={run} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function questionOf({ waitingFor }: RunSummary): string {
  if (waitingFor === null) return 'The run waits';
  if (waitingFor.confirm !== null) return 'Keep the changes?';
  return waitingFor.ask?.title ?? `The run waits for ${waitingFor.events.map(({ type }) => type).join(' or ')}`;
}

function Deadline({ run: { waitingFor } }: { readonly run: RunSummary }) {
  const deadline = waitingFor?.confirm?.deadline ?? waitingFor?.timers.map((timer) => timer.deadline).sort()[0];
  if (deadline === undefined) return null;
  return (
    <>
      {', until '}
      <Moment at={deadline} />
    </>
  );
}

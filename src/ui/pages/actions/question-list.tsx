import type { OpenQuestion } from '../../views/runs/runs-view.ts';
import type { PageFrame } from '../page-model.ts';
import { Moment } from '../parts/moment.tsx';

interface QuestionsProps {
  readonly frame: PageFrame;
  readonly questions: readonly OpenQuestion[];
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
        {questions.map((question) => (
          <li key={question.run}>
            <a href={`${frame.basePath}/runs/${question.run}#question`}>{titleOf(question)}</a>{' '}
            <span class="quiet">
              {question.workflow} {question.run}
              <Deadline question={question} />
              {question.isInterrupted ? `; interrupted: ${resumeWords(question)}` : ''}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function titleOf({ waitsFor }: OpenQuestion): string {
  if (waitsFor === null) return 'The run waits';
  if (waitsFor.confirm !== null) return 'Keep the changes?';
  return waitsFor.ask?.title ?? `The run waits for ${waitsFor.events.map(({ type }) => type).join(' or ')}`;
}

function resumeWords({ needsSecrets }: OpenQuestion): string {
  return needsSecrets ? 'resume it first, with its secret inputs' : 'an answer resumes the run';
}

function Deadline({ question: { waitsFor } }: { readonly question: OpenQuestion }) {
  const deadline = waitsFor?.confirm?.deadline ?? waitsFor?.timers.map((timer) => timer.deadline).sort()[0];
  if (deadline === undefined) return null;
  return (
    <>
      {', until '}
      <Moment at={deadline} />
    </>
  );
}

import type { RunSummary } from '../../../review/record/run-record.ts';
import type { PageFrame } from '../page-model.ts';

interface QuestionsProps {
  readonly frame: PageFrame;
  /** Runs that wait for people. */
  readonly questions: readonly RunSummary[];
}

/** What runs ask people. */
export function Questions({ frame, questions }: QuestionsProps) {
  if (questions.length === 0) return null;
  return (
    <section class="questions" aria-labelledby="questions">
      <h2 id="questions">Waiting for people</h2>
      <ul>
        {questions.map(({ id, workflow, waitingFor }) => (
          <li key={id}>
            <a href={`${frame.basePath}/runs/${id}`}>{id}</a> of {workflow}:{' '}
            {waitingFor?.ask?.title ?? 'waits for an answer'}
          </li>
        ))}
      </ul>
    </section>
  );
}

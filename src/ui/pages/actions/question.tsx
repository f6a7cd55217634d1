import { useState } from 'preact/hooks';
import { Command } from '../parts/command.tsx';
import { Moment } from '../parts/moment.tsx';
import type { DialogProps } from './dialog-props.ts';
import { type Answer, SendDialog } from './send-dialog.tsx';
import { exampleData, typedCommand } from './typed-command.ts';

/** What a waiting run asks people, with a button for each answer. */
export function Question({ frame, view, act }: Omit<DialogProps, 'onClose'>) {
  const [answering, setAnswering] = useState<Answer | null>(null);
  const { id, waitingFor } = view.run;
  const events = waitingFor?.events ?? [];
  const dialog =
    answering === null ? null : (
      <SendDialog
        key={answering.event.type}
        {...answering}
        frame={frame}
        view={view}
        act={act}
        onClose={() => setAnswering(null)}
      />
    );
  if (waitingFor === null || events.length === 0) return dialog;
  const { ask, timers } = waitingFor;
  const title = ask?.title ?? 'The run waits for an event';
  const answers = events.map((event) => ({ event, title, label: ask?.events[event.type]?.label ?? event.type }));
  return (
    <section class="question" id="question" aria-labelledby="question-title">
      <h2 id="question-title">{title}</h2>
      {ask === undefined || ask.text === '' ? null : <p class="question-text">{ask.text}</p>}
      {frame.allowActions ? (
        <div class="answers">
          {answers.map((answer, index) => (
            <button
              key={answer.event.type}
              type="button"
              class={index === 0 ? 'primary' : ''}
              onClick={() => setAnswering(answer)}
            >
              {answer.label}
            </button>
          ))}
        </div>
      ) : (
        <dl class="typed-answers">
          {answers.map(({ event, label }) => (
            <div key={event.type}>
              <dt>{label}</dt>
              <dd>
                <Command line={typedCommand(frame, 'send', [id, event.type], exampleData(event.data))} />
              </dd>
            </div>
          ))}
        </dl>
      )}
      {timers.length === 0 ? null : (
        <p class="quiet">
          Without an answer, a timer decides at <Moment at={timers.map(({ deadline }) => deadline).sort()[0] ?? null} />
        </p>
      )}
      {dialog}
    </section>
  );
}

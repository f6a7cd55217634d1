import { useState } from 'preact/hooks';
import { displayedText } from '../../views/displayed.ts';
import type { RunView } from '../../views/runs/run-view.ts';
import { Command } from '../parts/command.tsx';
import { Moment } from '../parts/moment.tsx';
import type { DialogProps } from './dialogs/dialog-props.ts';
import { type Answer, SendDialog } from './dialogs/send-dialog.tsx';
import { exampleData, typedCommand } from './typed-command.ts';

/** The question of a waiting run, and the dialog of an answer, which stays when the question is gone. */
export function Question({ frame, view, act, onClose }: DialogProps) {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const close = () => {
    setAnswer(null);
    onClose();
  };
  return (
    <>
      <Asked frame={frame} view={view} onAnswer={setAnswer} />
      {answer === null ? null : <SendDialog {...answer} frame={frame} view={view} act={act} onClose={close} />}
    </>
  );
}

interface AskedProps extends Pick<DialogProps, 'frame' | 'view'> {
  onAnswer(answer: Answer): void;
}

function Asked({ frame, view: { run, expects, secrets }, onAnswer }: AskedProps) {
  if (expects === null || expects.events.length === 0) return null;
  const { ask, events, timers } = expects;
  const title = displayedText(ask?.title ?? 'The run waits for an event');
  const answers = events.map((event) => {
    return { event, title, label: displayedText(ask?.events[event.type]?.label ?? event.type) };
  });
  const [deadline] = timers.map((timer) => timer.deadline).sort();
  return (
    <section class="question" id="question" aria-labelledby="question-title">
      <h2 id="question-title">{title}</h2>
      {ask === undefined || ask.text === '' ? null : <p class="question-text">{displayedText(ask.text)}</p>}
      {frame.allowActions ? (
        <div class="answers">
          {answers.map((answer, index) => (
            <button
              key={answer.event.type}
              type="button"
              class={index === 0 ? 'primary' : ''}
              onClick={() => onAnswer(answer)}
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
                <Command line={typedCommand(frame, 'send', [run.id, event.type], exampleData(event.data))} />
              </dd>
            </div>
          ))}
        </dl>
      )}
      {run.status === 'interrupted' ? <p class="quiet">{interruptedWords(secrets)}</p> : null}
      {deadline === undefined ? null : (
        <p class="quiet">
          Without an answer, a timer decides at <Moment at={deadline} />.
        </p>
      )}
    </section>
  );
}

function interruptedWords(secrets: RunView['secrets']): string {
  return secrets.some(({ source }) => source === null)
    ? 'No process advances the run. Resume it first, with its secret inputs.'
    : 'No process advances the run: an answer resumes it.';
}

/** The state to which an answer leads, and the words of its button. */
type Answer = string | { readonly target: string; readonly label: string };

/** A question to people. */
interface Question {
  readonly title: string;
  readonly text?: string;
  readonly approve: Answer;
  readonly reject: Answer;
}

/** Returns a state that waits until somebody sends the event `approve` or `reject`. */
export function approval({ title, text = '', approve, reject }: Question) {
  const yes = answerOf(approve, 'Approve');
  const no = answerOf(reject, 'Reject');
  return {
    meta: { ask: { title, text, events: { approve: { label: yes.label }, reject: { label: no.label } } } },
    on: { approve: yes.target, reject: no.target },
  };
}

function answerOf(answer: Answer, label: string): Exclude<Answer, string> {
  return typeof answer === 'string' ? { target: answer, label } : answer;
}

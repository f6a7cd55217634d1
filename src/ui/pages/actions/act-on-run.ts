import type { JsonObject } from '../../../engine/model/json.ts';
import { askApi, type PageError, whenDone } from '../live/api.ts';
import type { PageFrame } from '../page-model.ts';

/** The outcome of an action, in a line beside the buttons. */
export type Notice =
  | { readonly type: 'done'; readonly text: string; readonly run?: string }
  | { readonly type: 'refused'; readonly error: PageError };

/** An action on a run, as a dialog asks for it. */
export interface AskedAction {
  /** The last part of its address: the name of its command. */
  readonly name: string;
  readonly body: JsonObject;
  /** Returns the notice once it is done. @param run the run after it: another one if a retry started it anew */
  words(run: RunAfter): string;
}

interface RunAfter {
  readonly id: string;
  readonly status: string;
}

/** The document of a command: a run record, or a request with one. */
type Answered = RunAfter | { readonly run: RunAfter };

/**
 * Requests an action on a run. Resolves to the error if it is refused; to null once it is done, or has run for two seconds: its outcome is
 * then noted later.
 */
export async function actOnRun(
  frame: PageFrame,
  id: string,
  { name, body, words }: AskedAction,
  note: (notice: Notice) => void,
): Promise<PageError | null> {
  const answer = await askApi<Answered>(frame, `/runs/${id}/${name}`, body);
  const done = (document: Answered) => {
    const run = 'run' in document ? document.run : document;
    note({ type: 'done', text: words(run), ...(run.id === id ? {} : { run: run.id }) });
  };
  switch (answer.type) {
    case 'refused':
      return answer.error;
    case 'done':
      done(answer.document);
      return null;
    case 'accepted':
      note({ type: 'done', text: `The command is still running: ${answer.action.command}` });
      void whenDone<Answered>(frame, answer).then((late) => {
        if (late.type === 'refused') note({ type: 'refused', error: late.error });
        if (late.type === 'done') done(late.document);
      });
      return null;
  }
}

import type { Action } from '../../commands/commands.ts';
import type { PageFrame } from '../page-model.ts';
import { browser } from './browser.ts';

/** The reason of a refusal, and the next thing to do, for people. */
export interface PageError {
  readonly message: string;
  readonly hint: string;
}

/** The answer of the server. `accepted`: its command is still running. */
export type ApiAnswer<Document> =
  | { readonly type: 'done'; readonly document: Document }
  | { readonly type: 'accepted'; readonly action: Action }
  | { readonly type: 'refused'; readonly error: PageError };

/** Reads from the API. Changes nothing. @param path below `/api` */
export function readApi<Document>(frame: PageFrame, path: string): Promise<ApiAnswer<Document>> {
  return call(frame, 'GET', path, undefined);
}

/** Asks the API for something that may change a run. @param path below `/api` */
export function askApi<Document>(frame: PageFrame, path: string, body: unknown): Promise<ApiAnswer<Document>> {
  return call(frame, 'POST', path, body);
}

const POLL_MS = 1_000;
/** A command that runs longer advances a run: the page shows that. */
const MOST_POLLS = 60;

/** Waits for the outcome of a running command, for a minute at most. */
export async function whenDone<Document>(frame: PageFrame, first: ApiAnswer<Document>): Promise<ApiAnswer<Document>> {
  let answer = first;
  for (let polls = 0; answer.type === 'accepted' && polls < MOST_POLLS; polls += 1) {
    await new Promise<void>((resolve) => browser().after(POLL_MS, resolve));
    const { action } = answer;
    const known = await readApi<ShownAction<Document>>(frame, `/actions/${action.id}`);
    if (known.type === 'refused') answer = known;
    else if (known.type === 'done') answer = outcomeOf(known.document);
  }
  return answer;
}

interface ShownAction<Document> extends Omit<Action, 'document'> {
  readonly document: Document;
}

function outcomeOf<Document>(action: ShownAction<Document>): ApiAnswer<Document> {
  if (action.error !== null) return { type: 'refused', error: action.error };
  if (action.state === 'done') return { type: 'done', document: action.document };
  return { type: 'accepted', action: { ...action, document: null } };
}

async function call<Document>(
  { basePath, csrf }: PageFrame,
  method: 'GET' | 'POST',
  path: string,
  body: unknown,
): Promise<ApiAnswer<Document>> {
  try {
    const { status, text } = await browser().request({ method, address: `${basePath}/api${path}`, csrf, body });
    const answer = JSON.parse(text);
    if (status === 202) return { type: 'accepted', action: answer };
    if (status < 300) return { type: 'done', document: answer };
    return { type: 'refused', error: answer.error };
  } catch {
    return { type: 'refused', error: NO_ANSWER };
  }
}

const NO_ANSWER: PageError = {
  message: 'the server does not answer',
  hint: 'Check whether `wf ui` runs. The list of requests of the run shows whether it took this one.',
};

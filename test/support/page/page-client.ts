import { request } from 'node:http';
import { connect } from 'node:net';
import { expect } from 'vitest';
import { z } from 'zod';
import type { ServedPage } from './served-page.ts';

/** An answer of the page's server. */
export interface PageAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

export interface PageRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly socketPath?: string;
}

/** Sends a request with these headers and no others, which no browser does. */
export function ask(
  { port }: Pick<ServedPage, 'port'>,
  path: string,
  { method = 'GET', headers = {}, body, socketPath }: PageRequest = {},
): Promise<PageAnswer> {
  const where = socketPath === undefined ? { host: '127.0.0.1', port } : { socketPath };
  return new Promise((resolve, reject) => {
    const sent = request({ ...where, path, method, headers: { connection: 'close', ...headers } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Sends bytes, and returns everything that the server sends until it closes the connection. */
export function askRaw({ port }: Pick<ServedPage, 'port'>, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('utf8').on('data', (part: string) => {
      answer += part;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });
}

/** A person who is signed in, without a browser. */
export interface Session {
  readonly cookie: string;
  /** The headers of a request that writes, as the page sends them. */
  readonly writing: Readonly<Record<string, string>>;
}

const model = z.object({ frame: z.object({ csrf: z.string().min(1) }) });

type Linked = Pick<ServedPage, 'url' | 'port' | 'newLink'>;

/** Returns the base path without a slash at its end, and the headers of a request that brings JSON. */
function writingTo({ url }: Linked) {
  const { origin, pathname } = new URL(url);
  return { base: pathname === '/' ? '' : pathname, json: { 'content-type': 'application/json', origin } };
}

/** Redeems a link. Returns the cookie of the session. */
export async function openCookie(served: Linked): Promise<string> {
  const link = await served.newLink();
  const { base, json } = writingTo(served);
  const token = link.slice(link.indexOf('#token=') + '#token='.length);
  const answer = await ask(served, `${base}/session`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ token }),
  });
  const [given = ''] = [answer.headers['set-cookie']].flat();
  return given.slice(0, given.indexOf(';'));
}

/** Redeems a link, and reads the token of a page. */
export async function openSession(served: Linked): Promise<Session> {
  const cookie = await openCookie(served);
  const { base, json } = writingTo(served);
  const page = await ask(served, `${base}/`, { headers: { cookie } });
  const [, data = '{}'] = /<script id="model" type="application\/json">(.*?)<\/script>/s.exec(page.text) ?? [];
  const { csrf } = model.parse(JSON.parse(data)).frame;
  return { cookie, writing: { ...json, cookie, 'x-wf-csrf': csrf } };
}

const actionSchema = z.strictObject({
  id: z.string(),
  command: z.string(),
  startedAt: z.number(),
  state: z.enum(['running', 'done', 'refused']),
  document: z.unknown(),
  error: z.unknown(),
});

/** A command that was started from the page, as the API returns it. */
export type PageAction = z.output<typeof actionSchema>;

/** Parses the answer to an action that runs longer than its request waits. */
export function pageActionOf(text: string): PageAction {
  return actionSchema.parse(JSON.parse(text));
}

/** Waits until the command of an action has ended, or advances its run. */
export async function endOf(
  served: Pick<ServedPage, 'port'>,
  { cookie }: Pick<Session, 'cookie'>,
  { id }: Pick<PageAction, 'id'>,
): Promise<PageAction> {
  const read = async () => pageActionOf((await ask(served, `/api/actions/${id}`, { headers: { cookie } })).text);
  await expect.poll(async () => (await read()).state, { timeout: 20_000, interval: 100 }).not.toBe('running');
  return read();
}

import { z } from 'zod';
import { API_ROUTES } from '../../../src/ui/api/api-routes.ts';
import { ask, type Session } from './page-client.ts';
import type { ServedPage } from './served-page.ts';

/** The answer of the API to somebody who is signed in. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
  /** The addresses of the parts of the list beside this one, by their relation. */
  readonly links: Readonly<Record<string, string>>;
}

/** Reads a route of the API. */
export async function readApi(served: ServedPage, { cookie }: Session, address: string): Promise<ApiAnswer> {
  const { status, headers, text } = await ask(served, address, { headers: { cookie } });
  const links = [...String(headers['link'] ?? '').matchAll(/<([^>]+)>; rel="(\w+)"/g)].map(
    ([, link = '', relation = '']) => [relation, link],
  );
  return { status, body: JSON.parse(text), links: Object.fromEntries(links) };
}

/** Reads a list in parts, from the first one on. */
export async function readParts(served: ServedPage, session: Session, first: string): Promise<readonly unknown[]> {
  const { body, links } = await readApi(served, session, first);
  const items = z.array(z.unknown()).parse(body);
  const { next } = links;
  return next === undefined ? items : [...items, ...(await readParts(served, session, next))];
}

/** The schema by which the OpenAPI document describes the answer of a route. */
export function answerSchema(path: string, method: 'get' | 'post' = 'get'): z.ZodType {
  const route = API_ROUTES.find((one) => one.method === method && one.path === path);
  switch (route?.answer.type) {
    case 'json':
      return route.answer.schema;
    case 'page':
      return z.array(route.answer.item);
    default:
      throw new Error(`${path} answers with no JSON`);
  }
}

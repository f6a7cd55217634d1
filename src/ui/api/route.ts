import * as z from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import type { UiContext } from '../server/ui-context.ts';

type Fields = z.ZodObject;

/** A request as it arrived. */
export interface RawRequest {
  readonly params: Readonly<Record<string, string>>;
  /** A parameter that is given several times is a list. */
  readonly query: Readonly<Record<string, string | readonly string[]>>;
  /** Parsed JSON; undefined without a body. */
  readonly body: unknown;
}

/** A route of the JSON API: the same description serves the server and the OpenAPI document. */
export interface ApiRoute {
  readonly method: 'get' | 'post';
  /** Below `/api`, with parameters in braces: `/runs/{run}`. */
  readonly path: string;
  readonly summary: string;
  /** Details beyond the summary; absent if there are none. */
  readonly description?: string;
  readonly params: Fields;
  readonly query: Fields;
  readonly body: Fields;
  readonly answer: Answer;
  /** Set for a POST that changes nothing, and has a body: a read-only server answers it, too. */
  readonly reads?: true;
  /** @throws WfError E_USAGE if the request is not as described; the errors of its command */
  respond(context: UiContext, request: RawRequest): Promise<unknown>;
}

/** The answer of a route. */
export type Answer =
  /** A JSON document; `command` prints the same with --json. */
  | {
      readonly type: 'json';
      readonly schema: z.ZodType;
      readonly command?: string;
      /** The answer while the command is running: {@link Accepted}. */
      readonly accepted?: z.ZodType;
    }
  /** A {@link Page} of such items. */
  | { readonly type: 'page'; readonly item: z.ZodType; readonly command?: string }
  /** A document of another kind, as text. */
  | { readonly type: 'text'; readonly mediaType: string };

/** A part of a list: a JSON array, and the queries of the adjacent parts, which a header `Link` names. */
export interface Page {
  readonly items: readonly unknown[];
  readonly links: Readonly<Partial<Record<'next' | 'prev', PageQuery>>>;
}

/** An empty list. */
export const NONE: Page = { items: [], links: {} };

/** Parameters that replace those of this part's query; undefined removes one. */
type PageQuery = Readonly<Record<string, string | undefined>>;

export function isPage(answer: unknown): answer is Page {
  return typeof answer === 'object' && answer !== null && 'items' in answer && 'links' in answer;
}

/** The answer of a route whose command is still running: HTTP status 202. */
export class Accepted {
  readonly body: unknown;

  constructor(body: unknown) {
    this.body = body;
  }
}

interface RouteDefinition<Params extends Fields, Query extends Fields, Body extends Fields>
  extends Omit<ApiRoute, 'params' | 'query' | 'body' | 'respond'> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  handle(
    context: UiContext,
    request: { readonly params: z.output<Params>; readonly query: z.output<Query>; readonly body: z.output<Body> },
  ): unknown;
}

/** Stands for no parameters, no query, or no body. */
export const NOTHING = z.strictObject({});

/** Defines a route whose request is parsed before it is handled. */
export function apiRoute<Params extends Fields, Query extends Fields, Body extends Fields>(
  definition: RouteDefinition<Params, Query, Body>,
): ApiRoute {
  const { handle, ...described } = definition;
  const { params, query, body } = definition;
  return {
    ...described,
    respond: async (context, raw) =>
      handle(context, {
        params: parsed(params, raw.params, 'path'),
        query: parsed(query, raw.query, 'query'),
        body: parsed(body, raw.body ?? {}, 'body'),
      }),
  };
}

function parsed<Schema extends Fields>(schema: Schema, value: unknown, where: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new WfError('E_USAGE', `the ${where} of the request: ${z.prettifyError(result.error)}`, {
    hint: 'The API is described by /api/openapi.json.',
  });
}

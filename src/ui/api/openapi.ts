import * as z from 'zod';
import type { UiContext } from '../server/ui-context.ts';
import { API_ROUTES } from './api-routes.ts';
import type { ApiRoute } from './route.ts';

/** Returns the description of the API, generated from the schemas by which it is parsed. */
export function openApiDocument({ version, basePath }: Pick<UiContext, 'version' | 'basePath'>): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of API_ROUTES) paths[route.path] = { ...paths[route.path], [route.method]: operation(route) };
  return {
    openapi: '3.1.0',
    info: { title: 'wf', version },
    servers: [{ url: `${basePath}/api` }],
    paths,
  };
}

function operation({ summary, params, query, body, answer, method }: ApiRoute): unknown {
  const content =
    answer.type === 'json'
      ? { 'application/json': { schema: jsonSchema(answer.schema, 'output') } }
      : { [answer.mediaType]: { schema: { type: 'string' } } };
  return {
    summary,
    parameters: [...parameters(params, 'path'), ...parameters(query, 'query')],
    ...(method === 'post'
      ? { requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(body, 'input') } } } }
      : {}),
    responses: { '200': { description: summary, content }, ...acceptedResponse(answer) },
  };
}

function acceptedResponse(answer: ApiRoute['answer']): Readonly<Record<string, unknown>> {
  if (answer.type !== 'json' || answer.accepted === undefined) return {};
  const content = { 'application/json': { schema: jsonSchema(answer.accepted, 'output') } };
  return { '202': { description: 'The command goes on: GET /actions/{action} returns its outcome.', content } };
}

function parameters(fields: z.ZodObject, where: 'path' | 'query'): readonly unknown[] {
  return Object.entries(fields.shape).map(([name, schema]) => ({
    name,
    in: where,
    required: where === 'path' || !z.safeParse(schema, undefined).success,
    schema: jsonSchema(schema, 'input'),
  }));
}

function jsonSchema(schema: z.core.$ZodType, io: 'input' | 'output'): unknown {
  const { $schema: _dialect, ...described } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return described;
}

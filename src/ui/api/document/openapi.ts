import * as z from 'zod';
import type { UiContext } from '../../server/ui-context.ts';
import { API_ROUTES } from '../api-routes.ts';
import type { ApiRoute } from '../route.ts';
import { refusalSchema } from '../schemas/error.ts';
import { fixedPaths } from './fixed-paths.ts';
import { type SchemaWriter, schemaWriter } from './json-schemas.ts';
import { parameters } from './parameters.ts';
import { refusalComponents, refusalsOf } from './responses.ts';

/** The facts that differ between servers. */
interface Described extends Pick<UiContext, 'version' | 'basePath'> {
  /** The name of the cookie of a session. */
  readonly cookie: string;
}

const DESCRIPTION =
  'The data of the page, which is that of the commands with `--json` (`x-wf-command`). Later versions of wf may add routes, parameters and members; they remove none, and change the meaning of none.';

/** The part of an OpenAPI document that wf itself reads. */
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, unknown>>;
  readonly [member: string]: unknown;
}

/** Returns the description of the API, generated from the schemas by which it is parsed. */
export function openApiDocument({ version, basePath, cookie }: Described): OpenApiDocument {
  const schemas = schemaWriter();
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of API_ROUTES) {
    paths[route.path] = { ...paths[route.path], [route.method]: operation(route, schemas) };
  }
  const fixed = fixedPaths(schemas, basePath);
  const responses = refusalComponents(schemas.answer(refusalSchema));
  return {
    openapi: '3.1.0',
    info: { title: 'wf', version, summary: 'The HTTP API of `wf ui`', description: DESCRIPTION },
    servers: [{ url: `${basePath}/api` }],
    security: [{ session: [] }],
    paths: { ...paths, ...fixed },
    components: {
      securitySchemes: {
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: cookie,
          description: 'Set by `POST /session`; its name differs between databases.',
        },
      },
      schemas: schemas.components(),
      responses,
    },
  };
}

function operation(route: ApiRoute, schemas: SchemaWriter): unknown {
  const { method, path, summary, description, params, query, body, answer } = route;
  const command = 'command' in answer ? answer.command : undefined;
  return {
    operationId: operationId(method, path),
    summary,
    ...(description === undefined ? {} : { description }),
    ...(command === undefined ? {} : { 'x-wf-command': command }),
    parameters: [
      ...parameters(params, 'path', schemas),
      ...parameters(query, 'query', schemas),
      ...(method === 'post' ? WRITING : []),
    ],
    ...(method === 'post'
      ? { requestBody: { required: true, content: { 'application/json': { schema: schemas.request(body) } } } }
      : {}),
    responses: { '200': success(route, schemas), ...accepted(route, schemas), ...refusalsOf(method, path) },
  };
}

/** The headers of a request that writes. */
const WRITING = [
  {
    name: 'x-wf-csrf',
    in: 'header',
    required: true,
    description: 'the token of the session: `csrf` of `GET /session`',
    schema: { type: 'string' },
  },
  {
    name: 'origin',
    in: 'header',
    required: true,
    description: 'the address of the server',
    schema: { type: 'string' },
  },
];

function success({ summary, answer }: ApiRoute, schemas: SchemaWriter): unknown {
  switch (answer.type) {
    case 'json':
      return { description: summary, content: { 'application/json': { schema: schemas.answer(answer.schema) } } };
    case 'page':
      return {
        description: summary,
        headers: {
          link: {
            description: 'The addresses of the next (`rel="next"`) and previous (`rel="prev"`) part of the list.',
            schema: { type: 'string' },
          },
        },
        content: { 'application/json': { schema: schemas.answer(z.array(answer.item)) } },
      };
    case 'text':
      return { description: summary, content: { [answer.mediaType]: { schema: { type: 'string' } } } };
  }
}

function accepted({ answer }: ApiRoute, schemas: SchemaWriter): Readonly<Record<string, unknown>> {
  if (answer.type !== 'json' || answer.accepted === undefined) return {};
  const content = { 'application/json': { schema: schemas.answer(answer.accepted) } };
  return {
    '202': { description: 'The command is still running: GET /actions/{action} returns its outcome.', content },
  };
}

/** Returns an id such as `getRunEvidence` for `GET /runs/{run}/evidence`: a parameter makes the segment before it singular. */
function operationId(method: ApiRoute['method'], path: string): string {
  const words = path
    .slice(1)
    .split('/')
    .flatMap((part, index, parts) => {
      if (part.startsWith('{')) return [];
      const isOne = parts[index + 1]?.startsWith('{') ?? false;
      return [isOne ? part.replace(/s$/, '') : part];
    })
    .flatMap((part) => part.split(/[^A-Za-z0-9]+/));
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

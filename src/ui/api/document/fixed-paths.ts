import { sessionSchema, signInSchema } from '../../server/sign-in.ts';
import { streamQuerySchema } from '../../stream/stream-query.ts';
import type { SchemaWriter } from './json-schemas.ts';
import { parameters } from './parameters.ts';
import { refusalsOf } from './responses.ts';

type Paths = Readonly<Record<string, unknown>>;

/** Describes the paths of the API that are not in `API_ROUTES`: the session, the event stream, and this document. */
export function fixedPaths(schemas: SchemaWriter, basePath: string): Paths {
  const session = json('Whether the request is signed in.', schemas.answer(sessionSchema));
  return {
    '/session': {
      servers: [{ url: basePath === '' ? '/' : basePath }],
      get: {
        operationId: 'getSession',
        summary: 'Report whether the request is signed in.',
        security: [],
        responses: { '200': session, ...refusalsOf('get', '/session') },
      },
      post: {
        operationId: 'signIn',
        summary: 'Sign in with the token of a link, once.',
        description: 'The answer sets the cookie of the session, which is valid for seven days.',
        security: [],
        parameters: [
          {
            name: 'origin',
            in: 'header',
            required: true,
            description: 'the address of the server, as in the link',
            schema: { type: 'string' },
          },
        ],
        requestBody: {
          required: true,
          content: { 'application/json': { schema: schemas.request(signInSchema) } },
        },
        responses: { '200': session, ...refusalsOf('post', '/session') },
      },
    },
    '/events': {
      get: {
        operationId: 'followEvents',
        summary: 'Follow runs and fleet runs.',
        description:
          'A stream of server-sent events. `event: run` has the view of the run in `data`, with only the steps and changes that have changed, and the number of the last entry of its journal in `id`; a client that reconnects with `Last-Event-ID` misses nothing. `event: runs` has an empty object: some run has changed. `event: fleets` has one, too: the fleet run, or the list, has changed.',
        parameters: [
          ...parameters(streamQuerySchema, 'query', schemas),
          { name: 'last-event-id', in: 'header', required: false, schema: { type: 'integer', minimum: 0 } },
        ],
        responses: {
          '200': {
            description: 'The events, until the client closes the connection.',
            content: { 'text/event-stream': { schema: { type: 'string' } } },
          },
          ...refusalsOf('get', '/events'),
        },
      },
    },
    '/openapi.json': {
      get: {
        operationId: 'getOpenApi',
        summary: 'Show this document.',
        responses: { '200': json('This document.', { type: 'object' }), ...refusalsOf('get', '/openapi.json') },
      },
    },
  };
}

function json(description: string, schema: unknown): unknown {
  return { description, content: { 'application/json': { schema } } };
}

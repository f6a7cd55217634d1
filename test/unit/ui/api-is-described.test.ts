import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { API_ROUTES } from '../../../src/ui/api/api-routes.ts';
import { openApiDocument } from '../../../src/ui/api/document/openapi.ts';

const document = openApiDocument({ version: '1.2.3', basePath: '/wf', cookie: 'wf-0123' });

const operationSchema = z.looseObject({
  operationId: z.string().regex(/^[a-z][A-Za-z]+$/),
  summary: z.string().regex(/\.$/),
  security: z.array(z.unknown()).optional(),
  responses: z.record(z.string(), z.unknown()),
});

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(z.record(z.string(), z.unknown()).parse(item))
    .filter(([name]) => name !== 'servers')
    .map(([method, operation]) => ({ path, method, ...operationSchema.parse(operation) })),
);

test('the document of the API is valid OpenAPI 3.1', async () => {
  const { valid, errors } = await new Validator().validate(JSON.parse(JSON.stringify(document)));
  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
});

test('the document has every route under a unique name, with the refusals that all routes share', () => {
  expect(operations.map(({ method, path }) => `${method} ${path}`)).toEqual(
    expect.arrayContaining([
      ...API_ROUTES.map(({ method, path }) => `${method} ${path}`),
      'get /session',
      'post /session',
      'get /events',
      'get /openapi.json',
    ]),
  );
  const names = operations.map(({ operationId }) => operationId);
  expect(new Set(names).size).toBe(names.length);
  for (const { path, responses } of operations) {
    const statuses = ['200', '400', '401', '403', '409', '500', '503', ...(path.includes('{') ? ['404'] : [])];
    expect(Object.keys(responses), path).toEqual(expect.arrayContaining(statuses));
  }
});

test('the document repeats no named schema, and every reference resolves', () => {
  const text = JSON.stringify(document);
  const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path);
  expect(references.length).toBeGreaterThan(20);
  for (const reference of references) {
    const found = reference.split('/').reduce<unknown>((value, name) => memberOf(value, name), document);
    expect(found, reference).toBeDefined();
  }
  // The one of all answers, and that of the journal, which a run file shares.
  expect(text.match(/"residues":/g)).toHaveLength(2);
  expect(text).not.toContain('$defs');
});

test('the schema of an answer allows further members, and that of a request does not', () => {
  const { schemas } = z.object({ schemas: z.record(z.string(), z.unknown()) }).parse(document['components']);
  expect(JSON.stringify(schemas['RunRecord'])).not.toContain('"additionalProperties":false');
  expect(JSON.stringify(document.paths['/session'])).toContain('"additionalProperties":false');
});

function memberOf(value: unknown, name: string): unknown {
  const parsed = z.record(z.string(), z.unknown()).safeParse(value);
  return parsed.success ? parsed.data[name] : undefined;
}

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { REFERENCE_PAGES } from '../../../scripts/reference-pages.ts';
import { ERROR_EXIT_CODES } from '../../../src/engine/model/errors.ts';
import { runnerOf } from '../../../src/engine/workflow/define-step.ts';
import { exampleText } from '../../../src/steps/examples/example-text.ts';
import * as steps from '../../../src/steps/index.ts';
import { REPOSITORY } from '../../support/command/doc-page.ts';
import { runRecordSchema } from '../../support/command/run-record.ts';

const textOf = (page: string) => readFileSync(path.join(REPOSITORY, page), 'utf8');

test.for(Object.entries(REFERENCE_PAGES))('%s equals the page generated from the code', ([page, generate]) => {
  expect(textOf(page) === generate(), `${page} is not current: run \`npm run docs\` and commit the result`).toBe(true);
});

test('each step runner that comes with wf has an example', () => {
  const runners = Object.values(steps).flatMap((exported) => runnerOf(exported)?.kind ?? []);
  expect(runners.length).toBeGreaterThan(50);
  expect(runners.filter((kind) => exampleText(kind) === null)).toEqual([]);
});

test('docs/reference/errors.md lists every error code with its exit code, and no other', () => {
  const rows = [...textOf('docs/reference/errors.md').matchAll(/^\| `(E_\w+)` \| (\d) \|/gm)];
  const listed = rows.map(([, code = '', exitCode]) => [code, Number(exitCode)]);
  expect(listed.toSorted()).toEqual(Object.entries(ERROR_EXIT_CODES).toSorted());
});

test('docs/reference/run-record.md has a row for every field of the run record, and no other', () => {
  const [, section = ''] = /^## Run record$(.*?)^Each difference/ms.exec(textOf('docs/reference/run-record.md')) ?? [];
  const rows = [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, field]) => field);
  expect(rows.toSorted()).toEqual(fieldsOf(runRecordSchema, '').toSorted());
});

/** Paths of the fields of a schema, such as `stages[].name`. Differences have a table of their own. */
function fieldsOf(schema: unknown, prefix: string): readonly string[] {
  if (schema instanceof z.ZodNullable)
    return [prefix, ...fieldsOf(schema.unwrap(), prefix).filter((one) => one !== prefix)];
  if (schema instanceof z.ZodArray) {
    return prefix.startsWith('verification.') && !prefix.endsWith('notCompared')
      ? [`${prefix}[]`]
      : fieldsOf(schema.element, `${prefix}[]`);
  }
  if (!(schema instanceof z.ZodObject)) return [prefix];
  const dot = prefix === '' ? '' : `${prefix}.`;
  return Object.entries(schema.shape).flatMap(([name, member]) => fieldsOf(member, `${dot}${name}`));
}

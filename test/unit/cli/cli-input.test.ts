import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { workflowInput } from '../../../src/cli/arguments/workflow-input.ts';
import { didYouMean, nearestName } from '../../../src/review/text/did-you-mean.ts';
import { errorOf } from '../../fixtures/history/temporary.ts';

const workflow = {
  name: 'lab',
  input: z.object({
    devNetwork: z.string().default('devops'),
    hostLink: z.string().max(15).default('int_hote'),
    pings: z.number().int().positive().default(3),
    ratio: z.number().nullable().default(null),
    strict: z.boolean().default(false),
    count: z.union([z.string(), z.number()]).default(1),
    mode: z.enum(['secondary', 'replace']).default('secondary'),
    ports: z.array(z.number()).default([]),
  }),
};

const given = (...assignments: readonly string[]) => workflowInput(workflow, { assignments, file: undefined }).input;

function inputFile(text: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'wf-input-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'input.json');
  writeFileSync(file, text);
  return file;
}

test('a typed value is converted to the type of its schema; a string stays a string', () => {
  expect(
    given('devNetwork=007', 'pings=5', 'ratio=1.5', 'strict=true', 'count=5', 'mode=replace', 'ports=[80, 443]'),
  ).toEqual({
    devNetwork: '007',
    hostLink: 'int_hote',
    pings: 5,
    ratio: 1.5,
    strict: true,
    count: '5',
    mode: 'replace',
    ports: [80, 443],
  });
  expect(given('devNetwork=a=b', 'hostLink=')).toMatchObject({ devNetwork: 'a=b', hostLink: '' });
});

test('a later value overrides an earlier one, and the command line overrides the file', () => {
  const file = inputFile('{ "pings": 7, "devNetwork": "from-file" }');
  const { input } = workflowInput(workflow, { assignments: ['pings=8', 'pings=9'], file });
  expect(input).toMatchObject({ pings: 9, devNetwork: 'from-file' });
});

test('all errors are reported in one message, with a suggestion for a misspelled name', () => {
  const error = errorOf(() => given('pings=many', 'hostLnk=x', 'noequals', 'hostLink=a-name-that-is-too-long'));
  expect(error.code).toBe('E_INPUT');
  expect(error.exitCode).toBe(2);
  for (const part of ['input pings', 'input hostLink', 'unknown input "hostLnk"', '"noequals" is not of the form']) {
    expect(error.message).toContain(part);
  }
  expect(error.hint).toBe(
    'Did you mean hostLink? Inputs of lab: devNetwork, hostLink, pings, ratio, strict, count, mode, ports.',
  );
});

test.each([
  ['[1]', ': not a JSON object'],
  ['{ "pings": ', 'cannot read'],
])('an input file that contains %s is refused', (text, message) => {
  const file = inputFile(text);
  const error = errorOf(() => workflowInput(workflow, { assignments: [], file }));
  expect(error).toMatchObject({ code: 'E_INPUT', message: expect.stringContaining(message) });
  expect(error.message).toContain(file);
});

test('only a similar name is suggested', () => {
  expect(nearestName('strat', ['start', 'stop'])).toBe('start');
  expect(nearestName('devnetwrok', ['devNetwork', 'prodNetwork'])).toBe('devNetwork');
  expect(nearestName('x', ['devNetwork'])).toBeUndefined();
  expect(didYouMean('zzzzzz', ['devNetwork'])).toBe('');
});

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  knownSecrets,
  refuseOtherInputs,
  requiredSecrets,
  typedSecrets,
} from '../../../../src/cli/arguments/secrets/run-secrets.ts';
import { givenSecret } from '../../../../src/cli/arguments/secrets/secret-value.ts';
import { workflowInput } from '../../../../src/cli/arguments/workflow-input.ts';
import { secret } from '../../../../src/engine/secrets/mark-secret.ts';
import { secretInputs, storedInputSchema } from '../../../../src/engine/secrets/secret-inputs.ts';
import { errorOf } from '../../../fixtures/history/temporary.ts';
import { folderOfFile } from '../../../support/host/file-folder.ts';
import { runId } from '../../../support/in-process/folder-host.ts';

const names = (shape: z.ZodRawShape) => secretInputs('lab', z.object(shape));

describe('the mark of a secret', () => {
  test.each<[what: string, schema: z.ZodType]>([
    ['by secret()', secret(z.string())],
    ['by meta', z.string().meta({ secret: true })],
    ['beside a description', secret(z.string().describe('of the service'))],
    ['before a check', secret(z.string()).min(8)],
    ['under optional', secret(z.string()).optional()],
    ['over optional', secret(z.string().optional())],
    ['under nullable', secret(z.string()).nullable()],
    ['under an empty default', secret(z.string()).default('')],
    ['before a transform', secret(z.string()).transform((text) => text.trim())],
    ['behind a preprocess', z.preprocess((value) => value, secret(z.string()))],
    ['on a choice', secret(z.enum(['aaaaaa', 'bbbbbb']))],
  ])('is found %s', (_what, schema) => {
    expect(names({ open: z.string(), password: schema })).toEqual(['password']);
  });

  test('is not found in a description or in a false mark', () => {
    expect(names({ a: z.string().describe('"secret":true'), b: z.string().meta({ secret: false }) })).toEqual([]);
  });
});

test.each<[what: string, schema: z.ZodType, message: string]>([
  ['a number', secret(z.number()), 'is not a string'],
  ['a member of an object', z.object({ password: secret(z.string()) }), 'is not a string'],
  ['an item of a list', z.array(secret(z.string())), 'is not a string'],
  ['a string or a number', secret(z.union([z.string(), z.number()])), 'is not a string'],
  ['a string with a default', secret(z.string()).default('changeme'), 'has a default'],
])('a secret that is %s makes the workflow invalid', (_what, schema, message) => {
  expect(errorOf(() => names({ password: schema }))).toMatchObject({
    code: 'E_WORKFLOW_INVALID',
    message: expect.stringContaining(`input password is`),
  });
  expect(() => names({ password: schema })).toThrow(message);
});

test('a stored input is parsed with its placeholders', () => {
  const schema = z.object({ pin: secret(z.string().regex(/^\d+$/)), count: z.number().default(1) });
  expect(storedInputSchema(schema, ['pin']).parse({ pin: 'wf-secret:pin:0123456789ab', count: 2 })).toMatchObject({
    count: 2,
  });
  expect(storedInputSchema(schema, [])).toBe(schema);
});

describe('a given secret', () => {
  const input = z.object({ password: secret(z.string().max(20)).optional(), url: z.string().default('x') });
  const workflow = { name: 'lab', input, secretInputs: ['password'] };

  test('is read from the environment, unlike other inputs', () => {
    process.env['WF_TEST_SECRET'] = 'hunter2';
    const given = workflowInput(workflow, {
      assignments: ['password=@env:WF_TEST_SECRET', 'url=@env:WF_TEST_SECRET'],
      file: undefined,
    });
    expect(given).toMatchObject({
      input: { password: 'hunter2', url: '@env:WF_TEST_SECRET' },
      secrets: { password: 'env:WF_TEST_SECRET' },
    });
    expect(givenSecret('password', 'hunter2')).toEqual({ value: 'hunter2', source: null });
    expect(errorOf(() => givenSecret('password', '@env:NO', {}))).toMatchObject({
      code: 'E_INPUT',
      message: 'input password: the environment variable NO is not set',
    });
  });

  test('does not appear in errors', () => {
    const refuse = () =>
      workflowInput(workflow, { assignments: [`password=${'hunter2'.repeat(4)}`, 'hunter3'], file: undefined });
    expect(errorOf(refuse).message).not.toMatch(/hunter/);
  });

  test('is taken from the command line of a resume, else from its source', () => {
    const options = {
      onFailure: 'rollback',
      pauseAfter: null,
      secrets: { password: 'env:WF_TEST_SECRET', token: null },
    } as const;
    const run = { status: 'running' as const, id: runId('r'), options };
    expect(knownSecrets(run, [])).toMatchObject({ values: { password: 'hunter2' }, unknown: [{ code: 'E_INPUT' }] });
    expect(knownSecrets(run, ['token=1234567', 'password=other-one'])).toEqual({
      values: { password: 'other-one', token: '1234567' },
      sources: { password: null, token: null },
      unknown: [],
    });
    const inputFile = path.join(folderOfFile(), 'secrets.json');
    writeFileSync(inputFile, '{"token":"=1234567","password":"in-file"}');
    expect(knownSecrets(run, typedSecrets({ input: ['password=other-one'], inputFile })).values).toEqual({
      password: 'other-one',
      token: '=1234567',
    });
    writeFileSync(inputFile, '{"token":1234567}');
    expect(errorOf(() => typedSecrets({ input: [], inputFile }))).toMatchObject({
      code: 'E_INPUT',
      message: expect.stringMatching(/the secret input token is not a string$/),
    });
    expect(() => requiredSecrets(run, [], workflow)).toThrow('cannot resume run r: its secret input token is missing');
    expect(
      errorOf(() => requiredSecrets(run, ['token=1234567', `password=${'hunter2'.repeat(4)}`], workflow)).message,
    ).not.toMatch(/hunter/);
    expect(errorOf(() => refuseOtherInputs(run, ['tokne=1']))).toMatchObject({
      code: 'E_INPUT',
      hint: expect.stringContaining('Did you mean token?'),
    });
  });
});

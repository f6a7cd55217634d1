import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { toJson } from '../../../src/engine/model/json.ts';
import { commentOption, typedCommand } from '../../../src/ui/pages/actions/typed-command.ts';
import { collect, presetTexts } from '../../../src/ui/pages/forms/field-values.ts';
import { problemsByField } from '../../../src/ui/pages/forms/problems-by-field.ts';
import { fieldsOf, hasFields } from '../../../src/ui/pages/forms/schema-fields.ts';
import { startCommand } from '../../../src/ui/pages/workflows/start-command.ts';

const SCHEMA = z.object({
  text: z.string().min(2).max(5).describe('some text'),
  preset: z.string().default('devops'),
  pattern: z.string().regex(/^[a-z]+$/),
  subnet: z.string().nullable().default(null),
  either: z.enum(['a', 'b']).or(z.null()).default('a'),
  count: z.int().min(1).max(9),
  ratio: z.number().optional(),
  isOn: z.boolean().default(true),
  maybe: z.boolean().optional(),
  lines: z.string().default('one\ntwo'),
  tags: z.array(z.string()).default(['x']),
  nested: z.object({ a: z.number() }).optional(),
  mixed: z.union([z.string(), z.number()]).optional(),
  secret: z.string().min(8).max(9),
});
const fields = fieldsOf(toJson(z.toJSONSchema(SCHEMA, { io: 'input' })), ['secret']);
const field = (name: string) => fields.find((each) => each.name === name);

describe('a form', () => {
  test('has a control for each kind of value, with its limits', () => {
    expect(Object.fromEntries(fields.map(({ name, control }) => [name, control.type]))).toEqual({
      ...{ text: 'text', preset: 'text', pattern: 'text', subnet: 'text', either: 'choice', count: 'number' },
      ...{ ratio: 'number', isOn: 'switch', maybe: 'switch', lines: 'lines', tags: 'json', nested: 'json' },
      ...{ mixed: 'json', secret: 'secret' },
    });
    expect(field('text')).toMatchObject({
      description: 'some text',
      isRequired: true,
      control: { minLength: 2, maxLength: 5, pattern: undefined },
    });
    expect(field('count')).toMatchObject({ control: { isInteger: true, min: 1, max: 9 } });
    expect(field('either')).toMatchObject({ preset: 'a', isNullable: true, control: { values: ['a', 'b', null] } });
    expect(field('subnet')).toMatchObject({ isNullable: true, isRequired: false });
    const control = field('pattern')?.control;
    const pattern = new RegExp(`^(?:${control?.type === 'text' ? control.pattern : ''})$`, 'v');
    expect([pattern.test('abc'), pattern.test('a-c')]).toEqual([true, false]);
  });

  test('omits defaults from the data, and parses texts to their values', () => {
    const typed = presetTexts(fields);
    expect(typed).toMatchObject({ preset: 'devops', subnet: '', either: '"a"', isOn: 'true', maybe: '', secret: '' });
    const required = { text: 'abc', pattern: 'x', count: '3', secret: 'hunter-2' };
    const first = collect(fields, { ...typed, ...required });
    expect(first).toEqual({ data: { text: 'abc', pattern: 'x', count: 3, secret: 'hunter-2' }, problems: {} });
    expect(SCHEMA.safeParse(first.data).success).toBe(true);
    const all = {
      ...required,
      ...{ preset: '', subnet: '10.0.0.0/8', either: 'null', ratio: '0.5', isOn: 'false', maybe: 'false' },
      ...{ lines: 'three', tags: '["y","z"]', nested: '{"a":1}', mixed: '7' },
    };
    const { data, problems } = collect(fields, all);
    expect(problems).toEqual({});
    expect(SCHEMA.parse(data)).toEqual({
      ...first.data,
      ...{ preset: '', subnet: '10.0.0.0/8', either: null, ratio: 0.5, isOn: false, maybe: false },
      ...{ lines: 'three', tags: ['y', 'z'], nested: { a: 1 }, mixed: 7 },
    });
  });

  test('reports invalid texts and missing values', () => {
    const { problems } = collect(fields, { count: 'many', tags: '["y"', text: '', pattern: '', secret: '' });
    expect(problems).toEqual({
      ...{ count: 'Give a number.', text: 'Give a value.', pattern: 'Give a value.', secret: 'Give a value.' },
      tags: expect.stringMatching(/^Give JSON: /),
    });
  });

  test('takes names and values of any kind', () => {
    const hostile = '__proto__';
    const schema = { type: 'object', required: [hostile], properties: { 'a b"<': { type: 'string' } } };
    const own = fieldsOf({ ...schema, properties: JSON.parse(`{"${hostile}":{"type":"string"}}`) }, []);
    expect(collect(own, JSON.parse(`{"${hostile}":"x"}`)).data).toEqual(JSON.parse(`{"${hostile}":"x"}`));
    expect(fieldsOf(schema, []).map(({ name }) => name)).toEqual(['a b"<']);
    for (const odd of [null, true, 7, [], {}, { properties: 5 }, { properties: { x: true } }]) {
      expect(() => presetTexts(fieldsOf(odd, []))).not.toThrow();
    }
    expect([hasFields(null), hasFields({ type: 'object' }), hasFields(schema)]).toEqual([false, false, true]);
  });
});

describe('a refusal', () => {
  test.for([
    ['workflow lab: input folder is missing', { folder: 'Give a value.' }, true],
    [
      'workflow lab: input pings: Too big: expected number to be <=5; input folder is missing',
      { pings: 'Too big: expected number to be <=5', folder: 'Give a value.' },
      true,
    ],
    ['workflow lab: input tags.0: Invalid input', { tags: '0: Invalid input' }, true],
    ['input token: the environment variable X is not set', { token: 'the environment variable X is not set' }, true],
    ['workflow lab: unknown input "x"; input pings: Too big', { pings: 'Too big' }, false],
    [
      'the event cannot be sent: approve: ✖ Too short   → at by ✖ Invalid → at pings[0]',
      { by: 'Too short', pings: 'Invalid' },
      true,
    ],
    ['run r1 has ended', {}, false],
    ['workflow lab: input other: Too big', {}, false],
  ] as const)('is shown beside the fields that it names: %s', ([message, byField, isComplete]) => {
    expect(problemsByField(message, ['folder', 'pings', 'tags', 'token', 'by'])).toEqual({ byField, isComplete });
  });
});

describe('the command of an action', () => {
  test('is quoted for a shell', () => {
    const frame = { namedDatabase: null };
    expect(typedCommand(frame, 'resume', ['r1'])).toBe('wf resume r1');
    expect(typedCommand({ namedDatabase: '/my data/wf.db' }, 'send', ['r1', "o'k"], commentOption('a "b"'))).toBe(
      `wf send r1 'o'\\''k' --comment 'a "b"' --db '/my data/wf.db'`,
    );
    expect(typedCommand({ namedDatabase: '/d' }, 'send', ['r1', '-x'], [['--keep']])).toBe(
      'wf send --keep --db /d -- r1 -x',
    );
    expect(typedCommand(frame, 'settle', ['r1', '1'], [['--reason', '-x']])).toBe('wf settle r1 1 --reason=-x');
  });

  test('contains no secret', () => {
    const frame = { basePath: '', csrf: '', allowActions: true, namedDatabase: null, now: 0 };
    const start = (token: string) =>
      startCommand(frame, {
        workflow: 'w',
        input: { a: 1, token },
        options: { id: 'x', pauseAfter: 's' },
        secrets: ['token'],
      });
    expect(start('hunter-2')).toBe('wf start w --input a=1 --input token=@env:VARIABLE --id x --pause-after s');
    expect(start('@file:/run/token')).toContain('token=@file:/run/token');
  });
});

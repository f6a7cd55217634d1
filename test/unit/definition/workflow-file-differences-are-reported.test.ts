import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { definitionDifferences } from '../../../src/definition/definition-diff.ts';
import { loadWorkflow } from '../../../src/definition/load.ts';
import { type Json, parseJson, toJson } from '../../../src/engine/model/json.ts';
import { confineCode } from '../../../src/host/workflow-code/confine-code.ts';
import { wfModule } from '../../../src/library/wf-module.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'wf-differences-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const FILE = `
import { defineStep, defineWorkflow } from 'wf-engine';
import { setup } from 'xstate';
import { z } from 'zod';

const step = (kind: string, timeoutMs: number, attempts: number) => defineStep({
  kind, description: 'looks', input: z.object({ name: z.string() }), output: z.null(), timeoutMs,
  retry: { attempts, initialMs: 10, factor: 2, maxMs: 100 },
  commands: () => [], rehearse: () => null, read: async () => null,
});
const machine = setup({
  types: { context: {} as { name: string }, input: {} as { name: string; pings: number } },
  actors: { look: step('test.look', 60000, 1), ping: step('test.ping', 5000, 3) },
  guards: { many: ({ context }) => context.name.length > 3 },
  delays: { soon: 100 },
}).createMachine({
  context: ({ input }) => ({ name: input.name }),
  initial: 'setup',
  states: {
    setup: {
      initial: 'images',
      states: {
        images: { invoke: { id: 'provideImage', src: 'look', input: ({ context }) => ({ name: context.name }), onDone: 'ready' } },
        ready: { type: 'final' },
      },
      onDone: 'test',
    },
    test: {
      invoke: [
        { id: 'pingOne', src: 'ping', input: { name: 'one' }, onDone: 'teardown' },
        { id: 'pingTwo', src: 'ping', input: { name: 'two' } },
      ],
      on: { SKIP: 'teardown' },
      after: { soon: 'teardown' },
    },
    teardown: { invoke: { id: 'remove', src: 'look', input: { name: 'all' }, onDone: 'done' } },
    done: { type: 'final' },
  },
});
export default defineWorkflow({
  name: 'lab', version: '1', description: 'd',
  input: z.object({ name: z.string(), pings: z.number().default(3) }), machine,
} as never);
`;

async function describe(text: string): Promise<Json> {
  const file = path.join(mkdtempSync(path.join(root, 'folder-')), 'lab.ts');
  writeFileSync(file, text);
  const options = {
    cacheFolder: path.join(root, 'cache'),
    wfModule,
    confine: confineCode,
  };
  const { definition } = await loadWorkflow({ name: 'lab', file }, options);
  return parseJson(JSON.stringify(definition.description)); // as the history keeps it
}

test('a definition does not differ from itself, nor by comments and blank lines', async () => {
  const definition = await describe(FILE);
  expect(definitionDifferences(definition, definition)).toEqual([]);
  expect(definitionDifferences(definition, await describe(`// later\n\n${FILE}`))).toEqual([]);
});

test.each<[string, readonly (readonly [from: string, to: string])[], readonly string[]]>([
  ['a version', [[`version: '1'`, `version: '2'`]], ['version 1 -> 2']],
  [
    'a step’s input',
    [['({ name: context.name })', '({ name: context.name.trim() })']],
    ['state setup.images: invoke provideImage: input changed'],
  ],
  [
    'another actor',
    [[`id: 'remove', src: 'look'`, `id: 'remove', src: 'ping'`]],
    [
      'stage teardown: invoke remove: src look -> ping',
      'step remove: step runner test.look -> test.ping',
      'step remove (test.look): timeoutMs 60000 -> 5000',
      'step remove (test.look): retry.attempts 1 -> 3',
    ],
  ],
  [
    'a removed invoke',
    [[`{ id: 'pingTwo', src: 'ping', input: { name: 'two' } },`, '']],
    ['stage test: invoke pingTwo is gone'],
  ],
  [
    'an event',
    [[`on: { SKIP: 'teardown' }`, `on: { STOP: 'teardown' }`]],
    ['stage test: on SKIP is gone', 'stage test: on STOP is new'],
  ],
  [
    'a target of a transition',
    [[`onDone: 'ready'`, `onDone: { target: 'ready' }`]],
    ['state setup.images: invoke provideImage: onDone changed'],
  ],
  [
    'a guard and a delay',
    [
      ['length > 3', 'length > 4'],
      ['soon: 100', 'soon: 200'],
    ],
    ['guard many changed', 'delay soon 100 -> 200'],
  ],
  [
    'a policy',
    [[`'test.look', 60000, 1`, `'test.look', 30000, 1`]],
    ['step provideImage (test.look): timeoutMs 60000 -> 30000', 'step remove (test.look): timeoutMs 60000 -> 30000'],
  ],
  [
    'a host',
    [
      ['import { defineStep', 'import { onHost, defineStep'],
      ["step('test.ping', 5000, 3)", "onHost('alpha', step('test.ping', 5000, 3))"],
    ],
    ['step pingOne: host is new', 'step pingTwo: host is new'],
  ],
  [
    'inputs',
    [
      ['default(3)', 'default(5)'],
      ['name: z.string(), pings', 'name: z.string().optional(), pings'],
    ],
    ['input pings: default 3 -> 5', 'input name is no longer required'],
  ],
  [
    'a removed stage',
    [
      [`teardown: { invoke: { id: 'remove', src: 'look', input: { name: 'all' }, onDone: 'done' } },`, ''],
      [`onDone: 'teardown' }`, `onDone: 'done' }`],
      [`SKIP: 'teardown'`, `SKIP: 'done'`],
      [`soon: 'teardown'`, `soon: 'done'`],
    ],
    [
      'stage test: invoke pingOne: onDone teardown -> done',
      'stage test: on SKIP teardown -> done',
      'stage test: after soon teardown -> done',
      'stage teardown is gone',
    ],
  ],
  ['a new stage', [['done: { type', `after: { on: { GO: 'done' } },\n    done: { type`]], ['stage after is new']],
])('%s is reported', async (_what, edits, expected) => {
  const edited = edits.reduce((text, [from, to]) => {
    expect(text).toContain(from);
    return text.replace(from, to);
  }, FILE);
  expect(definitionDifferences(await describe(FILE), await describe(edited))).toEqual(expected);
});

test('a changed order of stages is reported', () => {
  const of = (stages: readonly string[]) => toJson({ stages });
  expect(definitionDifferences(of(['a', 'b', 'c']), of(['b', 'a', 'c']))).toEqual([
    'the order of the stages changed: b, a, c',
  ]);
  expect(definitionDifferences(of(['a', 'b']), of(['a', 'x', 'b']))).toEqual([]);
});

test('at most twenty differences are reported, with the number of the others', () => {
  const of = (suffix: string) =>
    toJson({
      machine: { guards: Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`g${n}`, `${n}${suffix}`])) },
    });
  const differences = definitionDifferences(of('a'), of('b'));
  expect(differences).toHaveLength(21);
  expect(differences[0]).toBe('guard g0 0a -> 0b');
  expect(differences.at(-1)).toBe('and 30 more');
});

test('any two descriptions can be compared, and equal ones have no differences', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      const [one, other] = [toJson(a), toJson(b)];
      expect(definitionDifferences(one, one)).toEqual([]);
      for (const line of definitionDifferences(one, other)) expect(line).not.toBe('');
    }),
  );
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findProject, findUnmarked, findWorkflowFiles } from '../../../src/definition/find-files.ts';
import { loadWorkflow } from '../../../src/definition/load.ts';
import { confineCode } from '../../../src/host/workflow-code/confine-code.ts';
import { wfModule } from '../../../src/library/wf-module.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'wf-definitions-'));
  mkdirSync(path.join(root, 'workflows'));
  mkdirSync(path.join(root, 'deep', 'below'), { recursive: true });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const HEAD = `
import { defineStep, defineWorkflow } from 'wf-engine';
import { assign, fromPromise, log, raise, emit, sendTo, setup } from 'xstate';
import { z } from 'zod';
const look = defineStep({ kind: 'test.look', description: 'looks', input: z.object({}), output: z.null(), commands: () => [], rehearse: () => null, read: async () => null });
const define = (name: string, machine: unknown) => defineWorkflow({ name, version: '1', description: 'd', input: z.object({}), machine } as never);
const once = (extra = {}) => ({ initial: 'one', states: { one: { invoke: { id: 'look', src: 'look', onDone: 'end' }, ...extra }, end: { type: 'final' } } });
`;

/** Loads a workflow file with this text, from a folder of its own: a module that is loaded stays loaded. */
function load(name: string, text: string) {
  const file = path.join(mkdtempSync(path.join(root, 'folder-')), `${name}.ts`);
  writeFileSync(file, text);
  return loadWorkflow({ name, file }, { cacheFolder: path.join(root, 'cache'), wfModule, confine: confineCode });
}

describe('a workflow file', () => {
  test('loads from TypeScript without a build step', async () => {
    const { workflow, definition } = await load(
      'plain',
      `${HEAD}
      interface Typed { readonly a: number }
      const typed: Typed = { a: 1 };
      void typed;
      export default define('plain', setup({ actors: { look } }).createMachine(once() as never));`,
    );
    expect(workflow).toMatchObject({ name: 'plain', version: '1', keepsChanges: false });
    expect(workflow.model.stages).toEqual(['one']);
    expect([...workflow.model.invocations.values()]).toMatchObject([
      { invoke: 'look', stage: 'one', runner: { kind: 'test.look' } },
    ]);
    expect(definition.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  test('keeps its hash until a guard changes, whatever it notifies', async () => {
    const text = (limit: number) => `${HEAD}
      const machine = setup({ actors: { look }, guards: { enough: () => ${limit} > 1 } }).createMachine(once({ always: { guard: 'enough', target: 'end' } }) as never);
      export default define('hashed', machine);`;
    const notifying = text(1).replace(/define\('hashed', machine\)/, "{ ...$&, notify: { argv: ['notifier'] } }");
    const [first, again, other] = [
      await load('hashed', text(1)),
      await load('hashed', `${text(1)}\n`),
      await load('hashed', text(2)),
    ];
    expect(again.definition.hash).toBe(first.definition.hash);
    expect(other.definition.hash).not.toBe(first.definition.hash);
    expect(await load('hashed', notifying)).toMatchObject({
      workflow: { notify: { argv: ['notifier'] } },
      definition: { hash: first.definition.hash },
    });
  });

  test.each([
    ['throws', `throw new Error('broken at load');`, 'broken at load'],
    ['is not TypeScript', `const = ;`, 'cannot be loaded'],
    ['exports nothing', `export const x = 1;`, 'has no default export'],
    ['exports nonsense', `export default 42;`, 'expected object'],
    ['has no machine', `${HEAD} export default define('case', undefined);`, 'must be an XState v5 machine'],
    ...['[]', '["./notifier"]', '["notifier", 1]'].map((argv): [string, string, string] => [
      `notifies ${argv}`,
      `${HEAD} export default { ...define('case', setup({ actors: { look } }).createMachine(once() as never)), notify: { argv: ${argv} } };`,
      'notify.argv',
    ]),
    [
      'has another name than its file',
      `${HEAD} export default define('other', setup({ actors: { look } }).createMachine(once() as never));`,
      'defines the workflow "other"',
    ],
    [
      'has a function for an action',
      `${HEAD} export default define('case', setup({ actors: { look } }).createMachine(once({ entry: () => { console.log('impure'); } }) as never));`,
      'a function; only assign, raise, emit and log are pure',
    ],
    [
      'has a named function for an action',
      `${HEAD} export default define('case', setup({ actors: { look }, actions: { callHome: () => {} } }).createMachine(once({ exit: 'callHome' }) as never));`,
      '"callHome"; only assign',
    ],
    [
      'sends to another actor',
      `${HEAD} export default define('case', setup({ actors: { look } }).createMachine(once({ entry: sendTo('look', { type: 'x' }) }) as never));`,
      'xstate.sendTo; only assign',
    ],
    [
      'has an impure action on a transition',
      `${HEAD} export default define('case', setup({ actors: { look } }).createMachine(once({ on: { x: { actions: () => {} } } }) as never));`,
      'a function; only assign',
    ],
    [
      'invokes an actor that is no step runner',
      `${HEAD} export default define('case', setup({ actors: { look: fromPromise(async () => null) } }).createMachine(once() as never));`,
      'not a step runner',
    ],
    [
      'uses an invoke id twice',
      `${HEAD} export default define('case', setup({ actors: { look } }).createMachine({ initial: 'one', states: { one: { invoke: { id: 'look', src: 'look', onDone: 'two' } }, two: { invoke: { id: 'look', src: 'look', onDone: 'end' } }, end: { type: 'final' } } } as never));`,
      'the invoke id look is used twice',
    ],
  ])('is refused with the reason if it %s', async (_what, text, reason) => {
    await expect(load('case', text)).rejects.toMatchObject({
      code: 'E_WORKFLOW_INVALID',
      message: expect.stringContaining(reason),
      hint: expect.stringMatching(/./),
    });
  });

  test('may assign, raise, emit, log and delay', async () => {
    const { workflow } = await load(
      'pure',
      `${HEAD}
      const machine = setup({ types: { context: {} as { n: number } }, actors: { look }, delays: { soon: 10 }, actions: { note: log('x') } }).createMachine({
        context: { n: 0 }, ...once({ entry: [assign({ n: 1 }), raise({ type: 'x' }), emit({ type: 'y' }), 'note'], after: { soon: 'end' } }) } as never);
      export default define('pure', machine);`,
    );
    expect(workflow.model.stages).toEqual(['one']);
  });
});

describe('the search for workflow files', () => {
  test('finds the nearest project folder upwards, and ignores files with other names', async () => {
    writeFileSync(path.join(root, 'workflows', 'README.md'), '');
    writeFileSync(path.join(root, 'workflows', 'Not_A_Name.ts'), '');
    writeFileSync(path.join(root, 'workflows', 'found.ts'), '');
    const below = path.join(root, 'deep', 'below');
    expect(findProject(below), 'a folder of this name alone makes no project').toBeUndefined();
    expect(findUnmarked(below)).toBe(root);
    for (const [name, text] of [
      ['.wf', ''],
      ['package.json', '{"name":"wf-engine"}'],
      ['package.json', '{"devDependencies":{"wf-engine":"1"}}'],
    ] as const) {
      writeFileSync(path.join(root, name), text);
      expect(findProject(below)).toBe(root);
      rmSync(path.join(root, name));
    }
    writeFileSync(path.join(root, 'package.json'), '{"dependencies":{"other":"1"}}');
    expect(findProject(below)).toBeUndefined();
    const names = findWorkflowFiles([path.join(root, 'workflows'), path.join(root, 'missing')]).map(
      (file) => file.name,
    );
    expect(names).toContain('found');
    expect(names).not.toContain('README');
    expect(names).not.toContain('Not_A_Name');
  });
});

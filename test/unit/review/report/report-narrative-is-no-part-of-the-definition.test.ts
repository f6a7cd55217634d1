import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { loadWorkflow } from '../../../../src/definition/load.ts';
import { confineCode } from '../../../../src/host/workflow-code/confine-code.ts';
import { wfModule } from '../../../../src/library/wf-module.ts';
import { temporaryFolder } from '../../../fixtures/history/temporary.ts';

const FACTS = { language: 'en', runtime: 'embedded', input: {}, outputs: {} } as const;

/** Loads a workflow file with this expression as its narrative; null: without one. */
function load(narrative: string | null) {
  const folder = temporaryFolder();
  const file = path.join(folder, 'narrated.ts');
  const member = narrative === null ? '' : `narrative: ${narrative},`;
  writeFileSync(
    file,
    `import { defineStep, defineWorkflow } from 'wf-engine';
import { setup } from 'xstate';
import { z } from 'zod';
const look = defineStep({ kind: 'test.look', description: 'looks', input: z.object({}), output: z.null(), commands: () => [], rehearse: () => null, read: async () => null });
const machine = setup({ actors: { look } }).createMachine({ initial: 'one', states: { one: { invoke: { id: 'look', src: 'look', onDone: 'end' } }, end: { type: 'final' } } });
export default defineWorkflow({ name: 'narrated', version: '1', description: 'd', input: z.object({ name: z.string().default('x') }), machine, ${member} } as never);
`,
  );
  const options = {
    cacheFolder: path.join(folder, 'cache'),
    wfModule,
    confine: confineCode,
  };
  return loadWorkflow({ name: 'narrated', file }, options);
}

const TITLED = (title: string) => `({ input }) => ({ title: ${title}, introduction: [], stages: {} })`;

test('a change of the narrative does not change the definition hash', async () => {
  const [none, one, other] = [await load(null), await load(TITLED("'a'")), await load(TITLED("'b'"))];
  expect(one.definition.hash).toBe(none.definition.hash);
  expect(other.definition.hash).toBe(none.definition.hash);
  expect(none.workflow.narrative).toBeUndefined();
});

test('a narrative receives the parsed input, and can be asynchronous', async () => {
  const { workflow } = await load(
    `async ({ input, outputs, language, runtime }) => ({ title: [input.name, language, runtime, outputs.look].join(' '), introduction: [], stages: {} })`,
  );
  expect(
    await workflow.narrative?.({ language: 'fr', runtime: 'docker', input: {}, outputs: { look: 'seen' } }),
  ).toEqual({
    title: 'x fr docker seen',
    introduction: [],
    stages: {},
  });
});

test('an invalid narrative is refused with its errors', async () => {
  const { workflow } = await load(`() => ({ title: 1, introduction: [], stages: { one: { title: 't' } } })`);
  await expect(workflow.narrative?.(FACTS)).rejects.toMatchObject({
    code: 'E_WORKFLOW_INVALID',
    message: expect.stringMatching(/title.*stages\.one\.text/),
  });
  await expect(load("'no function'")).rejects.toMatchObject({
    code: 'E_WORKFLOW_INVALID',
    message: expect.stringContaining('narrative'),
  });
});

test('the loader returns the narrative of the lab', async () => {
  const file = path.resolve(import.meta.dirname, '../../../../workflows/lab-network.ts');
  const options = {
    cacheFolder: temporaryFolder(),
    wfModule,
    confine: confineCode,
  };
  const { workflow } = await loadWorkflow({ name: 'lab-network', file }, options);
  const narrative = await workflow.narrative?.(FACTS);
  expect(narrative?.title).toBe('Two Docker networks, joined by hand');
  expect(Object.keys(narrative?.stages ?? {})).toEqual([...workflow.model.stages]);
  const invokes = [...workflow.model.invocations.keys()].map((id) => id.split('.').at(-1));
  expect(Object.keys(narrative?.steps ?? {}).toSorted()).toEqual(invokes.toSorted());
});

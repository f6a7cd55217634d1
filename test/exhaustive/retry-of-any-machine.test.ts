import fc from 'fast-check';
import { expect, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { describeDefinition } from '../../src/definition/describe.ts';
import { replay } from '../../src/engine/machine/replay.ts';
import { WfError } from '../../src/engine/model/errors.ts';
import type { JournalEntry } from '../../src/engine/model/journal-event.ts';
import { childWorkflow } from '../../src/engine/workflow/child-workflow.ts';
import { defineStep } from '../../src/engine/workflow/define-step.ts';
import { forEach } from '../../src/engine/workflow/for-each.ts';
import { rebuildProjection } from '../fixtures/history/rebuild-projection.ts';
import { loaded, openFolderHost } from '../support/in-process/folder-host.ts';
import { isLeaf, type Shape, shapesOf } from '../support/in-process/machine-shapes.ts';
import { EVERY_CASE } from '../support/rotation.ts';

/** A step, and the answer of the machine to its failure. */
type Leaf = {
  readonly kind: 'leaf';
  readonly onError: 'unhandled' | 'broken' | 'optional' | 'dead end' | 'fallback' | 'collect';
  /** The number of turns that the step takes, so that steps of parallel states end in any order. */
  readonly turns: number;
  /** The number of items if it is a `forEach`; 0 for a single step. */
  readonly items: number;
  /** Whether the step is in a child workflow. */
  readonly isChild: boolean;
};
const leaf: fc.Arbitrary<Leaf> = fc.record({
  kind: fc.constant('leaf'),
  onError: fc.constantFrom('unhandled', 'broken', 'optional', 'dead end', 'fallback', 'collect'),
  turns: fc.integer({ min: 0, max: 4 }),
  items: fc.integer({ min: 0, max: 3 }),
  isChild: fc.boolean(),
});
const shape = shapesOf(leaf);

const NO_INPUT: z.ZodObject = z.object({});

/** The steps that fail, by the invoke id, and the calls of all steps so far. */
interface World {
  readonly failing: Set<string>;
  readonly calls: string[];
}

function stepIn(world: World) {
  return defineStep({
    kind: 'test.random',
    description: 'behaves as the test requests',
    input: z.object({ name: z.string(), turns: z.number() }),
    output: z.object({}),
    commands: () => [],
    rehearse: () => ({}),
    async read({ name, turns }, { step, attempt, signal }) {
      world.calls.push(`${step} ${attempt}`);
      for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
      if (world.failing.has(name)) throw new WfError('E_STEP_FAILED', `${name} failed`, { hint: 'none' });
      return {};
    },
  });
}

/** The names of the items of a leaf; that of a single step is its id. */
function itemNames({ items }: Leaf, id: string): readonly string[] {
  return Array.from({ length: items }, (_unused, index) => (index === 0 ? id : `${id}-${index}`));
}

function leafState(part: Leaf, id: string): object {
  const { onError, turns, items } = part;
  const invoke = (name: string, to: string, failed?: string) => ({
    invoke: { id: name, src: 'step', input: { name, turns }, onDone: to, ...(failed ? { onError: failed } : {}) },
  });
  const list = (to: string, failed?: string) => {
    const input = { items: itemNames(part, id).map((name, index) => ({ name, turns: (turns + index) % 5 })) };
    return { invoke: { id, src: 'each', input, onDone: to, ...(failed ? { onError: failed } : {}) } };
  };
  const targets = { broken: '#broken', optional: 'end', 'dead end': 'bad', fallback: 'more', collect: 'more' };
  const failed = onError === 'unhandled' ? undefined : targets[onError];
  return {
    initial: 'do',
    states: {
      do: items === 0 ? invoke(id, 'end', failed) : list('end', failed),
      ...(onError === 'fallback' ? { more: invoke(`${id}more`, 'end', '#broken') } : {}),
      ...(onError === 'collect' ? { more: invoke(`${id}more`, '#broken') } : {}),
      // A failure that leads nowhere: the machine waits there.
      ...(onError === 'dead end' ? { bad: { after: { late: '#broken' } } } : {}),
      end: { type: 'final' },
    },
  };
}

function workflowOf(whole: Shape<Leaf>, world: World) {
  let ids = 0;
  const names: string[] = [];
  const own = { step: stepIn(world), each: forEach(stepIn(world), { concurrency: 2 }) };
  const children: Record<string, ReturnType<typeof childWorkflow>> = {};
  const base = { delays: { late: 30 } };
  const broken = { id: 'broken', type: 'final', tags: ['failed'] } as const;
  const stateOf = (part: Shape<Leaf>): object => {
    const id = `s${++ids}`;
    if (isLeaf(part)) {
      names.push(id, `${id}more`, ...itemNames(part, id));
      if (!part.isChild) return leafState(part, id);
      const machine = setup({ actors: own, ...base }).createMachine({
        initial: 'all',
        states: { all: { ...leafState(part, id), onDone: 'end' }, end: { type: 'final' }, broken },
      });
      const child = `${id}child`;
      children[child] = childWorkflow({ name: child, version: '1', description: '', input: NO_INPUT, machine });
      const invoke = { id: child, src: child, onDone: 'end', onError: '#broken' };
      return { initial: 'do', states: { do: { invoke }, end: { type: 'final' } } };
    }
    if (part.kind === 'parallel') {
      const states = part.parts.map((inner, n) => [
        `p${n}`,
        { initial: 'in', states: { in: { ...stateOf(inner), onDone: 'out' }, out: { type: 'final' } } },
      ]);
      return { type: 'parallel', states: Object.fromEntries(states) };
    }
    const states = part.parts.map((inner, n) => [`c${n}`, { ...stateOf(inner), onDone: `c${n + 1}` }]);
    return { initial: 'c0', states: { ...Object.fromEntries(states), [`c${part.parts.length}`]: { type: 'final' } } };
  };
  const all = stateOf(whole);
  const machine = setup({ actors: { ...own, ...children }, ...base }).createMachine({
    initial: 'all',
    states: { all: { ...all, onDone: 'end' }, end: { type: 'final' }, broken },
  });
  const workflow = loaded({ name: 'random', version: '1', description: '', input: z.object({}), machine });
  return { workflow, definition: describeDefinition(workflow, workflow.model), names };
}

/** Returns the steps that began again although they had succeeded. */
function repeated(entries: readonly JournalEntry[]): readonly string[] {
  const succeeded = new Set<string>();
  return entries.flatMap(({ event }) => {
    if (event.type === 'step.succeeded') succeeded.add(event.step);
    return event.type === 'step.attempted' && succeeded.has(event.step) ? [event.step] : [];
  });
}

test('a failed run of any machine succeeds after enough retries, repeats no step that succeeded, and replays exactly', {
  timeout: 240_000,
}, async () => {
  let retries = 0;
  await fc.assert(
    fc.asyncProperty(shape, fc.array(fc.integer({ min: 0, max: 63 }), { maxLength: 6 }), async (whole, failing) => {
      const world: World = { failing: new Set(), calls: [] };
      const { workflow, definition, names } = workflowOf(whole, world);
      const fail = (wanted: readonly number[]) => {
        world.failing.clear();
        for (const index of wanted) world.failing.add(names[index % names.length] ?? '');
      };
      const host = openFolderHost();
      try {
        fail(failing);
        const handle = await host.start(workflow, {}, { onFailure: 'keep' });
        await handle.result;
        const { id: run } = handle;
        // Fewer steps fail at each retry, and none at the last.
        for (let left = failing.slice(1); host.history.run(run)?.status === 'failed'; left = left.slice(1)) {
          fail(left);
          const by = { user: 'ann', sudoUser: null, host: 'here' };
          const { outcome } = await host.engine.deliver({
            ...{ run, by, demand: { kind: 'retry' }, comment: null },
            advance: async () => {
              const request = { run, workflow, definition, acceptChanges: false, pauseAfter: null };
              await (await host.engine.resume(request)).result;
            },
          });
          expect(outcome).toEqual({ type: 'handled' });
          retries += 1;
        }
        const stored = host.history.run(run);
        const journal = host.history.journal(run);
        if (stored === undefined) throw new Error('no run');
        expect(stored.status).toBe('succeeded');
        replay(workflow.model, stored, journal);
        expect(repeated(journal)).toEqual([]);
        expect(new Set(world.calls).size).toBe(world.calls.length);
        expect(rebuildProjection(journal)?.steps).toEqual(host.history.steps(run));
      } finally {
        host.close();
      }
    }),
    { numRuns: EVERY_CASE ? 500 : 30, endOnFailure: true },
  );
  expect(retries).toBeGreaterThan(10);
});

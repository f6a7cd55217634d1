import { describe, expect, test } from 'vitest';
import { assign, type StateValue, setup } from 'xstate';
import { z } from 'zod';
import { decide, decideStart } from '../../../src/engine/machine/decide/decide.ts';
import { stepDone, stepError } from '../../../src/engine/machine/decide/outcome-event.ts';
import { rehearse } from '../../../src/engine/machine/rehearse.ts';
import { defineStep } from '../../../src/engine/workflow/define-step.ts';
import { approval, flow } from '../../../src/flow/index.ts';
import { loaded } from '../../support/in-process/folder-host.ts';

const work = defineStep({
  kind: 'test.work',
  description: 'works',
  input: z.object({ file: z.string() }),
  output: z.object({ size: z.number() }),
  commands: () => [],
  rehearse: () => ({ size: 3 }),
  read: async () => ({ size: 3 }),
});

interface Context {
  readonly file: string;
  readonly size: number;
  readonly isLong: boolean;
}

const base = setup({
  types: { context: {} as Context },
  actors: { work },
  guards: { isLong: ({ context }) => context.isLong },
});
const { sequence, parallel, lanes } = flow(base);
const go = { src: 'work', input: { file: 'x' } } as const;

type State = ReturnType<typeof sequence>;

function modelOf(stages: State, isLong = false) {
  const machine = base.createMachine({ context: { file: 'x', size: 0, isLong }, ...stages });
  return loaded({ name: 'flow', version: '1', description: '', input: z.object({}), machine });
}

/** The steps of a dry run, in their order. */
function stepsOf(stages: State, isLong = false): readonly string[] {
  return rehearse(modelOf(stages, isLong), {}, Math.random).map(({ stage, step }) => `${stage} ${step}`);
}

describe('a sequence', () => {
  test('is a plain state, whose elements lead to the next', () => {
    const input = ({ context }: { context: Context }) => ({ file: context.file });
    const keep = base.assign({ size: 1 });
    expect(
      sequence({
        one: { src: 'work', input },
        two: { src: 'work', input, onDone: [{ guard: 'isLong', target: 'one' }, { actions: keep }], onError: 'done' },
        inner: { initial: 'a', states: { a: { type: 'final' } } },
        broken: { type: 'final', tags: ['failed'] },
      }),
    ).toEqual({
      initial: 'one',
      states: {
        one: { invoke: { id: 'one', src: 'work', input, onDone: 'two' } },
        two: {
          invoke: {
            id: 'two',
            src: 'work',
            input,
            onDone: [
              { guard: 'isLong', target: 'one' },
              { actions: keep, target: 'inner' },
            ],
            onError: 'done',
          },
        },
        inner: { initial: 'a', states: { a: { type: 'final' } }, onDone: 'done' },
        broken: { type: 'final', tags: ['failed'] },
        done: { type: 'final' },
      },
    });
  });

  test('has stages and steps in its order, without those whose guard does not pass', () => {
    const stages = sequence({
      prepare: sequence({ look: go, ask: { ...go, when: 'isLong' } }),
      act: { ...sequence({ act: go }), when: ({ context }) => context.isLong },
      check: go,
    });
    expect(stepsOf(stages)).toEqual(['prepare look', 'check check']);
    expect(stepsOf(stages, true)).toEqual(['prepare look', 'prepare ask', 'act-due act', 'check check']);
  });

  test('evaluates no input of a step that it skips', () => {
    const input = () => {
      throw new Error('evaluated');
    };
    expect(stepsOf(sequence({ main: sequence({ a: { src: 'work', input, when: 'isLong' }, b: go }) }))).toEqual([
      'main b',
    ]);
  });

  test('refuses names whose order JavaScript changes, and no elements', () => {
    expect(() => sequence({ b: go, 1: go })).toThrow('the name 1 is a number');
    expect(() => sequence({})).toThrow('it has no elements');
  });
});

test('parallel and lanes end when all that they began has ended', () => {
  const stages = sequence({
    both: parallel({ a: go, b: sequence({ b1: go, b2: go }), c: { ...go, when: 'isLong' } }),
    sides: lanes({ left: { l1: go, l2: go }, right: { r1: go } }),
    after: go,
  });
  expect(stepsOf(stages)).toEqual(['both a', 'both b1', 'both b2', 'sides l1', 'sides r1', 'sides l2', 'after after']);
  const { model } = modelOf(stages);
  let decision = decideStart(model, { id: 'run', input: {} }, 0);
  expect(decision.value).toEqual({ both: { a: 'a', b: 'b1', c: 'done' } } satisfies StateValue);
  for (const step of ['b1', 'b2', 'a']) decision = decide(model, decision.state, stepDone(step, { size: 1 }), 0);
  expect(decision.value).toEqual({ sides: { left: 'l1', right: 'r1' } });
  const failed = decide(model, decision.state, stepError('l1', { message: 'no' }), 0);
  expect(failed.status).toMatchObject({ type: 'error' });
});

test('an approval waits for one of two events, and leads to their states', () => {
  const stages = sequence({
    draft: go,
    agreed: approval({ title: 'Publish?', approve: 'publish', reject: { target: 'discarded', label: 'Discard' } }),
    publish: go,
    discarded: { type: 'final', tags: ['failed'] },
  });
  const { model } = modelOf(stages);
  const asked = decide(model, decideStart(model, { id: 'run', input: {} }, 0).state, stepDone('draft', { size: 1 }), 0);
  expect(Object.values(asked.state.snapshot.getMeta())).toEqual([
    { ask: { title: 'Publish?', text: '', events: { approve: { label: 'Approve' }, reject: { label: 'Discard' } } } },
  ]);
  expect(decide(model, asked.state, { type: 'approve' }, 0).value).toBe('publish');
  expect(decide(model, asked.state, { type: 'reject' }, 0).status).toMatchObject({ type: 'done', failed: true });
});

test('the types of XState check actors, inputs, outputs and guards', () => {
  const typed = [
    sequence({ a: { src: 'work', input: ({ context }) => ({ file: context.file }) } }),
    sequence({
      a: { src: 'work', input: { file: 'x' }, onDone: { actions: assign({ size: ({ event }) => event.output.size }) } },
    }),
    // @ts-expect-error there is no such actor
    sequence({ a: { src: 'play', input: { file: 'x' } } }),
    // @ts-expect-error the input has another type
    sequence({ a: { src: 'work', input: () => ({ file: 1 }) } }),
    // @ts-expect-error the context has no such member
    sequence({ a: { src: 'work', input: ({ context }) => ({ file: context.title }) } }),
    sequence({
      a: {
        src: 'work',
        input: { file: 'x' },
        // @ts-expect-error the output has no such member
        onDone: { actions: assign({ size: ({ event }) => event.output.length }) },
      },
    }),
    // @ts-expect-error there is no such guard
    sequence({ a: { ...go, when: 'isShort' } }),
    // @ts-expect-error the id of a step is the name of its element
    sequence({ a: { ...go, id: 'b' } }),
    // @ts-expect-error an actor needs its input
    parallel({ a: { src: 'work', input: {} } }),
  ];
  expect(typed).toHaveLength(9);
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { replay } from '../../src/engine/machine/replay.ts';
import { WfError } from '../../src/engine/model/errors.ts';
import type { JournalEntry } from '../../src/engine/model/journal-event.ts';
import { canonicalJson, toJson } from '../../src/engine/model/json.ts';
import { childWorkflow } from '../../src/engine/workflow/child-workflow.ts';
import { defineStep } from '../../src/engine/workflow/define-step.ts';
import { storedRun } from '../fixtures/history/stored-run.ts';
import { loaded, openFolderHost } from '../support/in-process/folder-host.ts';
import { isLeaf, type Shape, shapesOf } from '../support/in-process/machine-shapes.ts';
import { simulatedClock } from '../support/in-process/simulated-clock.ts';
import { EVERY_CASE } from '../support/rotation.ts';

/** The behaviour of one generated state. */
type Leaf = {
  readonly kind: 'leaf';
  readonly outcome: 'ok' | 'fail' | 'flaky' | 'slow';
  /** The number of turns that the step takes, so that steps of parallel states end in any order. */
  readonly turns: number;
  readonly delayMs: number | null;
  readonly visits: number;
  /** Whether it is a child workflow, which its parent may leave, and visits twice. */
  readonly isChild: boolean;
};
const leaf: fc.Arbitrary<Leaf> = fc.record({
  kind: fc.constant('leaf'),
  outcome: fc.constantFrom('ok', 'ok', 'ok', 'fail', 'flaky', 'slow'),
  turns: fc.integer({ min: 0, max: 4 }),
  delayMs: fc.option(fc.integer({ min: 1, max: 400 })),
  visits: fc.integer({ min: 1, max: 3 }),
  isChild: fc.boolean(),
});
const shape = shapesOf(leaf);

const step = defineStep({
  kind: 'test.random',
  description: 'behaves as the test requests',
  input: z.object({ outcome: z.enum(['ok', 'fail', 'flaky', 'slow']), turns: z.number() }),
  output: z.object({ attempt: z.number() }),
  timeoutMs: 120,
  retry: { attempts: 2, initialMs: 10, factor: 2, maxMs: 50 },
  commands: () => [],
  rehearse: () => ({ attempt: 1 }),
  async read({ outcome, turns }, { attempt, signal }) {
    for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    if (outcome === 'slow') {
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    }
    if (outcome === 'fail' || (outcome === 'flaky' && attempt === 1)) {
      throw new WfError('E_DOCKER', 'as requested', { hint: 'none', transient: outcome === 'flaky' });
    }
    return { attempt };
  },
});

type Children = Record<string, ReturnType<typeof childWorkflow>>;

const definitionWith = (children: Children) =>
  setup({
    types: { context: {} as { log: string[] } },
    actors: { step, ...children },
    guards: {
      visited: ({ context }, limit: { id: string; times: number }) =>
        context.log.filter((id) => id === limit.id).length >= limit.times,
    },
  });

const NO_INPUT: z.ZodObject = z.object({});

function leafState(part: Leaf, id: string, children: Children): object {
  if (part.isChild) {
    const inner = { ...part, visits: 1, isChild: false };
    const machine = definitionWith({}).createMachine({
      context: { log: [] },
      initial: 'all',
      states: { all: { ...leafState(inner, id, {}), onDone: 'end' }, end: { type: 'final' } },
      output: ({ context }) => context.log,
    });
    children[id] = childWorkflow({ name: id, version: '1', description: '', input: NO_INPUT, machine });
    const noted = assign({ log: ({ context }: { context: { log: string[] } }) => [...context.log, id] });
    const invoke = { id, src: id, input: {}, onDone: 'again' };
    const guard = { type: 'visited', params: { id, times: 2 } };
    const after = part.delayMs === null ? {} : { after: { [part.delayMs * 2]: 'again' } };
    return {
      initial: 'do',
      states: {
        do: { entry: noted, invoke, ...after },
        again: { always: [{ guard, target: 'end' }, { target: 'do' }] },
        end: { type: 'final' },
      },
    };
  }
  const noted = assign({ log: ({ context }: { context: { log: string[] } }) => [...context.log, id] });
  return {
    initial: 'do',
    states: {
      do: {
        entry: noted,
        invoke: {
          id,
          src: 'step',
          input: { outcome: part.outcome, turns: part.turns },
          onDone: 'check',
          onError: 'check',
        },
        ...(part.delayMs === null ? {} : { after: { [part.delayMs]: 'check' } }),
      },
      check: {
        always: [{ guard: { type: 'visited', params: { id, times: part.visits } }, target: 'end' }, { target: 'do' }],
      },
      end: { type: 'final' },
    },
  };
}

/** A machine of this shape. Every failure is handled, so the machine reaches its end. */
function machineOf(whole: Shape<Leaf>) {
  let ids = 0;
  const children: Children = {};
  const stateOf = (part: Shape<Leaf>): object => {
    const id = `s${++ids}`;
    if (isLeaf(part)) return leafState(part, id, children);
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
  return definitionWith(children).createMachine({
    context: { log: [] },
    initial: 'all',
    states: { all: { ...all, onDone: 'end' }, end: { type: 'final' } },
    output: ({ context }) => context.log,
  });
}

async function runToEnd(whole: Shape<Leaf>) {
  const clock = simulatedClock();
  const host = openFolderHost(clock);
  try {
    const workflow = loaded({
      name: 'random',
      version: '1',
      description: '',
      input: z.object({}),
      machine: machineOf(whole),
    });
    const handle = await host.start(workflow);
    let ended = false;
    void handle.result.finally(() => {
      ended = true;
    });
    for (let turn = 0; !ended; turn += 1) {
      if (turn > 20_000) throw new Error('the run does not come to an end');
      await new Promise((resolve) => setImmediate(resolve));
      if (turn % 6 === 5) clock.step();
    }
    const header = storedRun(host.history, handle.id);
    return {
      workflow,
      header,
      result: await handle.result,
      entries: host.history.journal(handle.id),
      steps: host.history.steps(handle.id),
      pending: clock.pending,
    };
  } finally {
    host.close();
  }
}

describe('the journal of a random machine', () => {
  test('replays to the exact state of the run at every point', async () => {
    await fc.assert(
      fc.asyncProperty(shape, async (whole) => {
        const { workflow, header, result, entries, steps, pending } = await runToEnd(whole);
        const last = replay(workflow.model, header, entries);
        const decisions = entries.filter(({ event }) => event.type === 'decided');
        expect(result).toEqual({
          type: 'ended',
          end: { status: 'succeeded', output: last?.status.type === 'done' ? last.status.output : 'not done' },
        });
        // A run that is killed after any event resumes in exactly that state.
        for (const [n, { event }] of decisions.entries()) {
          const part = replay(
            workflow.model,
            header,
            entries.filter(({ seq }) => seq <= (decisions[n]?.seq ?? 0)),
          );
          if (event.type !== 'decided') throw new Error('not a decision');
          expect(canonicalJson(toJson(part?.value))).toBe(canonicalJson(event.value));
          expect(part?.children).toEqual(event.children);
          expect(part?.digest()).toBe(event.digest);
        }
        // Every step has an outcome, and no timer is pending.
        expect(steps.filter(({ status }) => status === 'running' || status === 'retrying')).toEqual([]);
        expect(pending).toBe(0);
      }),
      { numRuns: EVERY_CASE ? 60 : 25 },
    );
  }, 120_000);

  test('is refused at its first altered event', async () => {
    const { workflow, header, entries } = await runToEnd({
      kind: 'chain',
      parts: [
        { kind: 'leaf', outcome: 'ok', turns: 0, delayMs: 50, visits: 2, isChild: false },
        { kind: 'leaf', outcome: 'fail', turns: 0, delayMs: null, visits: 1, isChild: true },
      ],
    });
    const altered = entries.map((entry): JournalEntry => {
      if (entry.event.type !== 'decided' || entry.event.event === null) return entry;
      return { ...entry, event: { ...entry.event, event: { type: 'nothing' } } };
    });
    const first = entries.find(({ event }) => event.type === 'decided' && event.event !== null);
    expect(() => replay(workflow.model, header, altered)).toThrow(
      expect.objectContaining({ code: 'E_JOURNAL_DIVERGED', details: { seq: first?.seq } }),
    );
  });
});

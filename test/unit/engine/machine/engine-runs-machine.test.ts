import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { assign, raise, setup } from 'xstate';
import { z } from 'zod';
import { rehearse } from '../../../../src/engine/machine/rehearse.ts';
import { replay } from '../../../../src/engine/machine/replay.ts';
import { WfError } from '../../../../src/engine/model/errors.ts';
import type { RunHandle } from '../../../../src/engine/run/engine.ts';
import { defineStep } from '../../../../src/engine/workflow/define-step.ts';
import { storedRun } from '../../../fixtures/history/stored-run.ts';
import { type FolderHost, loaded, openFolderHost } from '../../../support/in-process/folder-host.ts';
import { type SimulatedClock, simulatedClock } from '../../../support/in-process/simulated-clock.ts';

let host: FolderHost;
let clock: SimulatedClock;
beforeEach(() => {
  clock = simulatedClock();
  host = openFolderHost(clock);
});
afterEach(() => host.close());

/** Records the calls of a step, and the most that ran at once. */
function counter() {
  const calls: string[] = [];
  let running = 0;
  let most = 0;
  const gates = new Map<string, () => void>();
  const step = defineStep({
    kind: 'test.count',
    description: 'counts',
    input: z.object({ name: z.string(), wait: z.boolean().default(false), failures: z.number().default(0) }),
    output: z.object({ name: z.string(), call: z.number() }),
    timeoutMs: 5_000,
    retry: { attempts: 4, initialMs: 100, factor: 2, maxMs: 250 },
    commands: () => [],
    rehearse: ({ name }) => ({ name, call: 0 }),
    async read({ name, wait, failures }, { attempt, signal }) {
      calls.push(name);
      running += 1;
      most = Math.max(most, running);
      try {
        if (wait) {
          await new Promise<void>((resolve, reject) => {
            gates.set(name, resolve);
            signal.addEventListener('abort', () => reject(signal.reason));
          });
        }
        if (attempt <= failures) {
          throw new WfError('E_DOCKER', `failure ${attempt}`, { hint: 'wait', transient: true });
        }
        return { name, call: calls.length };
      } finally {
        running -= 1;
      }
    },
  });
  return { step, calls, most: () => most, open: (name: string) => gates.get(name)?.() };
}

/** Waits for the result of a run, firing timers as they come due. */
async function settle(handle: RunHandle) {
  let result: Awaited<RunHandle['result']> | undefined;
  void handle.result.then((value) => {
    result = value;
  });
  for (let turn = 0; turn < 1_000 && result === undefined; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (result === undefined && turn % 5 === 4) clock.step();
  }
  return handle.result;
}

const define = (machine: Parameters<typeof loaded>[0]['machine'], extra: Partial<Parameters<typeof loaded>[0]> = {}) =>
  loaded({
    name: 'test',
    version: '1',
    description: '',
    input: z.object({ n: z.number().default(1) }),
    machine,
    ...extra,
  });

describe('a run', () => {
  test('passes the output of one step to the next, and ends with the output of the machine', async () => {
    const { step, calls } = counter();
    const machine = setup({
      types: { context: {} as { last: string; n: number }, input: {} as { n: number } },
      actors: { step },
    }).createMachine({
      context: ({ input }) => ({ last: 'none', n: input.n }),
      initial: 'one',
      states: {
        one: {
          invoke: {
            id: 'first',
            src: 'step',
            input: ({ context }) => ({ name: `n${context.n}` }),
            onDone: { target: 'two', actions: assign({ last: ({ event }) => event.output.name }) },
          },
        },
        two: {
          invoke: { id: 'second', src: 'step', input: ({ context }) => ({ name: `${context.last}+` }), onDone: 'end' },
        },
        end: { type: 'final' },
      },
      output: ({ context }) => context.last,
    });
    const result = await settle(await host.start(define(machine), { n: 7 }));
    expect(calls).toEqual(['n7', 'n7+']);
    expect(result).toEqual({ type: 'ended', end: { status: 'succeeded', output: 'n7' } });
  });

  test('parses the input of a step once, as its schema may change the type', async () => {
    const seen: number[] = [];
    const doubled = defineStep({
      kind: 'test.doubled',
      description: 'takes a text of digits',
      input: z.object({ digits: z.string().transform(Number) }),
      output: z.object({ twice: z.number() }),
      commands: () => [],
      rehearse: ({ digits }) => ({ twice: 2 * digits }),
      async read({ digits }) {
        seen.push(digits);
        return { twice: 2 * digits };
      },
    });
    const machine = setup({ actors: { doubled } }).createMachine({
      initial: 'only',
      states: {
        only: { invoke: { id: 'only', src: 'doubled', input: { digits: '21' }, onDone: 'end' } },
        end: { type: 'final' },
      },
    });
    expect(await settle(await host.start(define(machine)))).toMatchObject({ end: { status: 'succeeded' } });
    expect(seen).toEqual([21]);
    expect(rehearse(define(machine), {}, () => 0)).toMatchObject([{ step: 'only' }]);
  });

  test('executes the steps of parallel states concurrently, and joins them', async () => {
    const { step, calls, most, open } = counter();
    const region = (name: string) => ({
      initial: 'go',
      states: {
        go: { invoke: { id: name, src: 'step' as const, input: { name, wait: true }, onDone: 'ok' } },
        ok: { type: 'final' as const },
      },
    });
    const machine = setup({ actors: { step } }).createMachine({
      initial: 'both',
      states: {
        both: { type: 'parallel', states: { a: region('a'), b: region('b') }, onDone: 'after' },
        after: { invoke: { id: 'after', src: 'step', input: { name: 'after' }, onDone: 'end' } },
        end: { type: 'final' },
      },
    });
    const handle = await host.start(define(machine));
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toEqual(['a', 'b']);
    open('b');
    open('a');
    expect(await settle(handle)).toMatchObject({ end: { status: 'succeeded' } });
    expect(most()).toBe(2);
    expect(calls.at(-1)).toBe('after');
  });

  test('retries a transient failure with growing pauses', async () => {
    const { step, calls } = counter();
    const machine = setup({ actors: { step } }).createMachine({
      initial: 'one',
      states: {
        one: { invoke: { id: 'flaky', src: 'step', input: { name: 'x', failures: 3 }, onDone: 'end' } },
        end: { type: 'final' },
      },
    });
    const handle = await host.start(define(machine));
    await settle(handle);
    expect(calls).toEqual(['x', 'x', 'x', 'x']);
    const retries = host.history
      .journal(handle.id)
      .flatMap(({ at, event }) => (event.type === 'step.retrying' ? [event.retryAt - at] : []));
    // 100, 200 and 400 capped at 250, each times 0.75: half of a pause is random, and random is 0.5 here.
    expect(retries).toEqual([75, 150, 188]);
    expect(host.history.steps(handle.id)).toMatchObject([{ id: 'flaky', status: 'succeeded', attempts: 4 }]);
  });

  test('ends a step at its time limit, and passes the error code to onError', async () => {
    const { step } = counter();
    const machine = setup({
      types: { context: {} as { code: string } },
      actors: { slow: step.with({ timeoutMs: 50, retry: { attempts: 1, initialMs: 1, factor: 1, maxMs: 1 } }) },
    }).createMachine({
      context: { code: '' },
      initial: 'one',
      states: {
        one: {
          invoke: {
            id: 'slow',
            src: 'slow',
            input: { name: 'x', wait: true },
            onError: {
              target: 'end',
              actions: assign({ code: ({ event }) => z.object({ code: z.string() }).parse(event.error).code }),
            },
          },
        },
        end: { type: 'final' },
      },
      output: ({ context }) => context.code,
    });
    expect(await settle(await host.start(define(machine)))).toMatchObject({
      end: { status: 'succeeded', output: 'E_STEP_TIMEOUT' },
    });
  });

  test('ignores a late outcome of a step that has timed out', async () => {
    const { step, open } = counter();
    let end = () => {};
    const deaf = defineStep({
      kind: 'test.deaf',
      description: 'does not hear that it is to end',
      input: z.object({}),
      output: z.object({}),
      timeoutMs: 50,
      commands: () => [],
      rehearse: () => ({}),
      async read() {
        await new Promise<void>((resolve) => (end = resolve));
        return {};
      },
    });
    const machine = setup({ actors: { deaf, step } }).createMachine({
      initial: 'one',
      states: {
        one: { invoke: { id: 'deaf', src: 'deaf', input: {}, onError: 'two' } },
        two: { invoke: { id: 'next', src: 'step', input: { name: 'next', wait: true }, onDone: 'end' } },
        end: { type: 'final' },
      },
    });
    const handle = await host.start(define(machine));
    const eventTypes = () =>
      host.history.journal(handle.id).flatMap(({ event }) => ('step' in event ? [event.type] : []));
    await vi.waitFor(() => expect(clock.pending).toBe(1), 10_000);
    clock.step();
    clock.step();
    await vi.waitFor(() => expect(eventTypes()).toEqual(['step.failed']), 10_000);
    end();
    await new Promise((resolve) => setTimeout(resolve, 20));
    open('next');
    expect(await handle.result).toMatchObject({ end: { status: 'succeeded' } });
    expect(eventTypes()).toEqual(['step.failed', 'step.succeeded']);
  });

  test('journals the deadline of a delay, and stops the step that the delay interrupts', async () => {
    const { step } = counter();
    const machine = setup({
      actors: { step: step.with({ timeoutMs: 60_000 }) },
      delays: { patience: 1_000 },
    }).createMachine({
      initial: 'one',
      states: {
        one: { invoke: { id: 'slow', src: 'step', input: { name: 'x', wait: true } }, after: { patience: 'end' } },
        end: { type: 'final' },
      },
    });
    const begun = clock.now();
    const handle = await host.start(define(machine));
    expect(await settle(handle)).toMatchObject({ end: { status: 'succeeded' } });
    const [, start] = host.history.journal(handle.id);
    expect(start?.event).toMatchObject({
      effects: expect.arrayContaining([expect.objectContaining({ type: 'set-timer', deadline: begun + 1_000 })]),
    });
    expect(host.history.steps(handle.id)).toMatchObject([{ id: 'slow', status: 'stopped' }]);
  });

  test('continues when an event arrives, and releases its lease if it waits without a timer', async () => {
    const { step } = counter();
    const machine = setup({
      types: { events: {} as { type: 'go'; word: string }, context: {} as { word: string } },
      actors: { step },
    }).createMachine({
      context: { word: '' },
      initial: 'gate',
      states: {
        gate: {
          after: { 60000: 'end' },
          on: { go: { target: 'end', actions: assign({ word: ({ event }) => event.word }) } },
        },
        end: { type: 'final' },
      },
      output: ({ context }) => context.word,
    });
    const handle = await host.start(define(machine));
    await vi.waitFor(() => expect(host.history.run(handle.id)).toMatchObject({ status: 'waiting' }), 10_000);
    await handle.send({ type: 'go', word: 'now' });
    expect(await handle.result).toMatchObject({ end: { status: 'succeeded', output: 'now' } });

    const withoutTimer = setup({ actors: { step } }).createMachine({
      initial: 'gate',
      states: { gate: { on: { go: 'end' } }, end: { type: 'final' } },
    });
    const waiting = await host.start(define(withoutTimer));
    expect(await waiting.result).toEqual({ type: 'waiting' });
    expect(host.history.run(waiting.id)).toMatchObject({ status: 'waiting', owner: null });
  });

  test('gives each repeated invocation of a step its own id', async () => {
    const { step } = counter();
    const machine = setup({
      types: { context: {} as { rounds: number } },
      actors: { step },
      guards: { again: ({ context }) => context.rounds < 3 },
    }).createMachine({
      context: { rounds: 0 },
      initial: 'round',
      states: {
        round: {
          entry: assign({ rounds: ({ context }) => context.rounds + 1 }),
          invoke: {
            id: 'work',
            src: 'step',
            input: { name: 'x' },
            onDone: [{ guard: 'again', target: 'round', reenter: true }, { target: 'end' }],
          },
        },
        end: { type: 'final' },
      },
    });
    const handle = await host.start(define(machine));
    await settle(handle);
    expect(host.history.steps(handle.id).map((row) => row.id)).toEqual(['work', 'work#2', 'work#3']);
  });

  test('finishes the current step when it is interrupted, and begins no other', async () => {
    const { step, calls, open } = counter();
    const machine = setup({ actors: { step } }).createMachine({
      initial: 'one',
      states: {
        one: { invoke: { id: 'first', src: 'step', input: { name: 'first', wait: true }, onDone: 'two' } },
        two: { invoke: { id: 'second', src: 'step', input: { name: 'second' }, onDone: 'end' } },
        end: { type: 'final' },
      },
    });
    const handle = await host.start(define(machine));
    await new Promise((resolve) => setImmediate(resolve));
    handle.interrupt('SIGINT');
    open('first');
    expect(await handle.result).toEqual({ type: 'interrupted', signal: 'SIGINT' });
    expect(calls).toEqual(['first']);
    expect(host.history.steps(handle.id)).toMatchObject([{ id: 'first', status: 'succeeded' }, { id: 'second' }]);
  });

  test('fails if a guard of its machine throws', async () => {
    const { step } = counter();
    const machine = setup({ types: { context: {} as { x: number } }, actors: { step } }).createMachine({
      context: { x: 0 },
      initial: 'one',
      states: {
        one: {
          invoke: {
            id: 'first',
            src: 'step',
            input: { name: 'x' },
            onDone: {
              target: 'end',
              guard: () => {
                throw new Error('no such thing');
              },
            },
          },
        },
        end: { type: 'final' },
      },
    });
    const handle = await host.start(define(machine));
    const result = await settle(handle);
    expect(result).toMatchObject({ type: 'ended', end: { status: 'failed' } });
    expect(JSON.stringify(result)).toContain('no such thing');
  });

  test('replays to the same state, and a diverging replay names the first event that differs', async () => {
    const { step } = counter();
    const machineWith = (second: string) =>
      setup({ types: { context: {} as { seen: string[] } }, actors: { step } }).createMachine({
        context: { seen: [] },
        initial: 'one',
        states: {
          one: {
            invoke: {
              id: 'first',
              src: 'step',
              input: { name: 'a' },
              onDone: {
                target: 'two',
                actions: assign({ seen: ({ context, event }) => [...context.seen, event.output.name] }),
              },
            },
          },
          two: { invoke: { id: 'second', src: 'step', input: { name: second }, onDone: 'end' } },
          end: { type: 'final' },
        },
        output: ({ context }) => context.seen,
      });
    const workflow = define(machineWith('b'));
    const handle = await host.start(workflow);
    await settle(handle);
    const header = storedRun(host.history, handle.id);
    const entries = host.history.journal(handle.id);
    expect(replay(workflow.model, header, entries)).toMatchObject({ status: { type: 'done', output: ['a'] } });

    const diverging = entries.find(
      ({ event }) =>
        event.type === 'decided' &&
        event.effects.some((effect) => effect.type === 'start-step' && effect.step === 'second'),
    );
    expect(() => replay(define(machineWith('c')).model, header, entries)).toThrow(
      expect.objectContaining({
        code: 'E_JOURNAL_DIVERGED',
        message: expect.stringContaining(`event ${diverging?.seq} `),
      }),
    );
  });

  test('handles a raised event within the same decision', async () => {
    const workflow = loaded({
      name: 'raising',
      version: '1',
      description: '',
      input: z.object({}),
      machine: setup({}).createMachine({
        initial: 'one',
        states: { one: { entry: raise({ type: 'go' }), on: { go: 'end' } }, end: { type: 'final' } },
      }),
    });
    const handle = await host.start(workflow);
    expect(await handle.result).toMatchObject({ type: 'ended', end: { status: 'succeeded' } });
    const decisions = host.history.journal(handle.id).filter(({ event }) => event.type === 'decided');
    expect(decisions.map(({ event }) => event)).toMatchObject([{ value: 'end', effects: [] }]);
  });

  test('fails if its machine loops without an event', async () => {
    const machine = setup({ types: { context: {} as { n: number } } }).createMachine({
      context: { n: 0 },
      initial: 'here',
      states: {
        here: { always: { target: 'there', actions: assign({ n: ({ context }) => context.n + 1 }) } },
        there: { always: 'here' },
      },
    });
    const handle = await host.start(define(machine));
    expect(await settle(handle)).toMatchObject({
      end: {
        status: 'failed',
        error: { message: expect.stringContaining('Infinite loop') },
      },
    });
  });
});

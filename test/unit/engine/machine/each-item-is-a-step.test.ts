import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { describeDefinition } from '../../../../src/definition/describe.ts';
import { requireConfirmable } from '../../../../src/engine/confirm/confirm-rule.ts';
import { decide, decideStart } from '../../../../src/engine/machine/decide/decide.ts';
import { actorIdOf } from '../../../../src/engine/machine/decide/machine-state.ts';
import { stepDone } from '../../../../src/engine/machine/decide/outcome-event.ts';
import { rehearse } from '../../../../src/engine/machine/rehearse.ts';
import { replay } from '../../../../src/engine/machine/replay.ts';
import { WfError } from '../../../../src/engine/model/errors.ts';
import type { RunId } from '../../../../src/engine/model/ids.ts';
import { dependenciesOf } from '../../../../src/engine/plan/dependencies.ts';
import { NO_SECRETS } from '../../../../src/engine/secrets/secrets.ts';
import { defineStep } from '../../../../src/engine/workflow/define-step.ts';
import { forEach } from '../../../../src/engine/workflow/for-each.ts';
import type { LoadedWorkflow } from '../../../../src/engine/workflow/workflow.ts';
import { checkSteps } from '../../../../src/review/check/check-steps.ts';
import { readDefinition } from '../../../../src/review/graph/read-graph.ts';
import { markRun } from '../../../../src/review/graph/run-marks.ts';
import { execOnUndo, revertSteps } from '../../../../src/steps/index.ts';
import { rebuildProjection } from '../../../fixtures/history/rebuild-projection.ts';
import { type FolderHost, loaded, openFolderHost } from '../../../support/in-process/folder-host.ts';

let host: FolderHost;
/** The calls of items in order, as `name attempt`. */
let calls: string[];
let failing: Set<string>;
/** Items that do not end until their signal. */
let hanging: Set<string>;
/** Whether later items end first. */
let isBackwards: boolean;
let underWay: number;
let mostUnderWay: number;
beforeEach(() => {
  host = openFolderHost(undefined, () => false);
  calls = [];
  failing = new Set();
  hanging = new Set();
  isBackwards = false;
  underWay = 0;
  mostUnderWay = 0;
});
afterEach(() => host.close());

const work = defineStep({
  kind: 'test.work',
  description: 'ends as the test decides',
  input: z.object({ name: z.string() }),
  output: z.object({ done: z.string() }),
  commands: () => [],
  rehearse: ({ name }) => ({ done: name }),
  async read({ name }, { attempt, signal }) {
    calls.push(`${name} ${attempt}`);
    underWay += 1;
    mostUnderWay = Math.max(mostUnderWay, underWay);
    const turns = isBackwards ? 5 - calls.length : 0;
    for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    if (hanging.has(name)) {
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    }
    underWay -= 1;
    if (failing.has(name)) throw new WfError('E_STEP_FAILED', `${name} failed`, { hint: 'none' });
    return { done: name };
  },
});

interface Context {
  readonly items: readonly string[];
  readonly rounds: number;
  readonly done: readonly string[];
  readonly failed: unknown;
}

type Options = NonNullable<Parameters<typeof forEach<{ name: string }, { done: string }>>[1]>;

/** Works through a list, `rounds` times, and then through a list of files. */
function workflow(items: readonly string[], options: Options = {}, { rounds = 1, catches = false } = {}) {
  const machine = setup({
    types: { context: {} as Context },
    actors: { work: forEach(work, options), files: forEach(host.makeFile, { concurrency: 2 }) },
  }).createMachine({
    context: { items, rounds: 0, done: [], failed: null },
    initial: 'working',
    states: {
      working: {
        initial: 'files',
        states: {
          files: {
            invoke: {
              id: 'files',
              src: 'files',
              input: ({ context }) => ({
                items: context.items.map((name, index) => ({ name: `${name.at(0)}${index}-${context.rounds}` })),
              }),
              onDone: 'each',
            },
          },
          each: {
            invoke: {
              id: 'each',
              src: 'work',
              input: ({ context }) => ({ items: context.items.map((name) => ({ name })) }),
              onDone: {
                target: 'again',
                actions: assign({
                  done: ({ event }) => event.output.map(({ done }) => done),
                  rounds: ({ context }) => context.rounds + 1,
                }),
              },
              ...(catches
                ? { onError: { target: 'end', actions: assign({ failed: ({ event }) => event.error }) } }
                : {}),
            },
          },
          again: { always: [{ guard: ({ context }) => context.rounds < rounds, target: 'files' }, 'end'] },
          end: { type: 'final' },
        },
        onDone: 'end',
      },
      end: { type: 'final' },
    },
    output: ({ context: { done, failed } }) => ({ done, failed }),
  });
  return loaded({ name: 'each', version: '1', description: '', input: z.object({}), machine, keepsChanges: true });
}

async function finish(mine: LoadedWorkflow, onFailure: 'rollback' | 'keep' = 'rollback') {
  const handle = await host.start(mine, {}, { onFailure });
  await handle.result;
  return stateOf(handle.id, mine);
}

/** The end of a run and its steps. Its tables are what its journal determines, and it replays. */
function stateOf(id: RunId, mine: LoadedWorkflow) {
  const run = host.history.run(id);
  if (run === undefined) throw new Error(`no run ${id}`);
  const journal = host.history.journal(id);
  expect(rebuildProjection(journal)?.steps).toEqual(host.history.steps(id));
  replay(mine.model, run, journal);
  const steps = host.history.steps(id).map((step) => `${step.id} ${step.status}`);
  return { id, journal, status: run.status, output: run.output, error: run.error, steps };
}

const KEYS: Options = { key: ({ name }) => name };

describe('a forEach', () => {
  test('carries out each item as a step, some at once, and has the outputs in the order of the items', async () => {
    isBackwards = true;
    const { id, journal, status, output, steps } = await finish(workflow(['a', 'b', 'c', 'd'], { concurrency: 3 }));
    expect({ status, output }).toEqual({ status: 'succeeded', output: { done: ['a', 'b', 'c', 'd'], failed: null } });
    expect(steps.slice(4)).toEqual([0, 1, 2, 3].map((index) => `each[${index}] succeeded`));
    expect(calls).toEqual(['a 1', 'b 1', 'c 1', 'd 1']);
    expect(mostUnderWay).toBe(3);
    expect(host.files()).toEqual(['a0-0', 'b1-0', 'c2-0', 'd3-0']);
    expect(host.history.evidence(id).map(({ step, command }) => `${step} ${command}`)).toContain('files[2] touch c2-0');
    expect(host.history.changes(id).map(({ step }) => step)).toEqual([0, 1, 2, 3].map((index) => `files[${index}]`));
    // Each item adds the same to the journal.
    expect(journal.filter(({ event }) => event.type === 'decided')).toHaveLength(9);
  });

  test('names items by their keys, and those of a second visit by its number', async () => {
    const { output, steps } = await finish(workflow(['a', 'b'], KEYS, { rounds: 2 }));
    expect(output).toMatchObject({ done: ['a', 'b'] });
    expect(steps.map((step) => step.split(' ')[0])).toEqual([
      ...['files[0]', 'files[1]', 'each[a]', 'each[b]'],
      ...['files#2[0]', 'files#2[1]', 'each#2[a]', 'each#2[b]'],
    ]);
    expect(mostUnderWay).toBe(1);
  });

  test('ends at once without items, and fails the run if that loops forever', async () => {
    expect(await finish(workflow([]))).toMatchObject({ status: 'succeeded', output: { done: [] }, steps: [] });
    const forever = await finish(workflow([], {}, { rounds: Number.MAX_SAFE_INTEGER }));
    expect(forever.error?.message).toMatch(/returns to (?:files|each), a forEach without items, forever/);
  });

  test('fails with its first item: those under way are stopped, no other begins, and all changes are undone', async () => {
    failing.add('b');
    hanging.add('c');
    const mine = workflow(['a', 'b', 'c', 'd'], { concurrency: 2 });
    const { status, error, steps } = await finish(mine);
    expect({ status, error: error?.message }).toEqual({ status: 'rolled-back', error: 'b failed' });
    expect(steps.slice(4)).toEqual(['each[0] succeeded', 'each[1] failed', 'each[2] stopped']);
    expect(host.files()).toEqual([]);
    const caught = await finish(workflow(['b', 'c'], KEYS, { catches: true }));
    expect(caught).toMatchObject({ status: 'succeeded', output: { failed: { message: 'b failed', step: 'each[b]' } } });
  });

  test('is retried from the items that failed or were stopped', async () => {
    failing.add('b');
    hanging.add('c');
    const mine = workflow(['a', 'b', 'c', 'd'], { concurrency: 2 });
    const { id } = await finish(mine, 'keep');
    failing.clear();
    hanging.clear();
    calls = [];
    const definition = describeDefinition(mine, mine.model);
    const by = { user: 'ann', sudoUser: null, host: 'here' };
    const demand = { kind: 'retry' } as const;
    const advance = async () => {
      const resumed = await host.engine.resume({
        run: id,
        workflow: mine,
        definition,
        acceptChanges: false,
        pauseAfter: null,
      });
      await resumed.result;
    };
    expect(await host.engine.deliver({ run: id, by, demand, comment: null, advance })).toMatchObject({
      outcome: { type: 'handled' },
    });
    expect(stateOf(id, mine)).toMatchObject({ status: 'succeeded', output: { done: ['a', 'b', 'c', 'd'] } });
    expect(calls).toEqual(['b 2', 'c 2', 'd 1']);
  });

  test('pauses between its items, and resumes from there', async () => {
    const mine = workflow(['a', 'b', 'c']);
    const handle = await host.start(mine);
    while (calls.length < 1) await new Promise((resolve) => setImmediate(resolve));
    handle.interrupt('SIGINT');
    expect(await handle.result).toMatchObject({ type: 'interrupted' });
    expect(calls).toEqual(['a 1']);
    const request = {
      run: handle.id,
      workflow: mine,
      definition: describeDefinition(mine, mine.model),
      acceptChanges: false,
      pauseAfter: null,
    };
    const { steps } = await host.engine.planResume(request);
    expect(steps.slice(3).map(({ step, plan }) => `${step} ${plan}`)).toEqual(['each[0] kept', 'each[1] run']);
    const resumed = await host.engine.resume(request);
    await resumed.result;
    expect(stateOf(handle.id, mine)).toMatchObject({ status: 'succeeded', output: { done: ['a', 'b', 'c'] } });
    expect(calls).toEqual(['a 1', 'b 1', 'c 1']);
  });

  test('is drawn as one step, with the state of all its items', async () => {
    failing.add('b');
    const marks = async (items: readonly string[]) => {
      const mine = workflow(items, { concurrency: 3 }, { catches: true });
      const { graph, config } = readDefinition(describeDefinition(mine, mine.model).description);
      const { id, journal } = await finish(mine);
      const { steps, states, taken } = markRun(graph, config, { id, status: 'succeeded', journal });
      return [steps.get('files'), steps.get('each'), states.get('working.again'), taken.size];
    };
    expect(await marks(['a', 'b', 'c'])).toEqual(['passed', 'failed', 'not-run', 3]);
    expect(await marks(['d', 'e', 'f'])).toEqual(['passed', 'passed', 'passed', 4]);
  });

  test('shows its items in a dry run, and is undone as one by revertSteps', async () => {
    const on = (name: string) => ({ argv: ['touch', name] satisfies [string, string], cwd: host.folder });
    const machine = setup({ actors: { onUndo: forEach(execOnUndo), revertSteps } }).createMachine({
      initial: 'make',
      states: {
        make: { invoke: { id: 'onUndo', src: 'onUndo', input: { items: [on('a'), on('b')] }, onDone: 'revert' } },
        revert: { invoke: { id: 'revert', src: 'revertSteps', input: { steps: ['onUndo'] }, onDone: 'end' } },
        end: { type: 'final' },
      },
    });
    const mine = loaded({ name: 'each', version: '1', description: '', input: z.object({}), machine });
    const steps = rehearse(mine, {}, Math.random);
    expect(steps.map(({ step, commands }) => [step, ...commands.map((argv) => argv.join(' '))])).toEqual([
      ['onUndo[0]'],
      ['onUndo[1]'],
      ['revert', 'touch b', 'touch a'],
    ]);
    const { graph } = readDefinition(describeDefinition(mine, mine.model).description);
    expect(checkSteps(graph, mine.model).filter(({ severity }) => severity === 'error')).toEqual([]);
    const { id } = await finish(mine);
    const undone = host.history.evidence(id).map(({ command }) => command);
    expect(undone.slice(0, 2)).toEqual(['touch b', 'touch a']);
    expect(host.history.changes(id).map((change) => change.status)).toEqual(['reverted', 'reverted']);
  });

  test('is one step of a dry run if its list depends on an output that only the run knows', () => {
    const list = defineStep({
      kind: 'test.list',
      description: 'lists',
      input: z.object({}),
      output: z.object({ names: z.array(z.string()) }),
      commands: () => [],
      rehearse: () => ({ names: [] }),
      read: async () => ({ names: ['a'] }),
    });
    const machine = setup({
      types: { context: {} as { readonly names: readonly string[] } },
      actors: { list, each: forEach(work) },
    }).createMachine({
      context: { names: [] },
      initial: 'list',
      states: {
        list: {
          invoke: {
            id: 'list',
            src: 'list',
            input: {},
            onDone: { target: 'each', actions: assign({ names: ({ event }) => event.output.names }) },
          },
        },
        each: {
          invoke: {
            id: 'each',
            src: 'each',
            input: ({ context }) => ({ items: context.names.map((name) => ({ name })) }),
            onDone: 'end',
          },
        },
        end: { type: 'final' },
      },
    });
    const mine = loaded({ name: 'each', version: '1', description: '', input: z.object({}), machine });
    const steps = rehearse(mine, {}, Math.random);
    expect(steps.map(({ step, stage, description }) => [step, stage, description])).toEqual([
      ['list', 'list', 'lists'],
      ['each', 'each', 'For each item, of which there is none yet: ends as the test decides'],
    ]);
    const dependencies = dependenciesOf(mine.model, { id: 'run', input: {} }, steps, NO_SECRETS);
    expect(Object.fromEntries(dependencies)).toEqual({
      list: { inputFrom: [], onlyIf: [] },
      each: { inputFrom: ['list'], onlyIf: [] },
    });
  });

  test.for([
    [['a', 'a'], 'step each, a forEach: items 0 and 1 have the same key a'],
    [['a', 'b c'], 'step each, a forEach: the key "b c" of item 1 cannot be part of a step id'],
    [['x]', 'b'], 'step each, a forEach: the key "x]" of item 0 cannot be part of a step id'],
  ] as const)('refuses keys that do not distinguish its items: %j', async ([items, message]) => {
    const { status, error, steps } = await finish(workflow(items, KEYS));
    expect({ status, message: error?.message }).toEqual({ status: 'rolled-back', message });
    expect(steps).toHaveLength(2);
  });

  test('refuses an invalid concurrency, and an id that reads like that of an item', () => {
    expect(() => forEach(work, { concurrency: 0 })).toThrow('the concurrency 0 is not a whole number from 1 to 100');
    const machine = setup({ actors: { work } }).createMachine({
      initial: 'one',
      states: { one: { invoke: { id: 'one[0]', src: 'work', input: { name: 'a' } } } },
    });
    expect(() => loaded({ name: 'x', version: '1', description: '', input: z.object({}), machine })).toThrow(
      'the invoke id one[0] reads like the id of a repeated visit, an item or a step of a child',
    );
  });

  test('is checked item by item, and is no probe that confirms a run', () => {
    const machine = setup({ actors: { each: forEach(work) } }).createMachine({
      initial: 'one',
      states: {
        one: {
          invoke: {
            id: 'each',
            src: 'each',
            input: { items: [{ name: 'a' }, JSON.parse('{"nam":"b"}')] },
            onDone: 'end',
          },
        },
        end: { type: 'final' },
      },
    });
    const mine = loaded({
      ...{ name: 'each', version: '1', description: '', input: z.object({}), machine },
      keepsChanges: true,
    });
    const { graph } = readDefinition(describeDefinition(mine, mine.model).description);
    expect(checkSteps(graph, mine.model).filter(({ severity }) => severity === 'error')).toMatchObject([
      { check: 'step-input', where: ['each'], message: expect.stringContaining('unknown key "nam"') },
    ]);
    const confirm = { withinMs: 1, applyWithinMs: 1, newSession: false, probe: 'each', guard: false };
    const options = { onFailure: 'rollback', pauseAfter: null, confirm } as const;
    expect(() => requireConfirmable(mine, options)).toThrow('workflow each has no probe each');
  });

  test('has concurrency and key in the hash of the definition', () => {
    const hashes = [{}, { concurrency: 2 }, KEYS, { key: ({ name }: { name: string }) => name.trim() }].map(
      (options) => {
        const mine = workflow(['a'], options);
        return describeDefinition(mine, mine.model).hash;
      },
    );
    expect(new Set(hashes).size).toBe(4);
  });

  test('takes time proportional to its items', () => {
    const millisecondsFor = (count: number) => {
      const { model } = workflow(Array.from({ length: count }, (_unused, index) => `item-${index}`));
      const before = process.cpuUsage().user;
      let decision = decideStart(model, { id: 'run', input: {} }, 0);
      const started = decision.effects.flatMap((effect) => (effect.type === 'start-step' ? [effect] : []));
      for (let next = started.shift(); next !== undefined; next = started.shift()) {
        decision = decide(model, decision.state, stepDone(actorIdOf(next), { done: 'yes' }), 0);
        expect(decision.digest()).toHaveLength(64);
        started.push(...decision.effects.flatMap((effect) => (effect.type === 'start-step' ? [effect] : [])));
      }
      expect(decision.status).toMatchObject({ type: 'done' });
      return process.cpuUsage().user - before;
    };
    millisecondsFor(500);
    // In proportion, it is 10 times as long; by the square, 100 times.
    expect(millisecondsFor(4_000) / millisecondsFor(400)).toBeLessThan(40);
  });
});

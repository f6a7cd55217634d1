import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { loadWorkflow } from '../../../../src/definition/load.ts';
import { type Decision, decide, decideStart } from '../../../../src/engine/machine/decide/decide.ts';
import { stepDone } from '../../../../src/engine/machine/decide/outcome-event.ts';
import { WfError } from '../../../../src/engine/model/errors.ts';
import type { JournalEntry } from '../../../../src/engine/model/journal-event.ts';
import { isJsonObject, type Json, toJson } from '../../../../src/engine/model/json.ts';
import type { MachineEvent } from '../../../../src/engine/model/machine-event.ts';
import { defineStep } from '../../../../src/engine/workflow/define-step.ts';
import type { LoadedWorkflow } from '../../../../src/engine/workflow/workflow.ts';
import { defineWorkflow } from '../../../../src/engine/workflow/workflow.ts';
import { confineCode } from '../../../../src/host/workflow-code/confine-code.ts';
import { wfModule } from '../../../../src/library/wf-module.ts';
import { pictureLines } from '../../../../src/review/graph/draw/terminal-picture.ts';
import { followDecisions } from '../../../../src/review/graph/follow-decisions.ts';
import { statesBelow } from '../../../../src/review/graph/machine-graph.ts';
import { readDefinition } from '../../../../src/review/graph/read-graph.ts';
import { type Mark, markRun } from '../../../../src/review/graph/run-marks.ts';
import { runStatus } from '../../../../src/review/record/run-status.ts';
import { PIPED } from '../../../fixtures/review/style.ts';
import { loaded, openFolderHost } from '../../../support/in-process/folder-host.ts';

/** A run of a machine with regions, guards, a join, a loop and transient states. */
async function drawnRun(
  input: { readonly fail?: boolean; readonly short?: boolean; readonly pauseAfter?: string } = {},
) {
  const host = openFolderHost();
  onTestFinished(() => host.close());
  const probe = defineStep({
    kind: 'test.probe',
    description: 'fails on request',
    input: z.object({ fail: z.boolean().default(false) }),
    output: z.null(),
    commands: () => [],
    rehearse: () => null,
    async read({ fail }) {
      if (fail) throw new WfError('E_PROBE_FAILED', 'it failed', { hint: 'none' });
      return null;
    },
  });
  const schema = z.object({ fail: z.boolean().default(false), short: z.boolean().default(false) });
  type Input = z.output<typeof schema>;
  const machine = setup({
    types: {
      input: {} as Input,
      context: {} as Input & { readonly rounds: number; readonly found: readonly string[] },
    },
    actors: { makeFile: host.makeFile, probe },
    guards: {
      short: ({ context }) => context.short,
      again: ({ context }) => context.rounds < 3,
      both: ({ context }) => context.found.length === 2,
    },
  }).createMachine({
    context: ({ input: given }) => ({ ...given, rounds: 0, found: [] }),
    initial: 'make',
    states: {
      make: {
        type: 'parallel',
        states: {
          left: {
            initial: 'one',
            states: {
              one: { invoke: { id: 'makeA', src: 'makeFile', input: { name: 'a' }, onDone: 'end' } },
              end: { type: 'final' },
            },
          },
          right: {
            initial: 'join',
            states: {
              join: {
                invoke: [
                  {
                    id: 'first',
                    src: 'probe',
                    input: {},
                    onDone: { actions: assign({ found: ({ context }) => [...context.found, 'first'] }) },
                  },
                  {
                    id: 'second',
                    src: 'probe',
                    input: {},
                    onDone: { actions: assign({ found: ({ context }) => [...context.found, 'second'] }) },
                  },
                ],
                always: { guard: 'both', target: 'choose' },
              },
              choose: { always: [{ guard: 'short', target: 'end' }, { target: 'long' }] },
              long: { invoke: { id: 'extra', src: 'probe', input: {}, onDone: 'end' } },
              end: { type: 'final' },
            },
          },
        },
        onDone: 'rounds',
      },
      rounds: {
        invoke: {
          id: 'round',
          src: 'probe',
          input: {},
          onDone: [
            {
              guard: 'again',
              target: 'rounds',
              reenter: true,
              actions: assign({ rounds: ({ context }) => context.rounds + 1 }),
            },
            { target: 'last' },
          ],
        },
      },
      last: { invoke: { id: 'final', src: 'probe', input: ({ context }) => ({ fail: context.fail }), onDone: 'done' } },
      never: { invoke: { id: 'neverRun', src: 'probe', input: {}, onDone: 'done' } },
      done: { type: 'final' },
    },
  });
  const workflow = loaded(
    defineWorkflow({ name: 'drawn', version: '1', description: 'drawn', input: schema, machine, keepsChanges: true }),
  );
  const handle = await host.start(
    workflow,
    { fail: input.fail ?? false, short: input.short ?? false },
    { pauseAfter: input.pauseAfter ?? null },
  );
  await handle.result;
  const run = host.history.run(handle.id);
  if (run === undefined) throw new Error('no run');
  // The machine is read from the history only.
  const stored = host.history.definition(run.definitionHash);
  const { graph, config } = readDefinition(stored ?? null);
  const status = runStatus(run, () => false);
  const marks = markRun(graph, config, { id: run.id, status, journal: host.history.journal(run.id) });
  const transitions = statesBelow(graph.root).flatMap((state) => state.transitions);
  const taken = Object.fromEntries(
    transitions.map((one) => [
      `${one.source} ${one.trigger.type} ${one.candidate} ${one.targets.join()}`,
      marks.taken.get(one.number) ?? 0,
    ]),
  );
  const marked = (mark: Mark) => [...marks.states].flatMap(([id, is]) => (is === mark ? [id] : []));
  return { graph, marks, marked, taken, status };
}

test('a succeeded run marks the states that it passed, also within one decision, and those that did not run', async () => {
  const { marked, marks, taken, status } = await drawnRun();
  expect(status).toBe('succeeded');
  expect(marked('not-run')).toEqual(['never']);
  expect(marked('passed')).toHaveLength(marks.states.size - 1);
  expect(marks.steps.get('neverRun')).toBe('not-run');
  expect(marks.steps.get('extra')).toBe('passed');
  expect(taken).toMatchObject({
    'make.right.join always 0 make.right.choose': 1,
    'make.right.choose always 0 make.right.end': 0,
    'make.right.choose always 1 make.right.long': 1,
    'make state-done 0 rounds': 1,
    'rounds done 0 rounds': 3,
    'rounds done 1 last': 1,
    'never done 0 done': 0,
  });
});

test('a state that a guard skipped is marked as not run', async () => {
  const { marked, taken } = await drawnRun({ short: true });
  expect(marked('not-run')).toEqual(['make.right.long', 'never']);
  expect(taken).toMatchObject({
    'make.right.choose always 0 make.right.end': 1,
    'make.right.choose always 1 make.right.long': 0,
  });
});

test('a failed run marks the failed state and the states that did not run', async () => {
  const { graph, marks, marked, status } = await drawnRun({ fail: true });
  expect(status).toBe('rolled-back');
  expect(marked('failed')).toEqual(['', 'last']);
  expect(marked('not-run')).toEqual(['never', 'done']);
  expect(marks.steps.get('final')).toBe('failed');
  const lines = pictureLines(graph, marks, PIPED);
  expect(lines).toContain('✗ ○ last');
  expect(lines).toContain('✗     final  test.probe  done → done');
  expect(lines).toContain('✓     round  test.probe  done [again] ⇒ itself (3 times)  done ⇒ last');
  expect(lines).toContain('· ◎ done');
});

test('a paused run marks the state that it resumes in as current', async () => {
  const { marked, marks, status } = await drawnRun({ pauseAfter: 'make' });
  expect(status).toBe('paused');
  expect(marked('current')).toEqual(['', 'rounds']);
  expect(marks.steps.get('round')).toBe('current');
  expect(marked('passed')).toContain('make.left.end');
});

test('a rehearsal of the lab passes every state and takes every transition once, except for the default route', async () => {
  const { workflow, definition } = await loadWorkflow(
    { name: 'lab-network', file: fileURLToPath(new URL('../../../../workflows/lab-network.ts', import.meta.url)) },
    {
      cacheFolder: fileURLToPath(new URL('../../../../node_modules/.cache/wf-test', import.meta.url)),
      wfModule,
      confine: confineCode,
    },
  );
  const { graph, config } = readDefinition(definition.description);
  const journal = rehearsedJournal(workflow, workflow.input.parse({ defaultRoute: 'none' }));
  const marks = markRun(graph, config, { id: 'lab', status: 'succeeded', journal });
  const notRun = [...marks.states].flatMap(([id, mark]) => (mark === 'passed' ? [] : [id]));
  expect(notRun).toEqual(['vethSplice.ends.containerEnd.route']);
  const untaken = statesBelow(graph.root)
    .flatMap(({ transitions }) => transitions)
    .filter(({ number }) => marks.taken.get(number) !== 1)
    .map(({ source, trigger, targets }) => `${source} ${trigger.type} ${targets.join()}`);
  expect(untaken).toEqual([
    'vethSplice.ends.containerEnd.address done vethSplice.ends.containerEnd.route',
    'vethSplice.ends.containerEnd.route done vethSplice.ends.containerEnd.ready',
  ]);
});

/** Returns the decisions that a run would journal if each step returned the output of its rehearsal. */
function rehearsedJournal({ model }: LoadedWorkflow, input: unknown): readonly JournalEntry[] {
  const entries: JournalEntry[] = [];
  const open: MachineEvent[] = [];
  const note = (event: MachineEvent | null, { value, effects, stages, digest }: Decision) => {
    const decided = { type: 'decided', event, effects, value, stages, digest: digest() } as const;
    entries.push({ seq: entries.length + 1, at: 0, event: decided });
    for (const effect of effects) {
      if (effect.type !== 'start-step') continue;
      const runner = model.invocations.get(effect.invoke)?.runner;
      if (runner === undefined) throw new Error(`no runner for ${effect.invoke}`);
      open.push(stepDone(effect.invoke, runner.rehearse(runner.parseInput(effect.input)).output));
    }
  };
  const given = toJson(input);
  let decision = decideStart(model, { id: 'graph', input: isJsonObject(given) ? given : {} }, 0);
  note(null, decision);
  for (let event = open.shift(); event !== undefined; event = open.shift()) {
    decision = decide(model, decision.state, event, 0);
    note(event, decision);
  }
  return entries;
}

test('a transition of a loop is counted where it was taken, also after a history state', () => {
  const config = {
    initial: 'a',
    states: {
      a: { on: { next: 'c' } },
      b: { on: { next: 'c' } },
      c: { on: { back: 'b', leave: 'away' } },
      away: { on: { enter: 'p.last', toC: 'c' } },
      p: {
        initial: 'x',
        on: { leave: 'away' },
        states: { x: { on: { turn: 'y' } }, y: {}, last: { type: 'history' } },
      },
    },
  };
  const way: readonly (readonly [event: string | null, value: Json])[] = [
    [null, 'a'],
    ['next', 'c'],
    ['back', 'b'],
    ['next', 'c'],
    ['leave', 'away'],
    ['enter', { p: 'x' }],
    ['turn', { p: 'y' }],
    ['leave', 'away'],
    ['toC', 'c'],
    ['leave', 'away'],
    ['enter', { p: 'y' }],
  ];
  const journal = way.map(([type, value], index): JournalEntry => {
    const event = type === null ? null : { type };
    return { seq: index + 1, at: 0, event: { type: 'decided', event, effects: [], value, stages: [], digest: '' } };
  });
  const { graph, config: plain } = readDefinition({ name: 'loop', version: '1', machine: { config } });
  const { taken } = followDecisions(plain, journal);
  const counts = statesBelow(graph.root).flatMap(({ id, transitions }) =>
    transitions.map(({ number }) => [id, taken.get(number) ?? 0]),
  );
  expect(counts).toEqual([
    ['a', 1],
    ['b', 1],
    ['c', 1],
    ['c', 2],
    ['away', 2],
    ['away', 1],
    ['p', 1],
    ['p.x', 1],
  ]);
});

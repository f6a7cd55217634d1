import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, setup } from 'xstate';
import { z } from 'zod';
import { describeDefinition } from '../../src/definition/describe.ts';
import { replay } from '../../src/engine/machine/replay.ts';
import { WfError } from '../../src/engine/model/errors.ts';
import type { CrashPoints } from '../../src/engine/ports/crash-points.ts';
import type { Engine, RunHandle } from '../../src/engine/run/engine.ts';
import { childWorkflow } from '../../src/engine/workflow/child-workflow.ts';
import { defineStep, runnerOf } from '../../src/engine/workflow/define-step.ts';
import { forEach } from '../../src/engine/workflow/for-each.ts';
import { rebuildProjection } from '../fixtures/history/rebuild-projection.ts';
import { type FolderHost, loaded, openFolderHost, runId } from '../support/in-process/folder-host.ts';
import { EVERY_CASE, inTurn } from '../support/rotation.ts';

/**
 * A wf that "dies" at one of its crash points: from then on nothing that it does reaches the history or the host. Real processes
 * are killed in test/crash; this tries machines of any shape at points of all kinds, by the thousand.
 */
function mortal(diesAt: number): CrashPoints & { readonly reached: () => number; readonly isDead: () => boolean } {
  let count = 0;
  return {
    reach() {
      count += 1;
      if (count >= diesAt) throw new WfError('E_INTERNAL', 'killed', { hint: 'none' });
    },
    reached: () => count,
    isDead: () => count >= diesAt,
  };
}

/**
 * A chain of stages; each makes its files side by side, in lanes or as the items of a list, and may be a child workflow: the first of one
 * that is a child itself. The last stage may fail.
 */
interface Shape {
  readonly stages: readonly number[];
  readonly isList: boolean;
  readonly isChild: boolean;
  readonly fails: boolean;
  readonly pauseAfter: number | null;
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  stages: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
  isList: fc.boolean(),
  isChild: fc.boolean(),
  fails: fc.boolean(),
  pauseAfter: fc.option(fc.integer({ min: 0, max: 2 })),
});

const NO_INPUT: z.ZodObject = z.object({});

/** A step that only counts, outside of the history, how often it was completed. */
function countingStep(host: FolderHost) {
  return defineStep({
    kind: 'test.count',
    description: 'counts',
    input: z.object({ name: z.string(), fails: z.boolean() }),
    output: z.object({ name: z.string() }),
    commands: () => [],
    rehearse: ({ name }) => ({ name }),
    async read({ name, fails }) {
      if (fails) throw new WfError('E_STEP_FAILED', 'as requested', { hint: 'none' });
      appendFileSync(path.join(host.folder, '..', 'count'), `${name}\n`);
      return { name };
    },
  });
}

function workflowOf(host: FolderHost, { stages, fails, isList, isChild }: Shape) {
  const count = countingStep(host);
  const actors = {
    makeFile: host.makeFile,
    count,
    makeFiles: forEach(host.makeFile, { concurrency: 2 }),
    countAll: forEach(count, { concurrency: 2, key: ({ name }) => name }),
  };
  const children: Record<string, ReturnType<typeof childWorkflow>> = {};
  /** Returns the state that invokes a child workflow with this machine. */
  const childState = (name: string, machine: AnyStateMachine, onDone: string) => {
    children[name] = childWorkflow({ name, version: '1', description: '', input: NO_INPUT, machine });
    return { invoke: { id: name, src: name, onDone } };
  };
  const machineOf = (states: object, initial: string): AnyStateMachine =>
    setup({ actors: { ...actors, ...children } }).createMachine({ initial, states: { ...states } });
  const stageOf = (state: object, stage: number) => {
    const onDone = `stage${stage + 1}`;
    const end = { type: 'final' };
    if (!isChild) return { ...state, onDone };
    const machine = machineOf({ all: { ...state, onDone: 'end' }, end }, 'all');
    if (stage > 0) return childState(`child${stage}`, machine, onDone);
    return childState('outer', machineOf({ inner: childState('inner', machine, 'end'), end }, 'inner'), onDone);
  };
  const fileOf = (stage: number, lane: number) => ({ name: `file-${stage}-${lane}` });
  const countOf = (stage: number, lane: number) => ({
    name: `${stage}-${lane}`,
    fails: fails && stage === stages.length - 1 && lane === 0,
  });
  const listed = (width: number, stage: number) => {
    const items = <Item>(itemOf: (stage: number, lane: number) => Item) => ({
      items: Array.from({ length: width }, (_unused, lane) => itemOf(stage, lane)),
    });
    return {
      initial: 'make',
      states: {
        make: { invoke: { id: `make-${stage}`, src: 'makeFiles', input: items(fileOf), onDone: 'count' } },
        count: { invoke: { id: `count-${stage}`, src: 'countAll', input: items(countOf), onDone: 'end' } },
        end: { type: 'final' },
      },
    };
  };
  const states = stages.map((width, stage) => [
    `stage${stage}`,
    stageOf(
      isList
        ? listed(width, stage)
        : {
            type: 'parallel',
            states: Object.fromEntries(
              Array.from({ length: width }, (_unused, lane) => [
                `lane${lane}`,
                {
                  initial: 'make',
                  states: {
                    make: {
                      invoke: {
                        id: `make-${stage}-${lane}`,
                        src: 'makeFile',
                        input: fileOf(stage, lane),
                        onDone: 'count',
                      },
                    },
                    count: {
                      invoke: {
                        id: `count-${stage}-${lane}`,
                        src: 'count',
                        input: countOf(stage, lane),
                        onDone: 'end',
                      },
                    },
                    end: { type: 'final' },
                  },
                },
              ]),
            ),
          },
      stage,
    ),
  ]);
  return loaded({
    name: 'stages',
    version: '1',
    description: '',
    input: z.object({}),
    machine: machineOf({ ...Object.fromEntries(states), [`stage${stages.length}`]: { type: 'final' } }, 'stage0'),
    keepsChanges: true,
  });
}

const id = runId(`mortal-${process.pid}`);

/** Advances the run in one process, which begins with `begin`, and ends with the run, a pause, or its death. */
async function live(begin: () => Promise<Pick<RunHandle, 'result'> | null>): Promise<void> {
  const handle = await begin().catch(() => null);
  await handle?.result.catch(() => {});
  // A closed socket is released one turn later.
  await new Promise((resolve) => setImmediate(resolve));
}

/** Returns how many points each life reached. */
async function killAndRecover(
  shape: Shape,
  recovery: 'resume' | 'rollback',
  deaths: readonly number[],
): Promise<readonly number[]> {
  const reached: number[] = [];
  let dead = () => false;
  const host = openFolderHost(undefined, () => false);
  host.onTouch = () => {
    if (dead()) throw new WfError('E_INTERNAL', 'killed', { hint: 'none' });
  };
  try {
    const workflow = workflowOf(host, shape);
    const definition = describeDefinition(workflow, workflow.model);
    const pauseAfter = shape.pauseAfter === null ? null : `stage${shape.pauseAfter % shape.stages.length}`;
    const runner = (kind: string) => (kind === 'test.file' ? runnerOf(host.makeFile) : undefined);
    const start = (engine: Engine) =>
      engine.start({
        workflow,
        definition,
        input: {},
        runtime: 'docker',
        options: { onFailure: 'rollback', pauseAfter },
        id,
      });
    const recover = (engine: Engine) =>
      recovery === 'resume'
        ? engine.resume({ run: id, workflow, definition, acceptChanges: false, pauseAfter: null })
        : engine.rollBack({ run: id, runner, removeKept: false });

    for (const [life, diesAt] of [...deaths, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY].entries()) {
      const crashPoints = mortal(diesAt);
      dead = crashPoints.isDead;
      const engine = host.engineWith(crashPoints);
      await live(() => (life === 0 || host.history.run(id) === undefined ? start(engine) : recover(engine)));
      reached.push(crashPoints.reached());
    }

    const run = host.history.run(id);
    if (run === undefined) throw new Error('there is no run');
    const journal = host.history.journal(id);
    const succeeds = recovery === 'resume' && !shape.fails;
    const expected = succeeds
      ? shape.stages.flatMap((width, stage) =>
          Array.from({ length: width }, (_unused, lane) => `file-${stage}-${lane}`),
        )
      : [];
    expect(host.files()).toEqual(expected);
    expect(run.status).toBe(succeeds ? 'succeeded' : 'rolled-back');
    // A run that succeeds keeps its files.
    expect(run.changesInPlace).toBe(expected.length);
    // The journal replays to the run, and the tables match the journal.
    expect(() => replay(workflow.model, run, journal)).not.toThrow();
    expect(rebuildProjection(journal)?.changes).toEqual(host.history.changes(id));
    // No completed step ran twice: its outcome is in the journal at most once, and nothing of it comes after that.
    const completed = journal.flatMap(({ seq, event }) =>
      event.type === 'step.succeeded' ? [{ seq, step: event.step }] : [],
    );
    expect(new Set(completed.map((one) => one.step)).size).toBe(completed.length);
    for (const { seq, step } of completed) {
      expect(journal.filter((entry) => entry.seq > seq && 'step' in entry.event && entry.event.step === step)).toEqual(
        [],
      );
    }
    const counted = countedIn(host);
    if (succeeds) expect(new Set(counted).size).toBe(completed.filter((one) => /(?:^|\/)count-/.test(one.step)).length);
    return reached;
  } finally {
    host.close();
  }
}

function countedIn(host: FolderHost): readonly string[] {
  const file = path.join(host.folder, '..', 'count');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}

describe('a killed wf', { timeout: 180_000 }, () => {
  test.for([
    ['while it goes forward', { stages: [2, 1], isList: false, isChild: false, fails: false, pauseAfter: null }],
    ['while it fails and is undone', { stages: [1, 2], isList: false, isChild: false, fails: true, pauseAfter: null }],
    [
      'while it pauses between two children',
      { stages: [1, 1], isList: false, isChild: true, fails: false, pauseAfter: 0 },
    ],
    ['while an item in a child fails', { stages: [3], isList: true, isChild: true, fails: true, pauseAfter: null }],
  ] as const)('is recovered from every crash point %s', async ([, shape]) => {
    const [points = 0] = await killAndRecover(shape, 'resume', [Number.POSITIVE_INFINITY]);
    expect(points).toBeGreaterThan(20);
    const kills = Array.from({ length: points }, (_unused, point) => point + 1).flatMap((diesAt) =>
      (['resume', 'rollback'] as const).map((recovery) => ({ diesAt, recovery })),
    );
    for (const { diesAt, recovery } of inTurn(kills, 6)) await killAndRecover(shape, recovery, [diesAt]);
  });

  test('is recovered after repeated kills, for machines of any shape', async () => {
    await fc.assert(
      fc.asyncProperty(
        shapes,
        fc.constantFrom('resume' as const, 'rollback' as const),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 4 }),
        async (shape, recovery, deaths) => {
          await killAndRecover(shape, recovery, deaths);
        },
      ),
      { numRuns: EVERY_CASE ? 500 : 40 },
    );
  });
});

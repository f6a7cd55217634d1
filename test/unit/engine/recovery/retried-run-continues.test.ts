import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { raise, setup, stateIn } from 'xstate';
import { z } from 'zod';
import { describeDefinition } from '../../../../src/definition/describe.ts';
import { pendingTimers } from '../../../../src/engine/machine/pending-timers.ts';
import { replay } from '../../../../src/engine/machine/replay.ts';
import { WfError } from '../../../../src/engine/model/errors.ts';
import type { RunId } from '../../../../src/engine/model/ids.ts';
import type { RunOptions } from '../../../../src/engine/model/journal-event.ts';
import type { Demand } from '../../../../src/engine/model/request.ts';
import { defineStep } from '../../../../src/engine/workflow/define-step.ts';
import type { Requirement } from '../../../../src/engine/workflow/requirement.ts';
import type { LoadedWorkflow } from '../../../../src/engine/workflow/workflow.ts';
import { readRunMaterial } from '../../../../src/review/record/run-material.ts';
import { runRecord } from '../../../../src/review/record/run-record.ts';
import { statePath } from '../../../../src/review/timeline/state-path.ts';
import { revertSteps } from '../../../../src/steps/host/revert-steps.ts';
import { rebuildProjection } from '../../../fixtures/history/rebuild-projection.ts';
import { type FolderHost, loaded, openFolderHost } from '../../../support/in-process/folder-host.ts';
import { type SimulatedClock, simulatedClock } from '../../../support/in-process/simulated-clock.ts';

let host: FolderHost;
let clock: SimulatedClock;
/** The calls of the steps in order, as `name attempt`. */
let calls: string[];
let failing: Set<string>;
/** Steps that do not end until their signal. */
let hanging: Set<string>;
beforeEach(() => {
  clock = simulatedClock();
  calls = [];
  failing = new Set();
  hanging = new Set();
  host = openFolderHost(clock);
});
afterEach(() => host.close());

/** The sender of a request waits by the clock. */
function inRealTime() {
  host.close();
  host = openFolderHost();
}

const step = defineStep({
  kind: 'test.work',
  description: 'ends as the test decides',
  input: z.object({ name: z.string() }),
  output: z.object({ name: z.string() }),
  timeoutMs: 60_000_000,
  commands: () => [],
  rehearse: ({ name }) => ({ name }),
  async read({ name }, { attempt, signal }) {
    calls.push(`${name} ${attempt}`);
    if (hanging.has(name)) {
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    }
    if (failing.has(name)) throw new WfError('E_STEP_FAILED', `${name} failed`, { hint: 'none' });
    return { name };
  },
});

const machines = () =>
  setup({
    actors: { step, file: host.makeFile, revert: revertSteps },
    guards: { isLeftBad: stateIn({ both: { left: 'bad' } }), isRightBad: stateIn({ both: { right: 'bad' } }) },
    delays: { long: 60_000 },
  });
type Config = Parameters<ReturnType<typeof machines>['createMachine']>[0];

function workflow(config: Config, version = '1'): LoadedWorkflow {
  return loaded({
    name: 'mine',
    version,
    description: '',
    input: z.object({}),
    machine: machines().createMachine(config),
    keepsChanges: true,
  });
}

const done = { type: 'final' } as const;
const failed = { type: 'final', tags: ['failed'] } as const;
const invoke = (name: string) => ({ id: name, src: 'step', input: { name } }) as const;
const file = (name: string) => ({ id: name, src: 'file', input: { name } }) as const;

/** Starts a run whose changes are kept, and waits until it stops. */
async function start(mine: LoadedWorkflow, options: Partial<RunOptions> = {}) {
  const handle = await host.start(mine, {}, { onFailure: 'keep', ...options });
  return { id: handle.id, result: await handle.result };
}

const BY = { user: 'ann', sudoUser: null, host: 'here' };

function ask(run: RunId, demand: Demand, advance = () => Promise.resolve()) {
  return host.engine.deliver({ run, by: BY, demand, comment: null, advance });
}

/** Retries a run, and waits until it stops. */
async function retry(run: RunId, mine: LoadedWorkflow, acceptChanges = false) {
  const definition = describeDefinition(mine, mine.model);
  const { outcome } = await ask(run, { kind: 'retry' }, async () => {
    const handle = await host.engine.resume({ run, workflow: mine, definition, acceptChanges, pauseAfter: null });
    await handle.result;
  });
  return outcome.type === 'refused' ? `${outcome.error.code}: ${outcome.error.message}` : outcome.type;
}

function recordOf(run: RunId) {
  const stored = host.history.run(run);
  if (stored === undefined) throw new Error(`no run ${run}`);
  return runRecord(readRunMaterial(host.history, stored), () => false);
}

/** The status of a run, and of its steps with their attempts; its tables are what its journal determines, and it replays. */
function stateOf(run: RunId, mine: LoadedWorkflow) {
  const stored = host.history.run(run);
  const journal = host.history.journal(run);
  const { status, steps } = recordOf(run);
  const rebuilt = rebuildProjection(journal);
  expect(rebuilt?.steps).toEqual(host.history.steps(run));
  expect(rebuilt?.run).toMatchObject({ status: stored?.status, error: stored?.error, finishedAt: stored?.finishedAt });
  if (stored !== undefined) replay(mine.model, stored, journal);
  return [status, ...steps.map((each) => `${each.id} ${each.status} ${each.attempts}`)];
}

const LINEAR: Config = {
  initial: 'first',
  states: {
    first: { invoke: { ...file('one'), onDone: 'second', onError: 'broken' } },
    second: { invoke: { ...invoke('two'), onDone: 'third', onError: 'broken' } },
    third: { invoke: { ...invoke('three'), onDone: 'done', onError: 'broken' } },
    broken: failed,
    done,
  },
};

/** Two regions; the whole succeeds if both did. */
const PARALLEL: Config = {
  initial: 'both',
  states: {
    both: {
      type: 'parallel',
      states: {
        left: {
          initial: 'run',
          states: { run: { invoke: { ...invoke('a'), onDone: 'good', onError: 'bad' } }, good: done, bad: done },
        },
        right: {
          initial: 'run',
          states: {
            run: { invoke: { ...invoke('c'), onDone: 'more', onError: 'bad' } },
            more: { invoke: { ...invoke('d'), onDone: 'good', onError: 'bad' } },
            good: done,
            bad: done,
          },
        },
      },
      onDone: [
        { guard: 'isLeftBad', target: 'broken' },
        { guard: 'isRightBad', target: 'broken' },
        { target: 'after' },
      ],
    },
    after: { invoke: { ...invoke('after'), onDone: 'done' } },
    broken: failed,
    done,
  },
};

describe('a failed run that is retried', () => {
  test('continues from its failed step, and leaves the others', async () => {
    const mine = workflow(LINEAR);
    failing.add('two');
    const { id } = await start(mine);
    expect(stateOf(id, mine)).toEqual(['failed', 'one succeeded 1', 'two failed 1']);
    expect(statePath(readMaterial(id)).map(({ name, active }) => `${name} ${active}`)).toContain('broken true');
    failing.clear();
    expect(await retry(id, mine)).toBe('handled');
    expect(stateOf(id, mine)).toEqual(['succeeded', 'one succeeded 1', 'two succeeded 2', 'three succeeded 1']);
    expect(calls).toEqual(['two 1', 'two 2', 'three 1']);
    expect(recordOf(id)).toMatchObject({
      error: null,
      requests: [{ kind: 'retry', by: BY, outcome: { type: 'handled' } }],
      stages: [{ status: 'succeeded' }, { status: 'succeeded' }, { status: 'succeeded' }],
    });
    expect(await retry(id, mine)).toBe(`E_REQUEST_REFUSED: run ${id} cannot be retried: it has succeeded`);
  });

  test('fails again with the new error, and is retried again', async () => {
    const mine = workflow(LINEAR);
    for (const name of ['two', 'two', 'three', 'three']) {
      const id = host.history.runs({ limit: 1 })[0]?.id;
      failing = new Set([name]);
      if (id === undefined) await start(mine);
      else expect(await retry(id, mine)).toBe('handled');
      expect(host.history.runs({ limit: 1 })[0]).toMatchObject({
        status: 'failed',
        error: { message: `${name} failed` },
      });
    }
    failing.clear();
    const [run] = host.history.runs({ limit: 1 });
    if (run === undefined) throw new Error('no run');
    expect(await retry(run.id, mine)).toBe('handled');
    expect(stateOf(run.id, mine)).toEqual(['succeeded', 'one succeeded 1', 'two succeeded 3', 'three succeeded 3']);
  });

  test('leaves the ended regions of a parallel state', async () => {
    const mine = workflow(PARALLEL);
    failing.add('a');
    const { id } = await start(mine);
    expect(stateOf(id, mine)).toEqual(['failed', 'a failed 1', 'c succeeded 1', 'd succeeded 1']);
    failing.clear();
    expect(await retry(id, mine)).toBe('handled');
    expect(stateOf(id, mine)).toEqual([
      'succeeded',
      'a succeeded 2',
      'c succeeded 1',
      'd succeeded 1',
      'after succeeded 1',
    ]);
  });

  test('continues from the failed steps of all regions', async () => {
    const mine = workflow(PARALLEL);
    failing = new Set(['a', 'd']);
    const { id } = await start(mine);
    failing = new Set(['d']);
    expect(await retry(id, mine)).toBe('handled');
    expect(stateOf(id, mine)).toEqual(['failed', 'a succeeded 2', 'c succeeded 1', 'd failed 2']);
    failing.clear();
    expect(await retry(id, mine)).toBe('handled');
    expect(stateOf(id, mine)).toEqual([
      'succeeded',
      'a succeeded 2',
      'c succeeded 1',
      'd succeeded 3',
      'after succeeded 1',
    ]);
  });

  test('begins a step again that was stopped by the failure of another one', async () => {
    const mine = workflow({
      initial: 'both',
      states: {
        both: {
          type: 'parallel',
          states: {
            left: { initial: 'run', states: { run: { invoke: { ...invoke('a'), onDone: 'end' } }, end: done } },
            right: {
              initial: 'run',
              states: { run: { invoke: { ...invoke('c'), onDone: 'end', onError: '#broken' } }, end: done },
            },
          },
          onDone: 'done',
        },
        broken: { ...failed, id: 'broken' },
        done,
      },
    });
    hanging.add('a');
    failing.add('c');
    const { id } = await start(mine);
    expect(stateOf(id, mine)).toEqual(['failed', 'a stopped 1', 'c failed 1']);
    hanging.clear();
    failing.clear();
    expect(await retry(id, mine)).toBe('handled');
    expect(stateOf(id, mine)).toEqual(['succeeded', 'a succeeded 2', 'c succeeded 2']);
  });

  test('keeps the ids of the steps by which the machine answered the failure, and counts them', async () => {
    const mine = workflow({
      initial: 'work',
      states: {
        work: { invoke: { ...invoke('work'), onDone: 'more', onError: 'collect' } },
        more: { invoke: { ...invoke('more'), onDone: 'done', onError: 'collect' } },
        collect: { invoke: { ...invoke('collectLogs'), onDone: 'broken' } },
        broken: failed,
        done,
      },
    });
    failing.add('work');
    const { id } = await start(mine);
    failing = new Set(['more']);
    expect(await retry(id, mine)).toBe('handled');
    expect(stateOf(id, mine)).toEqual([
      'failed',
      ...['work succeeded 2', 'collectLogs succeeded 1', 'more failed 1', 'collectLogs#2 succeeded 1'],
    ]);
    failing.clear();
    expect(await retry(id, mine)).toBe('handled');
    expect(stateOf(id, mine)[0]).toBe('succeeded');
    expect(calls).toEqual(['work 1', 'collectLogs 1', 'work 2', 'more 1', 'collectLogs 1', 'more 2']);
  });

  test('continues from the fallback if that failed too', async () => {
    const mine = workflow({
      initial: 'work',
      states: {
        work: { invoke: { ...invoke('work'), onDone: 'done', onError: 'fallback' } },
        fallback: { invoke: { ...invoke('fallback'), onDone: 'done', onError: 'broken' } },
        broken: failed,
        done,
      },
    });
    failing = new Set(['work', 'fallback']);
    const { id } = await start(mine);
    failing.clear();
    expect(await retry(id, mine)).toBe('handled');
    expect(stateOf(id, mine)).toEqual(['succeeded', 'work failed 1', 'fallback succeeded 2']);
  });

  test('does not return to a failure after which the machine continued', async () => {
    const mine = workflow({
      initial: 'both',
      states: {
        both: {
          type: 'parallel',
          states: {
            left: {
              initial: 'run',
              states: { run: { invoke: { ...invoke('optional'), onDone: 'end', onError: 'end' } }, end: done },
            },
            right: { initial: 'run', states: { run: { invoke: { ...invoke('c'), onDone: 'end' } }, end: done } },
          },
          onDone: 'after',
        },
        after: { invoke: { ...invoke('after'), onDone: 'done' } },
        done,
      },
    });
    failing = new Set(['optional', 'after']);
    const { id } = await start(mine);
    expect(stateOf(id, mine)).toEqual(['failed', 'optional failed 1', 'c succeeded 1', 'after failed 1']);
    failing.clear();
    expect(await retry(id, mine)).toBe('handled');
    expect(stateOf(id, mine)).toEqual(['succeeded', 'optional failed 1', 'c succeeded 1', 'after succeeded 2']);
  });

  test('begins its stopped steps again after a cancellation, and the cancellation ends', async () => {
    inRealTime();
    const mine = workflow(LINEAR);
    hanging.add('two');
    const handle = await host.start(mine);
    await until(() => calls.length > 0);
    const cancelled = await ask(handle.id, { kind: 'cancel', keep: true });
    expect(cancelled.outcome).toEqual({ type: 'handled' });
    await handle.result;
    expect(stateOf(handle.id, mine)).toEqual(['failed', 'one succeeded 1', 'two stopped 1']);
    hanging.clear();
    expect(await retry(handle.id, mine)).toBe('handled');
    expect(stateOf(handle.id, mine)[0]).toBe('succeeded');
    expect(calls).toEqual(['two 1', 'two 2', 'three 1']);
  });

  test('adopts the change of a step that was stopped', async () => {
    inRealTime();
    const mine = workflow(LINEAR);
    const cancelled: Promise<unknown>[] = [];
    host.onTouch = (point) => {
      if (point !== 'after make one') return;
      const [run] = host.history.runs({ limit: 1 });
      if (run !== undefined) cancelled.push(ask(run.id, { kind: 'cancel', keep: true }));
    };
    const { id } = await start(mine);
    await Promise.all(cancelled);
    expect(stateOf(id, mine)).toEqual(['failed', 'one stopped 1']);
    expect(await retry(id, mine)).toBe('handled');
    expect(stateOf(id, mine)[0]).toBe('succeeded');
    expect(recordOf(id).changes).toMatchObject([{ seq: 1, step: 'one', status: 'kept' }]);
  });

  test('restarts its timers, and drops those of the failure', async () => {
    const mine = workflow({
      initial: 'work',
      states: {
        work: {
          invoke: {
            ...invoke('work'),
            onDone: 'done',
            onError: { target: 'broken', actions: raise({ type: 'late' }, { delay: 'long', id: 'late' }) },
          },
          after: { long: 'broken' },
        },
        broken: failed,
        done,
      },
    });
    failing.add('work');
    const { id } = await start(mine);
    expect([...pendingTimers(host.history.journal(id)).keys()]).toEqual(['late#1']);
    clock.set(clock.now() + 600_000);
    const retriedAt = clock.now();
    hanging.add('work');
    const retrying = retry(id, mine);
    await until(() => calls.includes('work 2'));
    expect([...pendingTimers(host.history.journal(id))]).toEqual([
      [expect.stringContaining('after'), retriedAt + 60_000],
    ]);
    clock.step();
    expect(clock.now()).toBe(retriedAt + 60_000);
    expect(await retrying).toBe('handled');
    expect(stateOf(id, mine)).toEqual(['failed', 'work stopped 2']);
  });

  test('has the error of its new end, not of the failure from which it continued', async () => {
    const mine = workflow({
      initial: 'work',
      states: {
        work: { invoke: { ...invoke('work'), onDone: 'question', onError: 'broken' } },
        question: { on: { reject: 'broken' } },
        broken: failed,
      },
    });
    failing.add('work');
    const { id } = await start(mine);
    failing.clear();
    expect(await retry(id, mine)).toBe('handled');
    expect(stateOf(id, mine)).toEqual(['waiting', 'work succeeded 2']);
    const definition = describeDefinition(mine, mine.model);
    const handle = await host.engine.resume({
      run: id,
      workflow: mine,
      definition,
      acceptChanges: false,
      pauseAfter: null,
    });
    await handle.send({ type: 'reject' });
    await handle.result;
    expect(recordOf(id).error?.message).toContain('it ended in a state tagged "failed"');
  });

  test('takes the input of its steps from a definition that was fixed, once that is accepted', async () => {
    const config = (second: string): Config => ({
      ...LINEAR,
      states: {
        ...LINEAR.states,
        second: { invoke: { ...invoke('two'), input: { name: second }, onDone: 'third', onError: 'broken' } },
      },
    });
    const mine = workflow(config('two'));
    failing.add('two');
    const { id } = await start(mine);
    const fixed = workflow(config('fixed'), '2');
    expect(await retry(id, fixed)).toContain('E_DEFINITION_CHANGED');
    expect(await retry(id, fixed, true)).toBe('handled');
    expect(stateOf(id, fixed)[0]).toBe('succeeded');
    expect(calls).toEqual(['two 1', 'fixed 2', 'three 1']);
    expect(host.history.steps(id)[1]).toMatchObject({ id: 'two', input: { name: 'fixed' } });
  });
});

describe('a retry is refused', () => {
  test('if the machine ended at an event from outside, or at a timer', async () => {
    const mine = workflow({
      initial: 'work',
      states: {
        work: { invoke: { ...invoke('work'), onDone: 'question', onError: 'fallback' } },
        fallback: { invoke: { ...invoke('fallback'), onDone: 'question' } },
        question: { on: { reject: 'broken' }, after: { long: 'broken' } },
        broken: failed,
      },
    });
    failing.add('work');
    const rejected = await host.start(mine, {}, { onFailure: 'keep' });
    const timed = await host.start(mine, {}, { onFailure: 'keep' });
    await until(() => [rejected, timed].every(({ id }) => host.history.run(id)?.status === 'waiting'));
    await rejected.send({ type: 'reject' });
    clock.step();
    await Promise.all([rejected.result, timed.result]);
    expect(await retry(rejected.id, mine)).toContain('its machine ended at the event reject, and not because');
    expect(await retry(timed.id, mine)).toContain('its machine ended at the timer');
    expect(stateOf(timed.id, mine)).toEqual(['failed', 'work failed 1', 'fallback succeeded 1']);
  });

  test('if a step succeeded, and the machine threw at its result', async () => {
    const mine = workflow({
      initial: 'work',
      states: {
        work: {
          invoke: {
            ...invoke('work'),
            onDone: {
              target: 'done',
              guard: () => {
                throw new Error('no such member');
              },
            },
          },
        },
        done,
      },
    });
    const { id } = await start(mine);
    expect(stateOf(id, mine)).toEqual(['failed', 'work succeeded 1']);
    expect(await retry(id, mine)).toContain('its machine failed while it decided on the result of step work');
  });

  test('if the machine answered the failure by a change of the host', async () => {
    const mine = workflow({
      initial: 'work',
      states: {
        work: { invoke: { ...invoke('work'), onDone: 'done', onError: 'instead' } },
        instead: { invoke: { ...file('instead'), onDone: 'broken' } },
        broken: failed,
        done,
      },
    });
    failing.add('work');
    const { id } = await start(mine);
    const before = host.history.journal(id);
    expect(await retry(id, mine)).toContain(
      'it handled the failure of step work by step instead, which has changed the host',
    );
    const types = host.history.journal(id, before.length).map(({ event }) => event.type);
    expect(types).toEqual(['requested', 'answered']);
  });

  test('if the machine answered the failure by undoing changes', async () => {
    const mine = workflow({
      initial: 'first',
      states: {
        first: { invoke: { ...file('one'), onDone: 'work' } },
        work: { invoke: { ...invoke('work'), onDone: 'done', onError: 'clean' } },
        clean: { invoke: { id: 'clean', src: 'revert', input: { steps: ['one'] }, onDone: 'broken' } },
        broken: failed,
        done,
      },
    });
    failing.add('work');
    const { id } = await start(mine);
    expect(await retry(id, mine)).toContain('by step clean, which has undone changes');
  });

  test('while a process advances the run', async () => {
    inRealTime();
    const mine = workflow(LINEAR);
    hanging.add('two');
    const handle = await host.start(mine);
    await until(() => calls.length > 0);
    expect(await retry(handle.id, mine)).toMatch(/process \d+ advances it/);
    hanging.clear();
    await ask(handle.id, { kind: 'cancel', keep: false });
    await handle.result;
  });
});

test('a rolled-back run is started anew once, and its requests are answered in the transaction that creates the new run', async () => {
  inRealTime();
  const name: Requirement = {
    title: 'a name',
    purpose: 'is used',
    claim: `file anew-${process.pid}`,
    check: async () => ({ met: true, found: 'free' }),
  };
  const mine: LoadedWorkflow = { ...workflow(LINEAR), requirements: () => [name] };
  failing.add('two');
  const { id } = await start(mine, { onFailure: 'rollback' });
  expect(stateOf(id, mine)).toEqual(['rolled-back', 'one succeeded 1', 'two failed 1']);
  failing.clear();
  const anew = async () => {
    const handle = await host.start(mine, {}, { retryOf: id });
    await handle.result;
  };
  const killed = host.history.request(id, { by: BY, demand: { kind: 'retry' }, comment: null }, clock.now());
  // One of them starts the run; the other one waits for that, and does not meet its name as that of a stranger.
  const delivered = await Promise.all([ask(id, { kind: 'retry' }, anew), ask(id, { kind: 'retry' }, anew)]);
  expect(delivered).toMatchObject([{ outcome: { type: 'handled' } }, { outcome: { type: 'handled' } }]);
  const runs = host.history.runs({ limit: 9 });
  const [next] = runs.filter((run) => run.id !== id);
  expect(runs).toHaveLength(2);
  expect(next).toMatchObject({ status: 'succeeded', options: { retryOf: id } });
  expect(recordOf(id)).toMatchObject({ status: 'rolled-back', retriedAs: next?.id });
  expect(recordOf(id).requests.map(({ outcome }) => outcome?.type)).toEqual(['handled', 'handled', 'handled']);
  expect(killed).toBeGreaterThan(0);
  const late = await ask(id, { kind: 'retry' }, anew);
  expect(late).toMatchObject({
    number: null,
    outcome: { type: 'refused', error: { message: expect.stringContaining(`it was started anew as run ${next?.id}`) } },
  });
  const sideways = host.start(mine, {}, { retryOf: id });
  await expect(sideways).rejects.toMatchObject({ code: 'E_REQUEST_REFUSED' });
});

function readMaterial(run: RunId) {
  const stored = host.history.run(run);
  if (stored === undefined) throw new Error(`no run ${run}`);
  return readRunMaterial(host.history, stored);
}

async function until(condition: () => boolean) {
  const deadline = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`it does not come about: ${String(condition)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { describeDefinition } from '../../../src/definition/describe.ts';
import { WfError } from '../../../src/engine/model/errors.ts';
import type { RunId } from '../../../src/engine/model/ids.ts';
import type { JournalEntry } from '../../../src/engine/model/journal-event.ts';
import type { Demand } from '../../../src/engine/model/request.ts';
import type { StoredRun } from '../../../src/engine/ports/history.ts';
import { defineStep, runnerOf } from '../../../src/engine/workflow/define-step.ts';
import type { LoadedWorkflow } from '../../../src/engine/workflow/workflow.ts';
import { openHistory, openHistoryForReading } from '../../../src/history/open.ts';
import { systemClock } from '../../../src/host/machine/clock.ts';
import { isAlive, processOf } from '../../../src/host/processes/process.ts';
import { createMetrics } from '../../../src/metrics/create-metrics.ts';
import { type FolderHost, loaded, openFolderHost, runId } from '../../support/in-process/folder-host.ts';
import { type ParsedMetric, parsePrometheus, valueIn, valuesOf } from '../../support/prometheus-text.ts';

let host: FolderHost;
beforeEach(() => {
  host = openFolderHost();
});
afterEach(() => host.close());

/** Fails once, then succeeds. */
const flaky = defineStep({
  kind: 'test.flaky',
  description: 'fails once',
  input: z.object({}),
  output: z.object({}),
  retry: { attempts: 2, initialMs: 30, factor: 1, maxMs: 30 },
  commands: () => [],
  rehearse: () => ({}),
  async read(_input, { attempt }) {
    if (attempt === 1) throw new WfError('E_DOCKER', 'no answer', { hint: 'none', transient: true });
    await sleep(12);
    return {};
  },
});

/** Runs until it is stopped. */
const endless = defineStep({
  kind: 'test.endless',
  description: 'does not end',
  input: z.object({}),
  output: z.object({}),
  commands: () => [],
  rehearse: () => ({}),
  read: (_input, { signal }) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
});

function workflowOf(name: string, failing: boolean): LoadedWorkflow {
  const { makeFile } = host;
  const file = (file: string, fail: 'no' | 'undo' | 'before', next: string) => ({
    invoke: { id: `make-${file}`, src: 'makeFile' as const, input: { name: file, fail }, onDone: next },
  });
  const machine = setup({ actors: { makeFile, flaky, endless } }).createMachine({
    initial: 'flaky',
    states: {
      flaky: { invoke: { id: 'flaky', src: 'flaky', input: {}, onDone: 'endless' } },
      endless: { invoke: { id: 'endless', src: 'endless', input: {} }, after: { 20: 'ask' } },
      ask: { on: { go: failing ? 'first' : 'end' } },
      first: file('a', 'no', 'second'),
      second: file('b', 'undo', 'third'),
      third: file('c', 'before', 'end'),
      end: { type: 'final' },
    },
  });
  return loaded({ name, version: '1', description: '', input: z.object({}), machine });
}

const by = { user: 'ann', sudoUser: null, host: 'here' };
const send = (type: string): Demand => ({ kind: 'send', event: { type } });
/** Resumes a run that nobody advances, and waits until it ends, or waits again. */
async function resume(run: RunId, workflow: LoadedWorkflow): Promise<void> {
  const definition = describeDefinition(workflow, workflow.model);
  await (await host.engine.resume({ run, workflow, definition, acceptChanges: false, pauseAfter: null })).result;
}

/** Carries a run out: it refuses a request, and handles one. */
async function carriedOut(workflow: LoadedWorkflow): Promise<RunId> {
  const { id: run, result } = await host.start(workflow);
  expect(await result).toEqual({ type: 'waiting' });
  const ask = (demand: Demand) =>
    host.engine.deliver({ run, by, demand, comment: null, advance: () => resume(run, workflow) });
  expect((await ask(send('nonsense'))).outcome).toMatchObject({ error: { code: 'E_EVENT_UNEXPECTED' } });
  expect((await ask(send('go'))).outcome).toEqual({ type: 'handled' });
  return run;
}

/** Counts one key for each entry that has one. */
function tally(entries: readonly JournalEntry[], keyOf: (entry: JournalEntry) => string | undefined) {
  const counts: Record<string, number> = {};
  for (const entry of entries) {
    const key = keyOf(entry);
    if (key !== undefined) counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

/** The counts of a run, from the events of its journal alone. */
function countsOf(run: StoredRun, entries: readonly JournalEntry[]) {
  const kindOfStep = new Map<string, string>();
  const kindOfChange = new Map<number, string>();
  const begun = new Map<string, number>();
  const lasted: Record<string, number[]> = {};
  for (const { at, event } of entries) {
    if (event.type === 'decided') {
      for (const effect of event.effects) {
        if (effect.type !== 'start-step') continue;
        kindOfStep.set(effect.step, effect.kind);
        begun.set(effect.step, at);
      }
    }
    if (event.type === 'change.intended') kindOfChange.set(event.change.seq, event.change.kind);
    if (event.type === 'step.attempted') begun.set(event.step, at);
    if (event.type === 'step.succeeded' || event.type === 'step.failed') {
      const kind = kindOfStep.get(event.step) ?? '';
      lasted[kind] = [...(lasted[kind] ?? []), (at - (begun.get(event.step) ?? 0)) / 1_000];
    }
  }
  const demandOf = (seq: number) => {
    const asked = entries.find((entry) => entry.seq === seq)?.event;
    return asked?.type === 'requested' ? asked.demand.kind : '';
  };
  return {
    lasted,
    wf_steps_total: tally(entries, ({ event }) =>
      event.type === 'step.succeeded' || event.type === 'step.failed' || event.type === 'step.stopped'
        ? `${kindOfStep.get(event.step)} ${event.type.slice('step.'.length)}`
        : undefined,
    ),
    wf_step_retries_total: tally(entries, ({ event }) =>
      event.type === 'step.retrying' ? kindOfStep.get(event.step) : undefined,
    ),
    wf_changes_settled_total: tally(entries, ({ event }) =>
      event.type === 'change.settled' ? `${kindOfChange.get(event.seq)} ${event.status}` : undefined,
    ),
    wf_requests_total: tally(entries, ({ event }) =>
      event.type === 'answered' ? `${demandOf(event.request)} ${event.outcome.type}` : undefined,
    ),
    wf_runs_ended_total: tally(entries, ({ event }) =>
      event.type === 'ended' ? `${run.workflow} ${event.status}` : undefined,
    ),
  };
}

function added(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const [key, value] of all.flatMap((one) => Object.entries(one))) sum[key] = (sum[key] ?? 0) + value;
  return sum;
}

function expectCountsOf(metrics: ReadonlyMap<string, ParsedMetric>, ids: readonly RunId[]): void {
  const runs = ids.flatMap((id) => host.history.run(id) ?? []);
  const counts = runs.map((run) => countsOf(run, host.history.journal(run.id)));
  for (const name of [
    'wf_steps_total',
    'wf_step_retries_total',
    'wf_changes_settled_total',
    'wf_requests_total',
    'wf_runs_ended_total',
  ] as const) {
    expect({ [name]: valuesOf(metrics, name) }).toEqual({ [name]: added(counts.map((each) => each[name])) });
  }
  for (const kind of new Set(counts.flatMap(({ lasted }) => Object.keys(lasted)))) {
    const seconds = counts.flatMap(({ lasted }) => lasted[kind] ?? []);
    const sum = seconds.reduce((total, one) => total + one, 0);
    expect(valueIn(metrics, 'wf_step_duration_seconds_count', { kind })).toBe(seconds.length);
    expect(valueIn(metrics, 'wf_step_duration_seconds_sum', { kind })).toBeCloseTo(sum, 9);
    const short = seconds.filter((one) => one <= 0.05).length;
    expect(valueIn(metrics, 'wf_step_duration_seconds_bucket', { kind, le: '0.05' })).toBe(short);
  }
}

describe('the counters', () => {
  test('equal the journals of runs that succeed, fail, are rolled back, and rolled back again', async () => {
    // Another process, which only reads.
    const reader = openHistoryForReading(host.database);
    if (reader === undefined) throw new Error('no database');
    onTestFinished(() => reader.close());
    const here = createMetrics({ history: host.history, clock: systemClock, isAlive });
    const there = createMetrics({ history: reader, clock: systemClock, isAlive });
    onTestFinished(() => {
      here.close();
      there.close();
    });

    const failed = await carriedOut(workflowOf('breaks', true));
    const succeeded = await carriedOut(workflowOf('holds', false));
    expect(host.history.run(failed)?.status).toBe('needs-attention');
    expect(host.history.run(succeeded)?.status).toBe('succeeded');
    const first = parsePrometheus(await here.text());
    expect(valuesOf(first, 'wf_steps_total')).toMatchObject({
      'test.file succeeded': 2,
      'test.file failed': 1,
      'test.flaky succeeded': 2,
      'test.endless stopped': 2,
    });
    expect(valuesOf(first, 'wf_changes_settled_total')).toEqual({
      'test.file gone': 1,
      'test.file stuck': 1,
      'test.file reverted': 1,
    });
    expectCountsOf(first, [failed, succeeded]);
    expectCountsOf(parsePrometheus(await there.text()), [failed, succeeded]);

    host.remove('b');
    const runner = (kind: string) => [runnerOf(host.makeFile)].find((known) => known?.kind === kind);
    await (await host.engine.rollBack({ run: failed, runner, removeKept: false }))?.result;
    const second = parsePrometheus(await there.text());
    expectCountsOf(second, [failed, succeeded]);
    expect(valuesOf(second, 'wf_runs_ended_total')).toEqual({
      'breaks needs-attention': 1,
      'breaks rolled-back': 1,
      'holds succeeded': 1,
    });
  });

  test('begin at 0 in each process', async () => {
    await carriedOut(workflowOf('holds', false));
    const metrics = createMetrics({ history: host.history, clock: systemClock, isAlive });
    onTestFinished(() => metrics.close());
    const parsed = parsePrometheus(await metrics.text());
    expect([...parsed.values()].filter(({ type }) => type === 'counter').flatMap(({ samples }) => samples)).toEqual([
      { name: 'wf_lease_takeovers_total', labels: {}, value: 0 },
    ]);
  });

  test('count a run that is taken over from a killed process, and none that was released', async () => {
    const metrics = createMetrics({ history: host.history, clock: systemClock, isAlive });
    onTestFinished(() => metrics.close());
    const takeovers = async () => valueIn(parsePrometheus(await metrics.text()), 'wf_lease_takeovers_total');
    const machine = setup({ actors: { endless } }).createMachine({
      initial: 'work',
      states: {
        work: { invoke: { id: 'endless', src: 'endless', input: {} }, after: { 50: 'end' } },
        end: { type: 'final' },
      },
    });
    const workflow = loaded({ name: 'left', version: '1', description: '', input: z.object({}), machine });
    const definition = describeDefinition(workflow, workflow.model);

    const released = await host.start(workflow);
    released.interrupt('SIGTERM');
    await released.result;
    await resume(released.id, workflow);
    expect(await takeovers()).toBe(0);

    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    const owner = processOf(child.pid ?? 0);
    if (owner === undefined) throw new Error('it has not started');
    const other = openHistory(host.database);
    const header = {
      id: runId(`killed-${process.pid}`),
      workflow: 'left',
      definitionHash: definition.hash,
      runtime: 'docker',
      input: {},
      options: { onFailure: 'rollback', pauseAfter: null },
      createdAt: systemClock.now(),
    } as const;
    const lease = other.create(header, definition.description, owner, [], header.createdAt);
    other.append(
      lease,
      { events: [{ type: 'lease.taken', purpose: 'start', owner, pauseAfter: null }] },
      header.createdAt,
    );
    other.close();
    await expect(resume(header.id, workflow)).rejects.toMatchObject({ code: 'E_LEASE_HELD' });
    expect(await takeovers()).toBe(0);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await resume(header.id, workflow);
    expect(await takeovers()).toBe(1);
    expect(host.history.run(header.id)?.status).toBe('succeeded');
    expect(
      host.history.journal(header.id).flatMap(({ event }) => (event.type === 'lease.taken' ? [event.from] : [])),
    ).toEqual([undefined, owner]);
  });

  test('do not count a process that resumes the run that hibernates in it', async () => {
    const metrics = createMetrics({ history: host.history, clock: systemClock, isAlive });
    onTestFinished(() => metrics.close());
    const machine = setup({}).createMachine({
      initial: 'nap',
      states: { nap: { after: { 3600000: 'end' } }, end: { type: 'final' } },
    });
    const workflow = loaded({ name: 'naps', version: '1', description: '', input: z.object({}), machine });
    const definition = describeDefinition(workflow, workflow.model);
    const options = { onFailure: 'rollback', pauseAfter: null } as const;
    const request = { workflow, definition, mayHibernate: true };
    const napping = await host.engine.start({ ...request, input: {}, runtime: 'docker', options });
    const left = await napping.result;
    if (left.type !== 'hibernating') throw new Error(`it is ${left.type}`);
    const again = { ...request, run: napping.id, acceptChanges: false, pauseAfter: null, hibernating: left.lease };
    await (await host.engine.resume(again)).result;
    expect(host.history.journal(napping.id).filter(({ event }) => event.type === 'lease.taken')).toHaveLength(2);
    expect(valueIn(parsePrometheus(await metrics.text()), 'wf_lease_takeovers_total')).toBe(0);
  });
});

import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Agent, type AgentNote, startAgent } from '../../../src/agent/agent.ts';
import type { DueRun } from '../../../src/agent/due-run.ts';
import { WfError } from '../../../src/engine/model/errors.ts';
import type { Owner } from '../../../src/engine/model/identity/owner.ts';
import type { JournalEvent, RunOptions } from '../../../src/engine/model/journal-event.ts';
import type { Lease } from '../../../src/engine/ports/history.ts';
import type { RunHandle, RunResult } from '../../../src/engine/run/engine.ts';
import type { History } from '../../../src/history/history.ts';
import {
  DEFINITION,
  decidedToStart,
  ENDED,
  headerOf,
  INTERRUPTED,
  OWNER,
  PAUSED,
  runId,
} from '../../fixtures/history/samples.ts';
import { openForTest } from '../../fixtures/history/temporary.ts';
import { type SimulatedClock, simulatedClock } from '../../support/in-process/simulated-clock.ts';

const AGENT: Owner = { ...OWNER, pid: 1 };
/** Far longer than the intervals of an agent. */
const LONG = 600_000;
const SUCCEEDED: RunResult = { type: 'ended', end: { status: 'succeeded', output: null } };

let clock: SimulatedClock;
let history: History;
/** The connection of another process. */
let other: History;
let living: Set<number>;
/** How far the clock has been set. */
let offsetMs: number;
beforeEach(() => {
  clock = simulatedClock();
  offsetMs = 0;
  const opened = openForTest();
  history = opened.history;
  other = openForTest(opened.path).history;
  living = new Set([AGENT.pid]);
  history.registerAgent({ owner: AGENT, since: clock.now() }, isAlive);
});

const isAlive = ({ pid }: Owner) => living.has(pid);

/** A run that its process has left. */
function create(id: string, events: readonly JournalEvent[], options: Partial<RunOptions> = {}, owner = OWNER): Lease {
  const header = headerOf(id, {
    createdAt: clock.now(),
    options: { onFailure: 'rollback', pauseAfter: null, ...options },
  });
  const lease = other.create(header, DEFINITION, owner, [], clock.now());
  const taken: JournalEvent = { type: 'lease.taken', purpose: 'start', owner, pauseAfter: null };
  other.append(lease, { events: [taken, decidedToStart(), ...events] }, clock.now());
  return lease;
}

function waiting(id: string, inMs: number, owner = OWNER): Lease {
  return create(id, [{ type: 'waiting', events: [], until: clock.now() + inMs }], {}, owner);
}

/** Ends a run as the agent's engine does. */
function end(id: string, last: JournalEvent = ENDED): void {
  const lease = history.takeOver(runId(id), AGENT, () => false);
  history.append(lease, { events: [last] }, clock.now());
}

interface Begun {
  readonly due: DueRun;
  readonly interruptedBy: string[];
  finish(result: RunResult): void;
}

/** An agent whose runs are advanced by the test. */
function startTestAgent({
  concurrency = 8,
  begin,
}: {
  concurrency?: number;
  begin?: (due: DueRun) => Promise<RunHandle>;
} = {}) {
  const begun: Begun[] = [];
  const notes: AgentNote[] = [];
  const released: Lease[] = [];
  const handleOf = async (due: DueRun): Promise<RunHandle> => {
    const interruptedBy: string[] = [];
    const result = new Promise<RunResult>((finish) => begun.push({ due, interruptedBy, finish }));
    return {
      id: due.run,
      result,
      send: () => Promise.reject(new Error('not in this test')),
      interrupt: (signal) => void interruptedBy.push(signal),
    };
  };
  const agent: Agent = startAgent({
    history,
    // Setting the clock moves no timer.
    clock: { now: () => clock.now() + offsetMs, sinceBoot: clock.sinceBoot, after: clock.after },
    owner: AGENT,
    isAlive,
    begin: begin ?? handleOf,
    release: (lease) => void released.push(lease),
    report: (note) => void notes.push(note),
    concurrency,
  });
  const reports = () =>
    notes.map(
      (note) => `${note.did}${'due' in note ? ` ${note.due.run}` : ''}${'error' in note ? ` ${note.error.code}` : ''}`,
    );
  return { agent, begun, released, notes, reports, ids: () => begun.map(({ due }) => due.run as string) };
}

/** Lets time pass. */
async function pass(ms: number): Promise<void> {
  const until = clock.now() + ms;
  await turn();
  for (; clock.now() < until; await turn()) if (!clock.step()) clock.set(until);
}

test('a run is resumed when its timer is due, not before, and its lease is released when it hibernates', async () => {
  const due = clock.now() + LONG;
  waiting('late', 2 * LONG);
  waiting('soon', LONG);
  const { begun, released, reports, ids } = startTestAgent();
  await pass(LONG - 150);
  expect(clock.now()).toBeLessThan(due);
  expect(ids()).toEqual([]);
  await pass(250);
  expect(ids()).toEqual(['soon']);
  expect(begun[0]?.due).toMatchObject({ why: 'timer' });
  const lease = { run: runId('soon'), fence: 2 };
  end('soon', { type: 'waiting', events: [], until: clock.now() + 9 * LONG });
  begun[0]?.finish({ type: 'hibernating', until: clock.now() + 9 * LONG, lease });
  await pass(1);
  expect(released).toEqual([lease]);
  expect(reports()).toEqual(['resumed soon', 'left soon']);
  await pass(LONG);
  expect(ids()).toEqual(['soon', 'late']);
});

test('the oldest due runs come first, and no more at a time than permitted', async () => {
  for (const [id, inMs] of [
    ['c', 300],
    ['a', 100],
    ['d', 400],
    ['b', 200],
  ] as const)
    waiting(id, inMs);
  await pass(LONG);
  const { begun, ids } = startTestAgent({ concurrency: 2 });
  await pass(10_000);
  expect(ids()).toEqual(['a', 'b']);
  end('b');
  begun[1]?.finish(SUCCEEDED);
  await pass(1);
  expect(ids()).toEqual(['a', 'b', 'c']);
});

test('after an outage with thousands of due runs, each is resumed once', async () => {
  for (let index = 0; index < 300; index += 1) waiting(`run${index}`, index);
  await pass(LONG);
  const order: string[] = [];
  startTestAgent({
    concurrency: 4,
    begin: async ({ run }) => {
      order.push(run);
      end(run);
      return { id: run, result: Promise.resolve(SUCCEEDED), send: async () => {}, interrupt: () => {} };
    },
  });
  for (let round = 0; round < 400; round += 1) await turn();
  expect(order).toEqual(Array.from({ length: 300 }, (_, index) => `run${index}`));
});

test('a run that a living process advances is left to it, and resumed within a second of its death', async () => {
  living.add(99);
  waiting('alive', 1_000, { ...OWNER, pid: 99 });
  const { ids } = startTestAgent();
  await pass(60_000);
  expect(ids()).toEqual([]);
  living.delete(99);
  await pass(1_100);
  expect(ids()).toEqual(['alive']);
});

describe('an interrupted run', () => {
  const taken = (by: object): JournalEvent => ({
    type: 'lease.taken',
    purpose: 'resume',
    owner: OWNER,
    pauseAfter: null,
    ...by,
  });

  test.each([
    ['started with --resume auto is resumed', [], { resume: 'auto' }, true],
    ['started with --resume auto and asked to stop is resumed', [INTERRUPTED], { resume: 'auto' }, true],
    [
      'started with --resume auto that waits for an event is resumed',
      [{ type: 'waiting', events: ['go'] }],
      { resume: 'auto' },
      true,
    ],
    ['started with --resume auto that is paused is not resumed', [PAUSED], { resume: 'auto' }, false],
    ['started with --resume auto that has ended is not resumed', [ENDED], { resume: 'auto' }, false],
    ['without --resume auto is not resumed', [], {}, false],
    ['taken over by an agent that was killed is resumed', [taken({ by: 'agent' })], {}, true],
    ['taken over by an agent that was stopped is resumed', [taken({ by: 'agent' }), INTERRUPTED], {}, true],
    ['taken over by an agent, then by a person, is not resumed', [taken({ by: 'agent' }), taken({})], {}, false],
  ] as const)('%s', async (_title, events, options, isResumed) => {
    create('it', events, options);
    const { ids, begun } = startTestAgent();
    await pass(2_000);
    expect(ids()).toEqual(isResumed ? ['it'] : []);
    if (isResumed) expect(begun[0]?.due.why).toBe('interrupted');
  });

  test('is never resumed if it is imported', async () => {
    create('it', [taken({ by: 'agent' }), { type: 'waiting', events: [], until: clock.now() }], { resume: 'auto' });
    const elsewhere = openForTest().history;
    elsewhere.importRun(history.exportRun(runId('it'), 'there'), clock.now());
    expect(elsewhere.dueTimers(clock.now() + LONG, { dueAt: 0, number: 0 }, 9)).toEqual([]);
    expect(elsewhere.resumedByAgent()).toEqual([]);
  });
});

test('a request of another process is noticed within 250 ms; one to a run with a living owner is its own', async () => {
  create('asked', [{ type: 'waiting', events: ['go'] }, INTERRUPTED]);
  living.add(99);
  create('advanced', [], {}, { ...OWNER, pid: 99 });
  const { ids, begun } = startTestAgent();
  await pass(5_000);
  const by = { user: 'ann', sudoUser: null, host: 'here' };
  for (const id of ['advanced', 'asked']) {
    other.request(runId(id), { by, demand: { kind: 'send', event: { type: 'go' } }, comment: null }, clock.now());
  }
  await pass(200);
  expect(ids()).toEqual(['asked']);
  expect(begun[0]?.due).toMatchObject({ why: 'request', request: 5 });
});

test('a run that cannot be resumed is reported once, tried again with growing delays, and delays no other', async () => {
  waiting('broken', 1);
  const tries: number[] = [];
  let message = 'the workflow has changed';
  const started = clock.now();
  const { reports } = startTestAgent({
    begin: async () => {
      tries.push(Math.round((clock.now() - started) / 1000));
      throw new WfError('E_DEFINITION_CHANGED', message, { hint: 'Nothing.' });
    },
  });
  await pass(40_000);
  expect(tries).toEqual([0, 1, 3, 7, 15, 31]);
  expect(reports()).toEqual(['failed broken E_DEFINITION_CHANGED']);
  message = 'another error';
  await pass(40_000);
  expect(reports()).toEqual(['failed broken E_DEFINITION_CHANGED', 'failed broken E_DEFINITION_CHANGED']);
  // Another process has resumed it meanwhile, and left it again: the agent tries it at once.
  const before = tries.length;
  const lease = other.takeOver(runId('broken'), OWNER, () => false);
  other.append(lease, { events: [{ type: 'waiting', events: [], until: clock.now() }] }, clock.now());
  await pass(200);
  expect(tries.length).toBe(before + 1);
  await pass(LONG);
  expect(tries.length).toBeLessThan(before + 12);
});

test('a hundred runs that cannot be resumed delay no other', async () => {
  for (let index = 0; index < 100; index += 1) waiting(`broken${index}`, index);
  waiting('fine', 200);
  await pass(1_000);
  let isResumed = false;
  startTestAgent({
    begin: async ({ run }) => {
      if (run !== 'fine') throw new WfError('E_WRONG_PLACE', 'elsewhere', { hint: 'Nothing.' });
      isResumed = true;
      end(run);
      return { id: run, result: Promise.resolve(SUCCEEDED), send: async () => {}, interrupt: () => {} };
    },
  });
  for (let round = 0; round < 200; round += 1) await turn();
  expect(isResumed).toBe(true);
});

test('a faster rival is no error', async () => {
  waiting('raced', 1);
  let tries = 0;
  const { reports } = startTestAgent({
    begin: async () => {
      tries += 1;
      throw new WfError('E_LEASE_HELD', 'process 5 advances it', { hint: 'Wait.' });
    },
  });
  await pass(2_000);
  expect(reports()).toEqual([]);
  expect(tries).toBeGreaterThan(1);
  expect(tries).toBeLessThan(12);
});

test('a stopped agent begins no run, interrupts those under way, and ends with the last of them', async () => {
  waiting('first', 1);
  let taken: (handle: RunHandle) => void = () => {};
  const interrupted: string[] = [];
  let finish: (result: RunResult) => void = () => {};
  const result = new Promise<RunResult>((resolve) => {
    finish = resolve;
  });
  const { agent, reports } = startTestAgent({ begin: () => new Promise((resolve) => (taken = resolve)) });
  let isDone = false;
  void agent.done.then(() => (isDone = true));
  await pass(500);
  agent.drain('SIGTERM');
  agent.drain('SIGTERM');
  waiting('second', 1);
  await pass(5_000);
  expect(reports()).toEqual(['draining']);
  // Its takeover ends only now.
  taken({ id: runId('first'), result, send: async () => {}, interrupt: (signal) => void interrupted.push(signal) });
  await pass(1);
  expect({ isDone, interrupted }).toEqual({ isDone: false, interrupted: ['SIGTERM'] });
  finish({ type: 'interrupted', signal: 'SIGTERM' });
  await pass(1_000);
  expect(isDone).toBe(true);
  expect(reports()).toEqual(['draining', 'resumed first', 'left first']);
  expect(clock.pending).toBe(0);
});

test('the agent waits for a locked database; a replaced one ends it, after the runs under way', async () => {
  waiting('first', 1);
  const { agent, begun, reports } = startTestAgent();
  await pass(200);
  const dueTimers = history.dueTimers;
  const locked = { isLocked: true };
  Object.assign(history, {
    dueTimers: (...given: Parameters<typeof dueTimers>) => {
      if (locked.isLocked) throw new WfError('E_DATABASE_LOCKED', 'locked', { hint: 'Wait.' });
      return dueTimers(...given);
    },
  });
  await pass(10_000);
  const waited = reports().filter((report) => report === 'waited E_DATABASE_LOCKED').length;
  expect(waited).toBeGreaterThan(3);
  expect(waited).toBeLessThan(8);
  locked.isLocked = false;
  waiting('second', 1);
  await pass(20_000);
  expect(begun.length).toBe(2);

  other.unregisterAgent(AGENT);
  let error: unknown;
  void agent.done.catch((thrown: unknown) => {
    error = thrown;
  });
  await pass(2_000);
  expect(error).toBeUndefined();
  expect(begun.map(({ interruptedBy }) => interruptedBy)).toEqual([['SIGTERM'], ['SIGTERM']]);
  for (const run of begun) run.finish({ type: 'interrupted', signal: 'SIGTERM' });
  await pass(1);
  expect(error).toMatchObject({ code: 'E_AGENT_RUNNING' });
});

test('a clock that is set back delays nothing', async () => {
  living.add(99);
  create('left', [], { resume: 'auto' }, { ...OWNER, pid: 99 });
  const { ids } = startTestAgent();
  await pass(5_000);
  offsetMs = -3 * LONG;
  // Commits nothing.
  living.delete(99);
  await pass(500);
  expect(ids()).toEqual(['left']);
});

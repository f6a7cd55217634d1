import { asDefinitionHash, asStepId, parseRunId } from '../../../src/engine/model/ids.ts';
import type { JournalEvent } from '../../../src/engine/model/journal-event.ts';
import { openHistory } from '../../../src/history/open.ts';
import { ownProcess } from '../../../src/host/processes/process.ts';

/** A run that this process advances: it polls, once for each step. */
export interface LongRun {
  readonly id: string;
  /** Carries out more steps, of four events each, in one commit. */
  poll(steps: number): Promise<void>;
  end(): void;
}

const HASH = asDefinitionHash('b'.repeat(64));
const MACHINE = {
  initial: 'polling',
  states: {
    polling: { invoke: { id: 'poll', src: 'poll', onDone: { target: 'polling', reenter: true }, onError: 'failed' } },
    failed: { type: 'final', tags: ['failed'] },
  },
};
const DEFINITION = {
  name: 'polls',
  version: '1',
  stages: ['polling'],
  machine: { config: MACHINE },
  runners: { poll: { kind: 'test.poll' } },
};
/** The first attempt fails once in this many steps. */
const FAILS_EVERY = 500;
const STEP_MS = 20;

/** Writes a run to a database, whose events follow each other at once. */
export function openLongRun(database: string, name: string): LongRun {
  const history = openHistory(database);
  const id = parseRunId(name);
  if (id === undefined) throw new Error(`not a run id: ${name}`);
  const owner = ownProcess();
  let at = Date.now() - 3_600_000;
  const header = {
    id,
    workflow: DEFINITION.name,
    definitionHash: HASH,
    runtime: 'docker',
    input: {},
    options: { onFailure: 'rollback', pauseAfter: null },
    createdAt: at,
  } as const;
  const lease = history.create(header, DEFINITION, owner, [], at);
  let number = 0;
  history.append(lease, { events: [{ type: 'lease.taken', purpose: 'start', owner, pauseAfter: null }] }, at);

  function poll(first: number, until: number, from: number): void {
    for (let count = first; count < until; count += 1) {
      const begun = from + 2 * (count - first) * STEP_MS;
      const [decision, ...outcome] = eventsOf(count, begun, owner.bootId);
      history.append(lease, { events: decision === undefined ? [] : [decision] }, begun);
      history.append(lease, { events: outcome }, begun + STEP_MS);
    }
  }

  return {
    id,
    async poll(steps) {
      await history.groupedCommit(() => poll(number + 1, number + 1 + steps, at));
      number += steps;
      at += 2 * steps * STEP_MS;
    },
    end: () => history.close(),
  };
}

/** Returns the decision that begins a step, then its events. */
function eventsOf(number: number, at: number, bootId: string): readonly JournalEvent[] {
  const step = asStepId(number === 1 ? 'poll' : `poll#${number}`);
  const retries = number % FAILS_EVERY === 0;
  const error = { code: 'E_STEP_FAILED', message: `no answer to poll ${number}`, hint: 'Poll again.' } as const;
  const [target, undo] = [`answer ${number}`, [`forget ${number}`]];
  const change = {
    seq: number,
    step,
    kind: 'test.poll',
    target,
    record: {},
    undo,
    status: 'intended',
    bootId,
  } as const;
  const attempts: readonly JournalEvent[] = retries
    ? [
        { type: 'step.retrying', step, attempt: 1, error, retryAt: at + STEP_MS },
        { type: 'step.attempted', step, attempt: 2 },
      ]
    : [];
  return [
    {
      type: 'decided',
      event: { type: number === 1 ? 'xstate.init' : 'xstate.done.actor.poll' },
      effects: [
        { type: 'start-step', step, invoke: 'poll', stage: 'polling', actor: 'poll', kind: 'test.poll', input: {} },
      ],
      value: 'polling',
      stages: ['polling'],
      digest: 'd'.repeat(64),
    },
    ...attempts,
    { type: 'change.intended', change: { ...change, reason: null } },
    { type: 'change.applied', seq: number, record: {}, target, undo },
    { type: 'step.succeeded', step, attempt: retries ? 2 : 1, output: { number } },
  ];
}

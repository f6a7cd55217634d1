import { asWfError, type ErrorCode, WfError } from '../engine/model/errors.ts';
import { type Owner, sameOwner } from '../engine/model/identity/owner.ts';
import type { RunId } from '../engine/model/ids.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { HistoryPort, Lease } from '../engine/ports/history.ts';
import type { RunHandle, RunResult } from '../engine/run/engine.ts';
import type { AgentRegistry, AgentWorkReader } from '../history/agent-work.ts';
import { earliestTakeover } from './crash-loop.ts';
import { type DueHistory, type DueRun, dueRuns } from './due-run.ts';
import { retryDelays } from './retry-delays.ts';

/** The time between two checks for commits of other processes: one read of a number in shared memory. */
const CHECK_MS = 100;
/** The time between two checks whether owners are alive: the death of an owner commits nothing. */
const OWNERS_MS = 1_000;
/** The delay before the agent checks a run again that another process has taken over: that process may fail. */
const RIVAL_MS = 250;
/** Delays after an error of the database. */
const FIRST_TROUBLE_MS = 500;
const LONGEST_TROUBLE_MS = 60_000;

/** Another process has taken the run over, or ended it, meanwhile. */
const RIVAL: readonly ErrorCode[] = ['E_LEASE_HELD', 'E_RUN_ENDED'];
/** The errors of the database after which the agent tries again; any other one ends it. */
const PASSING: readonly ErrorCode[] = ['E_DATABASE_LOCKED', 'E_DISK_FULL'];

export type AgentHistory = DueHistory &
  Pick<AgentWorkReader, 'nextTimer'> &
  Pick<AgentRegistry, 'isRegistered'> &
  Pick<HistoryPort, 'dataVersion' | 'journal'>;

export interface AgentDependencies {
  readonly history: AgentHistory;
  readonly clock: Clock;
  /** The registered process of the agent. */
  readonly owner: Owner;
  isAlive(owner: Owner): boolean;
  /** Takes over a run and begins to advance it, or answers its request without a takeover. Resolves to null if there was nothing to do. */
  begin(due: DueRun): Promise<RunHandle | 'answered' | null>;
  /** Releases the lease of a run that hibernates: the agent keeps nothing of it. */
  release(lease: Lease): void;
  report(note: AgentNote): void;
  /** The greatest number of runs that are advanced at the same time. */
  readonly concurrency: number;
}

/** An act of the agent. */
export type AgentNote =
  | { readonly did: 'resumed'; readonly due: DueRun }
  /** A request was answered without a takeover. */
  | { readonly did: 'answered'; readonly due: DueRun }
  | { readonly did: 'left'; readonly due: DueRun; readonly result: RunResult }
  /** The run could not be resumed, or its journal could not be written. */
  | { readonly did: 'failed'; readonly due: DueRun; readonly error: WfError; readonly retryAt: number }
  /** The database cannot be read. */
  | { readonly did: 'waited'; readonly error: WfError; readonly retryAt: number }
  | { readonly did: 'draining'; readonly signal: string; readonly runs: readonly RunId[] };

export interface Agent {
  /** Resolves once the agent is drained. @throws WfError of the database, after the agent has drained */
  readonly done: Promise<void>;
  /** Resolves once the agent begins nothing more. */
  readonly draining: Promise<void>;
  /** Begins nothing more; steps under way finish, and their runs are interrupted. */
  drain(signal: string): void;
}

/** Starts an agent, which advances the runs that are due and that no other process advances. */
export function startAgent({ history, clock, owner, isAlive, concurrency, ...acts }: AgentDependencies): Agent {
  const delays = retryDelays();
  /** The runs that this agent advances; null while a run is taken over. */
  const active = new Map<RunId, RunHandle | null>();
  let drainedBy: string | undefined;
  let failure: WfError | undefined;
  let version: number | undefined;
  let lastScanAt = Number.POSITIVE_INFINITY;
  let nextScanAt = 0;
  let troubleMs = 0;
  let cancelCheck = () => {};
  let settle: () => void = () => {};
  let resolveDraining: () => void = () => {};
  const draining = new Promise<void>((resolve) => {
    resolveDraining = resolve;
  });
  const done = new Promise<void>((resolve, reject) => {
    settle = () => (failure === undefined ? resolve() : reject(failure));
  });

  function drain(signal: string): void {
    if (drainedBy !== undefined) return;
    drainedBy = signal;
    resolveDraining();
    cancelCheck();
    acts.report({ did: 'draining', signal, runs: [...active.keys()] });
    for (const handle of active.values()) handle?.interrupt(signal);
    if (active.size === 0) settle();
  }

  function check(): void {
    cancelCheck();
    if (drainedBy !== undefined) return;
    let delayMs = CHECK_MS;
    try {
      if (isTime()) scan();
      troubleMs = 0;
    } catch (thrown) {
      delayMs = afterTrouble(asWfError(thrown));
    }
    cancelCheck = clock.after(delayMs, check);
    if (failure !== undefined) drain('SIGTERM');
  }

  function isTime(): boolean {
    const before = version;
    version = history.dataVersion();
    const now = clock.now();
    // Before the last scan: the clock was set back.
    return version !== before || now >= nextScanAt || now < lastScanAt;
  }

  /** Returns the delay until the next try. */
  function afterTrouble(error: WfError): number {
    nextScanAt = 0;
    if (!PASSING.includes(error.code)) {
      failure = error;
      return CHECK_MS;
    }
    troubleMs = Math.min(LONGEST_TROUBLE_MS, Math.max(FIRST_TROUBLE_MS, 2 * troubleMs));
    acts.report({ did: 'waited', error, retryAt: clock.now() + troubleMs });
    return troubleMs;
  }

  /** Begins to advance the runs that are due, as many as may be under way. */
  function scan(): void {
    const now = clock.now();
    if (!history.isRegistered(owner)) throw displaced();
    lastScanAt = now;
    nextScanAt = Math.min(history.nextTimer(now)?.dueAt ?? Number.POSITIVE_INFINITY, now + OWNERS_MS);
    if (active.size >= concurrency) return;
    for (const due of dueRuns(history, now, isAdvanced)) {
      if (active.has(due.run) || !mayBegin(due, now)) continue;
      active.set(due.run, null);
      void advance(due);
      if (active.size >= concurrency) return;
    }
  }

  /** The database may have refused to release the lease of a run that this process has left. */
  function isAdvanced(holder: Owner, run: RunId): boolean {
    return sameOwner(holder, owner) ? active.has(run) : isAlive(holder);
  }

  function mayBegin(due: DueRun, now: number): boolean {
    if (!delays.mayTry(due, now)) return false;
    if (due.why !== 'interrupted') return true;
    const earliest = earliestTakeover(history.journal(due.run));
    if (earliest <= now) return true;
    delays.postpone(due, earliest);
    return false;
  }

  async function advance(due: DueRun): Promise<void> {
    try {
      const begun = await acts.begin(due);
      delays.succeeded(due.run);
      if (begun === null) delays.postpone(due, clock.now() + RIVAL_MS);
      else if (begun === 'answered') acts.report({ did: 'answered', due });
      else await follow(due, begun);
    } catch (thrown) {
      afterFailure(due, asWfError(thrown));
    } finally {
      active.delete(due.run);
      nextScanAt = 0;
      if (drainedBy === undefined) check();
      else if (active.size === 0) settle();
    }
  }

  async function follow(found: DueRun, handle: RunHandle): Promise<void> {
    active.set(found.run, handle);
    // The retry of a rolled-back run is another run.
    const due = { ...found, run: handle.id };
    acts.report({ did: 'resumed', due });
    if (drainedBy !== undefined) handle.interrupt(drainedBy);
    const result = await handle.result;
    if (result.type === 'hibernating') acts.release(result.lease);
    acts.report({ did: 'left', due, result });
  }

  function afterFailure(due: DueRun, error: WfError): void {
    const now = clock.now();
    if (RIVAL.includes(error.code)) {
      delays.postpone(due, now + RIVAL_MS);
      return;
    }
    const { retryAt, isNew } = delays.failed(due, `${error.code} ${error.message}`, now);
    if (isNew) acts.report({ did: 'failed', due, error, retryAt });
  }

  check();
  return { done, draining, drain };
}

function displaced(): WfError {
  return new WfError('E_AGENT_RUNNING', 'another agent has registered with the database', {
    hint: 'Find it with `wf agent status`.',
  });
}

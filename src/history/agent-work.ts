import * as z from 'zod/mini';
import { runIdSchema } from '../engine/model/identity/identity-schemas.ts';
import { type Owner, sameOwner } from '../engine/model/identity/owner.ts';
import type { RunId } from '../engine/model/ids.ts';
import { lazy } from '../engine/model/lazy.ts';
import type { Row, Statements } from '../sqlite/statements.ts';
import { parseRow } from './rows/parse-row.ts';
import { OWNER_COLUMNS, ownerColumns, ownerOf } from './rows/run-row.ts';
import { withDatabaseErrors } from './sqlite/database-error.ts';
import { RESUMED_BY_AGENT } from './sqlite/schema.ts';
import type { Transact } from './sqlite/transaction.ts';

/** A run that an agent may have to advance, as far as it needs to know. */
export interface AgentRun {
  readonly run: RunId;
  /** Position in the order of the runs. */
  readonly number: number;
  /** Rises with each takeover. */
  readonly fence: number;
  readonly owner: Owner | null;
  /** When it became due, in milliseconds since the epoch: a deadline, the time of a request, the start of the run. */
  readonly dueAt: number;
}

/** A request without an answer, with its run. */
export interface RequestedRun extends AgentRun {
  readonly request: number;
}

/** The agent of a database. */
export interface RegisteredAgent {
  readonly owner: Owner;
  readonly since: number;
}

/** Position in the list of due runs after which a page begins. */
export type DuePosition = Pick<AgentRun, 'dueAt' | 'number'>;

/** Reads the runs of this machine that an agent may have to advance: each query reads only the rows that it returns. */
export interface AgentWorkReader {
  /** Returns waiting runs whose first timer is due until then, oldest first, with those that a living process handles. */
  dueTimers(until: number, after: DuePosition, limit: number): readonly AgentRun[];
  /** Returns the waiting run whose first timer is due next after a moment. */
  nextTimer(after: number): AgentRun | undefined;
  /** Returns the runs that an agent resumes once their owner is dead, with those whose owner is alive. */
  resumedByAgent(): readonly AgentRun[];
  /** Returns the requests without an answer, with their runs. */
  requestedRuns(): readonly RequestedRun[];
  /** Returns the last agent of the database, dead or alive. */
  agent(): RegisteredAgent | undefined;
}

/** Registers the one agent of a database. */
export interface AgentRegistry {
  /** Registers an agent, or returns the living one. */
  registerAgent(agent: RegisteredAgent, isAlive: (owner: Owner) => boolean): RegisteredAgent | null;
  /**
   * Whether a process is the registered agent of the database that the file is now.
   * @throws WfError E_DATABASE if the file was removed or replaced
   */
  isRegistered(owner: Owner): boolean;
  /** Removes the agent that a process has registered. */
  unregisterAgent(owner: Owner): void;
}

const agentRunRow = lazy(() =>
  z.object({ run: runIdSchema(), number: z.number(), fence: z.number(), due_at: z.number(), ...ownerColumns() }),
);
const requestRow = lazy(() => z.object({ request: z.number() }));
const agentRow = lazy(() => z.object({ since: z.number(), ...ownerColumns() }));

const COLUMNS = `runs.id AS run, runs.number, runs.fence, ${OWNER_COLUMNS}`;

export function createAgentWorkReader(statements: Statements, path: string): AgentWorkReader {
  const read = <Result>(work: () => Result): Result => withDatabaseErrors(path, work);
  const placeOf = (row: Row) => ({ path, table: 'runs', of: `run ${row['run']}` });

  function agentRun(row: Row): AgentRun {
    const parsed = parseRow(agentRunRow(), row, placeOf(row));
    const { run, number, fence, due_at: dueAt } = parsed;
    return { run, number, fence, owner: ownerOf(parsed), dueAt };
  }

  return {
    dueTimers: (until, after, limit) =>
      read(() =>
        statements
          .rows(
            `SELECT ${COLUMNS}, due_at FROM runs
             WHERE due_at IS NOT NULL AND due_at <= @until AND (due_at, number) > (@dueAt, @number)
             ORDER BY due_at, number LIMIT @limit`,
            { until, dueAt: after.dueAt, number: after.number, limit },
          )
          .map(agentRun),
      ),
    nextTimer: (after) =>
      read(() => {
        const row = statements.row(
          `SELECT ${COLUMNS}, due_at FROM runs WHERE due_at > @after ORDER BY due_at, number LIMIT 1`,
          { after },
        );
        return row && agentRun(row);
      }),
    resumedByAgent: () =>
      read(() =>
        statements.rows(`SELECT ${COLUMNS}, created_at AS due_at FROM runs WHERE ${RESUMED_BY_AGENT}`).map(agentRun),
      ),
    requestedRuns: () =>
      read(() =>
        statements
          .rows(
            `SELECT ${COLUMNS}, open_requests.seq AS request,
               (SELECT at FROM journal WHERE journal.run = open_requests.run AND journal.seq = open_requests.seq) AS due_at
             FROM open_requests JOIN runs ON open_requests.run = runs.number
             WHERE imported_from IS NULL ORDER BY open_requests.run, open_requests.seq`,
          )
          .map((row) => ({ ...agentRun(row), ...parseRow(requestRow(), row, placeOf(row)) })),
      ),
    agent: () =>
      read(() => {
        const row = statements.row(`SELECT since, ${OWNER_COLUMNS} FROM agent`);
        return row === undefined ? undefined : parseAgent(row, path);
      }),
  };
}

export function createAgentRegistry(
  statements: Statements,
  write: Transact,
  requireInPlace: () => void,
  { agent }: Pick<AgentWorkReader, 'agent'>,
): AgentRegistry {
  return {
    isRegistered(owner) {
      requireInPlace();
      const registered = agent();
      return registered !== undefined && sameOwner(registered.owner, owner);
    },
    registerAgent: ({ owner, since }, isAlive) =>
      write(() => {
        const registered = agent();
        if (registered !== undefined && isAlive(registered.owner)) return registered;
        const { pid, startTime, bootId, pidNamespace = null } = owner;
        statements.run(
          `INSERT OR REPLACE INTO agent (one, since, ${OWNER_COLUMNS})
           VALUES (1, @since, @pid, @startTime, @bootId, @pidNamespace)`,
          { since, pid, startTime, bootId, pidNamespace },
        );
        return null;
      }),
    unregisterAgent: ({ pid, startTime, bootId }) =>
      write(
        () =>
          void statements.run(
            'DELETE FROM agent WHERE owner_pid = @pid AND owner_start_time = @startTime AND owner_boot_id = @bootId',
            { pid, startTime, bootId },
          ),
      ),
  };
}

function parseAgent(row: Row, path: string): RegisteredAgent | undefined {
  const parsed = parseRow(agentRow(), row, { path, table: 'agent', of: 'the agent' });
  const owner = ownerOf(parsed);
  return owner === null ? undefined : { owner, since: parsed.since };
}

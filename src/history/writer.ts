import { WfError } from '../engine/model/errors.ts';
import { runIdSchema } from '../engine/model/identity/identity-schemas.ts';
import type { RunId } from '../engine/model/ids.ts';
import type { JournalEntry, JournalEvent } from '../engine/model/journal-event.ts';
import type { HistoryPort, Lease } from '../engine/ports/history.ts';
import { handled, requestRefused, retriedAlready } from '../engine/requests/answers.ts';
import { leaseHeld, runImported, runNotFound, workflowRunning } from '../engine/run/run-refusal.ts';
import type { Statements } from '../sqlite/statements.ts';
import { claim, releaseClaims } from './claims.ts';
import { storeEvidence } from './rows/evidence.ts';
import { storeFingerprint } from './rows/fingerprints.ts';
import { parseRow } from './rows/parse-row.ts';
import { leaseRow, OWNER_COLUMNS, ownerOf } from './rows/run-row.ts';
import { withDatabaseErrors } from './sqlite/database-error.ts';
import type { Transact } from './sqlite/transaction.ts';
import { storePlan, usePlan } from './store-plan.ts';
import { storeDefinition, storeEntry, storeRun } from './store-run.ts';
import { refuseEntombed } from './tombstones.ts';
import { unendedRun } from './unended-run.ts';

/** Methods for the process that advances a run, or is about to. */
export type HistoryWriter = Pick<
  HistoryPort,
  | 'create'
  | 'append'
  | 'takeOver'
  | 'claim'
  | 'holds'
  | 'release'
  | 'request'
  | 'refuse'
  | 'putDefinition'
  | 'putPlan'
  | 'putFingerprint'
>;

/** Events that give up the lease of their run: they must be the last of their commit. */
const GIVES_UP_LEASE: readonly JournalEvent['type'][] = ['ended', 'paused', 'interrupted'];

interface WriterDependencies {
  readonly statements: Statements;
  /** Runs one IMMEDIATE transaction. */
  readonly write: Transact;
  readonly path: string;
  requireInPlace(): void;
}

export function createWriter({ statements, write, path, requireInPlace }: WriterDependencies): HistoryWriter {
  function readLease(id: RunId) {
    const row = statements.row(
      `SELECT number, fence, status, imported_from, ${OWNER_COLUMNS} FROM runs WHERE id = @id`,
      { id },
    );
    return row && parseRow(leaseRow(), row, { path, table: 'runs', of: `run ${id}` });
  }

  /** Returns the number of the leased run. Called inside the transaction that writes, which nobody can overtake. */
  function requireLease({ run: id, fence }: Lease): number {
    const number = statements.value(
      'SELECT number FROM runs WHERE id = @id AND fence = @fence AND owner_pid IS NOT NULL',
      { id, fence },
    );
    if (number === undefined) throw leaseLost(id, whyLost(id));
    return Number(number);
  }

  /** Returns the number of a run of this machine. */
  function requireOwn(id: RunId): number {
    const lease = readLease(id);
    if (lease === undefined) throw runNotFound(id);
    if (lease.imported_from !== null) throw runImported(id, lease.imported_from);
    return lease.number;
  }

  function whyLost(id: RunId): string {
    const lease = readLease(id);
    if (lease === undefined) return 'the run is not in the database';
    if (lease.owner_pid === null) return `the run is ${lease.status} and has no owner`;
    return `process ${lease.owner_pid} has taken the run over`;
  }

  function appendEvents(run: number, events: readonly JournalEvent[], at: number): readonly JournalEntry[] {
    const last = Number(statements.value('SELECT max(seq) FROM journal WHERE run = @run', { run }) ?? 0);
    return events.map((event, index) => {
      const entry: JournalEntry = { seq: last + 1 + index, at, event };
      storeEntry(statements, run, entry);
      return entry;
    });
  }

  /** Answers the requests to retry a run that is started anew. */
  function answerRetry(id: RunId, at: number): void {
    const run = requireOwn(id);
    const status = statements.value('SELECT status FROM runs WHERE number = @run', { run });
    if (status !== 'rolled-back') throw requestRefused(id, { kind: 'retry' }, `it is ${String(status)}`);
    const as = statements.value(`SELECT id FROM runs WHERE retry_of = @id AND imported_from IS NULL`, { id });
    if (as !== undefined)
      throw retriedAlready(id, parseRow(runIdSchema(), as, { path, table: 'runs', of: `run ${id}` }));
    const asked = statements.values(
      `SELECT asked.seq FROM open_requests AS asked JOIN journal ON journal.run = asked.run AND journal.seq = asked.seq
       WHERE asked.run = @run AND json_extract(data, '$.demand.kind') = 'retry' ORDER BY asked.seq`,
      { run },
    );
    appendEvents(
      run,
      asked.map((number) => handled({ number: Number(number) })),
      at,
    );
  }

  function clearOwner({ run: id, fence }: Lease): void {
    statements.run(
      `UPDATE runs SET owner_pid = NULL, owner_start_time = NULL, owner_boot_id = NULL, owner_pid_namespace = NULL
       WHERE id = @id AND fence = @fence AND owner_pid IS NOT NULL`,
      { id, fence },
    );
  }

  return {
    create: (header, definition, owner, claims, at, alone = false) =>
      write(() => {
        const other = alone ? unendedRun(statements, header.workflow, path) : undefined;
        if (other !== undefined) throw workflowRunning(header.workflow, other);
        storeDefinition(statements, header.definitionHash, definition, at);
        const { retryOf } = header.options;
        if (retryOf !== undefined) answerRetry(retryOf, at);
        refuseEntombed(statements, header.id);
        const number = storeRun(statements, header, { owner });
        if (header.options.plan !== undefined) usePlan(statements, header.options.plan, number);
        claim(statements, number, claims, path);
        return { run: header.id, fence: 1 };
      }),

    append: (lease, { events, evidence = [] }, at) =>
      write(() => {
        const run = requireLease(lease);
        const entries = appendEvents(run, events, at);
        storeEvidence(statements, run, evidence);
        const last = events.find(({ type }) => GIVES_UP_LEASE.includes(type));
        if (last === undefined) return entries;
        if (last !== events.at(-1)) throw followsLast(lease.run, last);
        clearOwner(lease);
        if (last.type === 'ended') releaseClaims(statements, run);
        return entries;
      }),

    takeOver: (id, owner, isAlive, own) =>
      write(() => {
        const lease = readLease(id);
        if (lease === undefined) throw runNotFound(id);
        if (lease.imported_from !== null) throw runImported(id, lease.imported_from);
        const holder = ownerOf(lease);
        if (holder !== null && own?.fence !== lease.fence && isAlive(holder)) {
          throw leaseHeld(id, holder, owner.pidNamespace);
        }
        const { pid, startTime, bootId, pidNamespace = null } = owner;
        statements.run(
          `UPDATE runs SET fence = fence + 1, owner_pid = @pid, owner_start_time = @startTime, owner_boot_id = @bootId,
             owner_pid_namespace = @pidNamespace
           WHERE id = @id`,
          { id, pid, startTime, bootId, pidNamespace },
        );
        return { run: id, fence: lease.fence + 1, from: holder };
      }),

    claim: (lease, claims) => write(() => claim(statements, requireLease(lease), claims, path)),

    holds: ({ run: id, fence }) =>
      withDatabaseErrors(path, () => {
        requireInPlace();
        const found = statements.value(
          'SELECT 1 FROM runs WHERE id = @id AND fence = @fence AND owner_pid IS NOT NULL',
          { id, fence },
        );
        return found === 1;
      }),

    request: (id, request, at) =>
      write(() => {
        const [entry] = appendEvents(requireOwn(id), [{ type: 'requested', ...request }], at);
        return entry?.seq ?? 0;
      }),

    refuse: (id, request, error, at, isAlive) =>
      write(() => {
        const lease = readLease(id);
        const owner = lease === undefined ? null : ownerOf(lease);
        if (lease === undefined || (owner !== null && isAlive(owner))) return false;
        const run = lease.number;
        const isOpen = statements.value('SELECT 1 FROM open_requests WHERE run = @run AND seq = @request', {
          run,
          request,
        });
        if (isOpen === undefined) return false;
        appendEvents(run, [{ type: 'answered', request, outcome: { type: 'refused', error } }], at);
        return true;
      }),

    release: (lease) => write(() => clearOwner(lease)),
    putDefinition: (hash, definition, at) => write(() => storeDefinition(statements, hash, definition, at)),
    putPlan: (plan, definition) =>
      write(() => {
        storeDefinition(statements, plan.definitionHash, definition, plan.createdAt);
        storePlan(statements, plan);
      }),
    putFingerprint: (fingerprint) => write(() => storeFingerprint(statements, fingerprint)),
  };
}

function leaseLost(run: RunId, why: string): WfError {
  return new WfError('E_LEASE_LOST', `this process has lost the lease of run ${run}: ${why}`, {
    hint: `Nothing was written. Find the process that advances the run with \`wf show ${run}\`.`,
  });
}

function followsLast(run: RunId, { type }: JournalEvent): WfError {
  return new WfError(
    'E_INTERNAL',
    `no event may follow \`${type}\` in one commit: it gives up the lease of run ${run}`,
    {
      hint: 'This is a defect in wf: nothing was written. Report it.',
    },
  );
}

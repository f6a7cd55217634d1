import type { Database } from 'better-sqlite3';
import { WfError } from '../engine/errors.ts';
import type { RunId } from '../engine/ids.ts';
import type { JournalEntry, JournalEvent, RunHeader } from '../engine/journal-event.ts';
import type { HistoryPort, Lease, StoredEvidence } from '../engine/ports/history.ts';
import { leaseHeld, runNotFound } from '../engine/run-refusal.ts';
import { applyOperation } from './apply-operation.ts';
import { claim } from './claims.ts';
import { type ConnectOptions, refuseNewer } from './connect.ts';
import { withDatabaseErrors } from './database-error.ts';
import { storeFingerprint } from './fingerprints.ts';
import { eventColumns } from './journal-rows.ts';
import { parseRow } from './parse-row.ts';
import { project } from './projector.ts';
import { withReserve } from './reserve.ts';
import { leaseRow, ownerOf } from './rows.ts';
import type { Statements } from './statements.ts';

/** What only the process that advances a run, or is about to, asks of a history. */
export type HistoryWriter = Pick<
  HistoryPort,
  'create' | 'append' | 'takeOver' | 'holds' | 'release' | 'putDefinition' | 'putFingerprint'
>;

/** With these a process lets go of the run: its lease ends in the commit that says so, and nothing may follow in it. */
const GIVES_UP_THE_LEASE: readonly JournalEvent['type'][] = ['ended', 'paused', 'interrupted'];

/** What a writer is joined from. */
interface WriterParts {
  readonly db: Database;
  readonly statements: Statements;
  readonly path: string;
  readonly options: ConnectOptions;
  /** Throws where the file that is written to is no longer the one that the path names. */
  requireInPlace(): void;
}

export function createWriter({ db, statements, path, options, requireInPlace }: WriterParts): HistoryWriter {
  /** One IMMEDIATE transaction: when it returns, what it wrote is on disk, in a file that will be found again. */
  const write = <Result>(work: () => Result): Result =>
    withReserve(path, options, () => {
      const transaction = db.transaction(() => {
        refuseNewer(Number(statements.version.get()), path);
        return work();
      });
      const result = transaction.immediate();
      // After the commit: a file that was deleted a moment before it would otherwise pass.
      requireInPlace();
      return result;
    });

  /** The number of the run whose lease this is. */
  function requireLease(lease: Lease): number {
    const row = statements.lease.get({ id: lease.run });
    if (row === undefined) throw leaseLost(lease, 'the database does not know it');
    const held = parseRow(leaseRow, row, { path, table: 'runs', of: `run ${lease.run}` });
    if (held.owner_pid === null) throw leaseLost(lease, `nobody holds it, the run is ${held.status}`);
    if (held.fence !== lease.fence) throw leaseLost(lease, `process ${held.owner_pid} has taken the run over`);
    return held.number;
  }

  function insertRun(header: RunHeader, pid: number, startTime: string, bootId: string): number {
    const { id, workflow, definitionHash, runtime, createdAt } = header;
    if (statements.lease.get({ id }) !== undefined) throw runExists(id);
    const columns = { input: JSON.stringify(header.input), options: JSON.stringify(header.options) };
    const owner = { pid, startTime, bootId };
    const { lastInsertRowid } = statements.insertRun.run({
      ...{ id, workflow, definitionHash, runtime, createdAt },
      ...columns,
      ...owner,
    });
    return Number(lastInsertRowid);
  }

  function appendEvents(run: number, events: readonly JournalEvent[], at: number): readonly JournalEntry[] {
    const last = Number(statements.lastSeq.get({ run }) ?? 0);
    return events.map((event, index) => {
      const entry: JournalEntry = { seq: last + index + 1, at, event };
      statements.insertEntry.run({ run, seq: entry.seq, at, ...eventColumns(event) });
      for (const operation of project(entry)) applyOperation(statements, run, operation, event);
      return entry;
    });
  }

  function insertEvidence(run: number, evidence: readonly StoredEvidence[]): void {
    if (evidence.length === 0) return;
    let ordinal = Number(statements.lastOrdinal.get({ run }) ?? 0);
    for (const { step, attempt, command, output, exitCode, startedAt, durationMs } of evidence) {
      ordinal += 1;
      const seen = { command, output, exitCode, startedAt, durationMs };
      statements.insertEvidence.run({ run, ordinal, step, attempt, ...seen });
    }
  }

  function giveUpLease(run: number, { run: id, fence }: Lease, last: JournalEvent): void {
    statements.clearOwner.run({ id, fence });
    if (last.type === 'ended' && statements.anyStanding.get({ run }) === 0) statements.deleteClaims.run({ run });
  }

  return {
    create: (header, definition, { pid, startTime, bootId }, claims, at) =>
      write(() => {
        const { definitionHash: hash } = header;
        statements.insertDefinition.run({ hash, definition: JSON.stringify(definition), at });
        const run = insertRun(header, pid, startTime, bootId);
        claim(statements, run, claims, path);
        return { run: header.id, fence: 1 };
      }),

    append: (lease, { events, evidence = [] }, at) =>
      write(() => {
        const run = requireLease(lease);
        const entries = appendEvents(run, events, at);
        insertEvidence(run, evidence);
        const last = events.find(({ type }) => GIVES_UP_THE_LEASE.includes(type));
        if (last !== undefined && last !== events.at(-1)) throw afterTheLast(lease.run, last);
        if (last !== undefined) giveUpLease(run, lease, last);
        return entries;
      }),

    takeOver: (id, owner, isAlive) =>
      write(() => {
        const row = statements.lease.get({ id });
        if (row === undefined) throw runNotFound(id);
        const held = parseRow(leaseRow, row, { path, table: 'runs', of: `run ${id}` });
        const holder = ownerOf(held);
        if (holder !== null && isAlive(holder)) throw leaseHeld(id, holder);
        statements.takeOver.run({ id, ...owner });
        return { run: id, fence: held.fence + 1 };
      }),

    holds: ({ run: id, fence }) =>
      withDatabaseErrors(path, () => {
        requireInPlace();
        return statements.holdsLease.get({ id, fence }) === 1;
      }),

    release: ({ run: id, fence }) =>
      write(() => {
        statements.clearOwner.run({ id, fence });
      }),

    putDefinition: (hash, definition, at) =>
      write(() => {
        statements.insertDefinition.run({ hash, definition: JSON.stringify(definition), at });
      }),

    putFingerprint: (fingerprint) => write(() => storeFingerprint(statements, fingerprint)),
  };
}

function leaseLost({ run }: Lease, why: string): WfError {
  return new WfError('E_LEASE_LOST', `this process no longer holds the lease of run ${run}: ${why}`, {
    hint: `Nothing was written. See who advances it with \`wf show ${run}\`.`,
  });
}

function runExists(id: RunId): WfError {
  return new WfError('E_RUN_EXISTS', `there is a run ${id} already`, {
    hint: `Choose another --id, or look at it with \`wf show ${id}\`.`,
  });
}

function afterTheLast(run: RunId, { type }: JournalEvent): WfError {
  return new WfError('E_INTERNAL', `nothing may follow \`${type}\` in one commit: with it run ${run} is let go of`, {
    hint: 'This is a defect in wf: nothing was written. Report it.',
  });
}

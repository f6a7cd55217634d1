import { WfError } from '../engine/errors.ts';
import type { RunId } from '../engine/ids.ts';
import type { JournalEntry, JournalEvent } from '../engine/journal-event.ts';
import type { HistoryPort, Lease } from '../engine/ports/history.ts';
import { leaseHeld, runImported, runNotFound } from '../engine/run-refusal.ts';
import { claim } from './claims.ts';
import type { HeldRun, HeldRuns } from './held-runs.ts';
import { storeDefinition, storeEntry, storeRun } from './projection/store-entry.ts';
import { StoredRows } from './projection/table-rows.ts';
import { storeEvidence } from './rows/evidence.ts';
import { storeFingerprint } from './rows/fingerprints.ts';
import { parseRow } from './rows/parse-row.ts';
import { heldRow, leaseRow, ownerOf } from './rows/run-row.ts';
import { withDatabaseErrors } from './sqlite/database-error.ts';
import type { Statements } from './sqlite/statements.ts';
import type { Transact } from './sqlite/transaction.ts';

/** What only the process that advances a run, or is about to, asks of a history. */
export type HistoryWriter = Pick<
  HistoryPort,
  'create' | 'append' | 'takeOver' | 'holds' | 'release' | 'putDefinition' | 'putFingerprint'
>;

/** With these a process lets go of the run: its lease ends in the commit that says so, and nothing may follow in it. */
const GIVES_UP_THE_LEASE: readonly JournalEvent['type'][] = ['ended', 'paused', 'interrupted'];

interface WriterParts {
  readonly statements: Statements;
  readonly heldRuns: HeldRuns;
  /** Carries out one IMMEDIATE transaction. */
  readonly write: Transact;
  readonly path: string;
  requireInPlace(): void;
}

export function createWriter({ statements, heldRuns, write, path, requireInPlace }: WriterParts): HistoryWriter {
  /** The run whose lease this is. */
  function requireLease(lease: Lease): HeldRun {
    const { run: id, fence } = lease;
    const found = heldRuns.get(id);
    if (found?.fence === fence) return found;
    const row = statements.held().get(id, fence);
    if (row === undefined) throw whyLost(lease);
    const [number, status, startedAt, last] = parseRow(heldRow(), row, { path, table: 'runs', of: `run ${id}` });
    const isResting = status === 'waiting' || status === 'paused';
    const rows = new StoredRows(statements, { number, hasBegun: startedAt !== null, isResting });
    const run = { rows, fence, lastSeq: last ?? 0 };
    heldRuns.set(id, run);
    return run;
  }

  function whyLost(lease: Lease): WfError {
    const row = statements.lease().get({ id: lease.run });
    if (row === undefined) return leaseLost(lease, 'the database does not know it');
    const held = parseRow(leaseRow(), row, { path, table: 'runs', of: `run ${lease.run}` });
    if (held.owner_pid === null) return leaseLost(lease, `nobody holds it, the run is ${held.status}`);
    return leaseLost(lease, `process ${held.owner_pid} has taken the run over`);
  }

  function appendEvents(run: HeldRun, events: readonly JournalEvent[], at: number): readonly JournalEntry[] {
    return events.map((event) => {
      run.lastSeq += 1;
      const entry: JournalEntry = { seq: run.lastSeq, at, event };
      storeEntry(statements, run.rows, entry);
      return entry;
    });
  }

  /** Nobody holds the run from here on, or somebody else does. */
  function clearOwner({ run: id, fence }: Lease): void {
    heldRuns.delete(id);
    statements.clearOwner().run({ id, fence });
  }

  function giveUpLease(run: number, lease: Lease, last: JournalEvent): void {
    if (last.type === 'ended') {
      // The end itself has cleared the owner.
      heldRuns.delete(lease.run);
      statements.deleteClaimsUnlessStanding().run({ run });
    } else clearOwner(lease);
  }

  return {
    create: (header, definition, owner, claims, at) =>
      write(() => {
        storeDefinition(statements, header.definitionHash, definition, at);
        const number = storeRun(statements, header, owner);
        claim(statements, number, claims, path);
        const rows = new StoredRows(statements, { number, hasBegun: false, isResting: false });
        heldRuns.set(header.id, { rows, fence: 1, lastSeq: 0 });
        return { run: header.id, fence: 1 };
      }),

    append: (lease, { events, evidence = [] }, at) =>
      write(() => {
        const held = requireLease(lease);
        const { run } = held.rows;
        const entries = appendEvents(held, events, at);
        storeEvidence(statements, run, evidence);
        const last = events.find(({ type }) => GIVES_UP_THE_LEASE.includes(type));
        if (last !== undefined && last !== events.at(-1)) throw afterTheLast(lease.run, last);
        if (last !== undefined) giveUpLease(run, lease, last);
        return entries;
      }),

    takeOver: (id, owner, isAlive, own) =>
      write(() => {
        const row = statements.lease().get({ id });
        if (row === undefined) throw runNotFound(id);
        const held = parseRow(leaseRow(), row, { path, table: 'runs', of: `run ${id}` });
        if (held.imported_from !== null) throw runImported(id, held.imported_from);
        const holder = ownerOf(held);
        const isTaken = holder !== null && own?.fence !== held.fence && isAlive(holder);
        if (isTaken) throw leaseHeld(id, holder, owner.pidNamespace);
        heldRuns.delete(id);
        statements.takeOver().run({ id, ...owner, pidNamespace: owner.pidNamespace ?? null });
        return { run: id, fence: held.fence + 1 };
      }),

    holds: ({ run: id, fence }) =>
      withDatabaseErrors(path, () => {
        requireInPlace();
        return statements.holdsLease().get({ id, fence }) === 1;
      }),

    release: (lease) => write(() => clearOwner(lease)),

    putDefinition: (hash, definition, at) =>
      write(() => {
        storeDefinition(statements, hash, definition, at);
      }),

    putFingerprint: (fingerprint) => write(() => storeFingerprint(statements, fingerprint)),
  };
}

function leaseLost({ run }: Lease, why: string): WfError {
  return new WfError('E_LEASE_LOST', `this process no longer holds the lease of run ${run}: ${why}`, {
    hint: `Nothing was written. See who advances it with \`wf show ${run}\`.`,
  });
}

function afterTheLast(run: RunId, { type }: JournalEvent): WfError {
  return new WfError('E_INTERNAL', `nothing may follow \`${type}\` in one commit: with it run ${run} is let go of`, {
    hint: 'This is a defect in wf: nothing was written. Report it.',
  });
}

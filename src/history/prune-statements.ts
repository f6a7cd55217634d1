import type { Database } from 'better-sqlite3';
import { IN_PLACE, type PreparedStatement } from './reading-statements.ts';

/** Runs of one workflow and status before a place in the list that have ended, or where they have not, begun, before a moment. */
const AGED = `workflow = @workflow AND status = @status AND (created_at, id) < (@createdAt, @id)
  AND coalesce(finished_at, created_at) < @endedBefore`;

/**
 * What is left on the host, by design or not, and what cannot be told to be gone, is not to be forgotten. That of an imported
 * run never was on this host.
 */
const REMOVABLE = `(imported_from IS NOT NULL OR (status IN ('succeeded', 'failed', 'rolled-back') AND NOT EXISTS
  (SELECT 1 FROM changes WHERE changes.run = runs.number AND changes.${IN_PLACE})))`;

/** The statements of pruning, prepared when they are first needed: few processes ever prune. */
export function preparePruneStatements(db: Database) {
  const prepare = (sql: string): PreparedStatement => db.prepare<unknown[], unknown>(sql);
  return {
    deleteClaims: prepare('DELETE FROM claims WHERE run = @run'),
    removableRuns: prepare(
      `SELECT number, created_at, id, owner_pid, owner_start_time, owner_boot_id, owner_pid_namespace FROM runs INDEXED BY runs_of_workflow_and_status
       WHERE ${AGED} AND created_at >= @afterCreatedAt AND (created_at, id) > (@afterCreatedAt, @afterId) AND ${REMOVABLE} ORDER BY created_at, id LIMIT @limit`,
    ),
    agedRuns: prepare(
      `SELECT count(*) AS aged, count(CASE WHEN ${REMOVABLE} THEN 1 END) AS removable FROM runs WHERE ${AGED}`,
    ),
    newestOfWorkflow: prepare(
      `SELECT created_at, id FROM runs WHERE workflow = @workflow ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET @skip`,
    ),
    heldRuns: prepare(
      'SELECT owner_pid, owner_start_time, owner_boot_id, owner_pid_namespace FROM runs WHERE owner_pid IS NOT NULL',
    ),
    deleteEvidence: prepare('DELETE FROM evidence WHERE run = @run'),
    deleteJournal: prepare('DELETE FROM journal WHERE run = @run'),
    deleteChanges: prepare('DELETE FROM changes WHERE run = @run'),
    deleteSteps: prepare('DELETE FROM steps WHERE run = @run'),
    deleteRun: prepare('DELETE FROM runs WHERE number = @run'),
    // The + takes the column's affinity away, without which an index on an expression is not used.
    definitionsInUse: prepare(
      `SELECT hash, EXISTS (SELECT 1 FROM runs WHERE definition_hash = definitions.hash)
         OR EXISTS (SELECT 1 FROM journal WHERE type = 'definition.accepted'
           AND json_extract(data, '$.definitionHash') = +definitions.hash) AS used
       FROM definitions WHERE hash > @hash ORDER BY hash LIMIT @limit`,
    ),
    deleteDefinition: prepare('DELETE FROM definitions WHERE hash = @hash'),
    fingerprintsInUse: prepare(
      `SELECT hash, EXISTS (SELECT 1 FROM journal WHERE type IN ('baseline.taken', 'verified')
         AND json_extract(data, '$.fingerprint') = +fingerprints.hash) AS used
       FROM fingerprints WHERE hash > @hash ORDER BY hash LIMIT @limit`,
    ),
    deleteFingerprint: prepare('DELETE FROM fingerprints WHERE hash = @hash'),
  };
}

export type PruneStatements = ReturnType<typeof preparePruneStatements>;

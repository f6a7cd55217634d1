import type { Database } from 'better-sqlite3';
import { later } from '../../engine/later.ts';
import { IN_PLACE, type PreparedStatement, prepareReadingStatements } from '../reading-statements.ts';

/** Every statement of the history, prepared once per connection, when it is first used. */
export function prepareStatements(db: Database) {
  const prepare = (sql: string): PreparedStatement => db.prepare<unknown[], unknown>(sql);
  return {
    ...prepareReadingStatements(db),

    insertDefinition: later(() =>
      prepare(
        `INSERT INTO definitions (hash, definition, stored_at) VALUES (@hash, @definition, @at)
       ON CONFLICT (hash) DO NOTHING`,
      ),
    ),
    hasDefinition: later(() => prepare('SELECT EXISTS (SELECT 1 FROM definitions WHERE hash = ?)').pluck()),

    insertRun: later(() =>
      prepare(
        `INSERT INTO runs (id, workflow, definition_hash, runtime, input, options, status, created_at, fence,
         owner_pid, owner_start_time, owner_boot_id, owner_pid_namespace, place)
       VALUES (?, ?, ?, ?, ?, ?, 'running', ?, 1, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
      ),
    ),
    insertImportedRun: later(() =>
      prepare(
        `INSERT INTO runs (id, workflow, definition_hash, runtime, input, options, status, created_at, fence, imported_from)
       VALUES (@id, @workflow, @definitionHash, @runtime, @input, @options, 'running', @createdAt, 1, @importedFrom)`,
      ),
    ),
    lease: later(() =>
      prepare(
        `SELECT number, fence, status, imported_from, owner_pid, owner_start_time, owner_boot_id, owner_pid_namespace
       FROM runs WHERE id = @id`,
      ),
    ),
    takeOver: later(() =>
      prepare(
        `UPDATE runs SET fence = fence + 1, owner_pid = @pid, owner_start_time = @startTime, owner_boot_id = @bootId,
         owner_pid_namespace = @pidNamespace
       WHERE id = @id`,
      ),
    ),
    // This one and those that follow steps are asked for with every step: by position, which takes half the time of names.
    held: later(() =>
      prepare(
        `SELECT number, status, started_at, (SELECT max(seq) FROM journal WHERE run = runs.number) AS last_seq FROM runs
       WHERE id = ? AND fence = ? AND owner_pid IS NOT NULL`,
      ).raw(),
    ),
    holdsLease: later(() =>
      prepare('SELECT EXISTS (SELECT 1 FROM runs WHERE id = @id AND fence = @fence AND owner_pid IS NOT NULL)').pluck(),
    ),
    clearOwner: later(() =>
      prepare(
        `UPDATE runs SET owner_pid = NULL, owner_start_time = NULL, owner_boot_id = NULL, owner_pid_namespace = NULL
       WHERE id = @id AND fence = @fence AND owner_pid IS NOT NULL`,
      ),
    ),
    beginRun: later(() => prepare('UPDATE runs SET started_at = ? WHERE number = ? AND started_at IS NULL')),
    goOn: later(() =>
      prepare(`UPDATE runs SET status = 'running' WHERE number = ? AND status IN ('waiting', 'paused')`),
    ),
    setRunStatus: later(() => prepare('UPDATE runs SET status = @status, finished_at = NULL WHERE number = @run')),
    rollBackRun: later(() =>
      prepare(
        `UPDATE runs SET status = 'rolling-back', finished_at = NULL, error = coalesce(@error, error) WHERE number = @run`,
      ),
    ),
    // None is altered where the definition is not stored: the event then does not follow.
    setDefinition: later(() =>
      prepare(
        `UPDATE runs SET definition_hash = @hash
       WHERE number = @run AND EXISTS (SELECT 1 FROM definitions WHERE hash = @hash)`,
      ),
    ),
    // Nobody holds a run that has ended.
    endRun: later(() =>
      prepare(
        `UPDATE runs SET status = ?, output = ?, error = ?, finished_at = ?,
         owner_pid = NULL, owner_start_time = NULL, owner_boot_id = NULL, owner_pid_namespace = NULL
       WHERE number = ?`,
      ),
    ),

    insertClaim: later(() => prepare('INSERT INTO claims (resource, run) VALUES (@resource, @run)')),
    claimHolder: later(() =>
      prepare(
        `SELECT claims.run AS number, runs.id, runs.workflow, runs.status,
         EXISTS (SELECT 1 FROM changes WHERE changes.run = claims.run AND changes.${IN_PLACE} AND changes.status <> 'kept') AS standing
       FROM claims JOIN runs ON runs.number = claims.run WHERE claims.resource = @resource`,
      ),
    ),
    deleteClaims: later(() => prepare('DELETE FROM claims WHERE run = @run')),
    deleteClaimsUnlessStanding: later(() =>
      prepare(
        `DELETE FROM claims WHERE run = @run
       AND NOT EXISTS (SELECT 1 FROM changes WHERE run = @run AND ${IN_PLACE} AND status <> 'kept')`,
      ),
    ),

    insertEntry: later(() => prepare('INSERT INTO journal (run, seq, at, type, data) VALUES (?, ?, ?, ?, ?)')),

    insertStep: later(() =>
      prepare(
        `INSERT INTO steps (run, id, stage, kind, status, attempts, started_at, input)
       VALUES (?, ?, ?, ?, 'running', 1, ?, ?) ON CONFLICT (run, id) DO NOTHING`,
      ),
    ),
    alterStep: later(() =>
      prepare(
        `UPDATE steps SET status = ?, attempts = ?, output = ?, error = ?, started_at = coalesce(?, started_at), finished_at = ?
       WHERE run = ? AND id = ? AND finished_at IS NULL`,
      ),
    ),

    intendChange: later(() =>
      prepare(
        `INSERT INTO changes (run, seq, step, kind, target, record, undo, status, reason, boot_id)
       VALUES (@run, @seq, @step, @kind, @target, @record, @undo, @status, @reason, @bootId)
       ON CONFLICT (run, seq) DO UPDATE SET step = excluded.step, kind = excluded.kind, target = excluded.target,
         record = excluded.record, undo = excluded.undo, status = excluded.status, reason = excluded.reason,
         boot_id = excluded.boot_id`,
      ),
    ),
    applyChange: later(() =>
      prepare(
        `UPDATE changes SET status = 'applied', reason = NULL, record = @record, target = @target, undo = @undo
       WHERE run = @run AND seq = @seq`,
      ),
    ),
    settleChange: later(() =>
      prepare('UPDATE changes SET status = @status, reason = @reason WHERE run = @run AND seq = @seq'),
    ),

    lastOrdinal: later(() => prepare('SELECT max(ordinal) FROM evidence WHERE run = @run').pluck()),
    insertEvidence: later(() =>
      prepare(
        `INSERT INTO evidence (run, ordinal, step, attempt, command, output, deflated, exit_code, started_at, duration_ms)
       VALUES (@run, @ordinal, @step, @attempt, @command, @output, @deflated, @exitCode, @startedAt, @durationMs)`,
      ),
    ),
    evidenceSize: later(() => prepare('SELECT evidence_size FROM steps WHERE run = @run AND id = @step').pluck()),
    setEvidenceSize: later(() => prepare('UPDATE steps SET evidence_size = @size WHERE run = @run AND id = @step')),

    insertFingerprint: later(() =>
      prepare('INSERT INTO fingerprints (hash, deflated) VALUES (@hash, @deflated) ON CONFLICT (hash) DO NOTHING'),
    ),
    hasFingerprint: later(() => prepare('SELECT EXISTS (SELECT 1 FROM fingerprints WHERE hash = @hash)').pluck()),

    version: later(() => prepare('PRAGMA user_version').pluck()),
    dataVersion: later(() => prepare('PRAGMA data_version').pluck()),
  };
}

export type Statements = ReturnType<typeof prepareStatements>;

import type { Database, Statement } from 'better-sqlite3';

/** As in the partial index `changes_standing`, word for word, or SQLite will not use it. See `stands` in the engine. */
const STANDING = "status IN ('intended', 'applied', 'stuck')";

const RUN_COLUMNS = `id, workflow, definition_hash, runtime, input, options, status, created_at, started_at, finished_at,
  output, error, fence, owner_pid, owner_start_time, owner_boot_id,
  imported_from, CASE WHEN imported_from IS NULL THEN
    (SELECT count(*) FROM changes WHERE changes.run = runs.number AND changes.${STANDING}) ELSE 0 END AS standing_changes`;

const OLDER =
  'created_at >= @since AND (created_at, id) < (@createdAt, @id) ORDER BY created_at DESC, id DESC LIMIT @limit';

const CHANGE_COLUMNS = 'seq, step, kind, target, record, undo, changes.status, reason, boot_id';

/** With a name of its own, so that declarations can be written of what holds it. */
export interface PreparedStatement extends Statement<unknown[], unknown> {}

/** Every statement of the history, prepared once per connection. A statement of a read-only connection is prepared all the same. */
export function prepareStatements(db: Database) {
  const prepare = (sql: string): PreparedStatement => db.prepare<unknown[], unknown>(sql);
  return {
    insertDefinition: prepare(
      `INSERT INTO definitions (hash, definition, stored_at) VALUES (@hash, @definition, @at)
       ON CONFLICT (hash) DO NOTHING`,
    ),
    hasDefinition: prepare('SELECT EXISTS (SELECT 1 FROM definitions WHERE hash = @hash)').pluck(),
    definition: prepare('SELECT definition FROM definitions WHERE hash = @hash').pluck(),

    insertRun: prepare(
      `INSERT INTO runs (id, workflow, definition_hash, runtime, input, options, status, created_at, fence,
         owner_pid, owner_start_time, owner_boot_id)
       VALUES (@id, @workflow, @definitionHash, @runtime, @input, @options, 'running', @createdAt, 1,
         @pid, @startTime, @bootId)`,
    ),
    insertImportedRun: prepare(
      `INSERT INTO runs (id, workflow, definition_hash, runtime, input, options, status, created_at, fence, imported_from)
       VALUES (@id, @workflow, @definitionHash, @runtime, @input, @options, 'running', @createdAt, 1, @importedFrom)`,
    ),
    lease: prepare(
      `SELECT number, fence, status, imported_from, owner_pid, owner_start_time, owner_boot_id FROM runs WHERE id = @id`,
    ),
    takeOver: prepare(
      `UPDATE runs SET fence = fence + 1, owner_pid = @pid, owner_start_time = @startTime, owner_boot_id = @bootId
       WHERE id = @id`,
    ),
    // This one and those that follow steps are asked for with every step: by position, which takes half the time of names.
    held: prepare(
      `SELECT number, status, started_at, (SELECT max(seq) FROM journal WHERE run = runs.number) AS last_seq FROM runs
       WHERE id = ? AND fence = ? AND owner_pid IS NOT NULL`,
    ).raw(),
    holdsLease: prepare(
      'SELECT EXISTS (SELECT 1 FROM runs WHERE id = @id AND fence = @fence AND owner_pid IS NOT NULL)',
    ).pluck(),
    clearOwner: prepare(
      `UPDATE runs SET owner_pid = NULL, owner_start_time = NULL, owner_boot_id = NULL
       WHERE id = @id AND fence = @fence AND owner_pid IS NOT NULL`,
    ),
    beginRun: prepare('UPDATE runs SET started_at = @at WHERE number = @run AND started_at IS NULL'),
    goOn: prepare(`UPDATE runs SET status = 'running' WHERE number = @run AND status IN ('waiting', 'paused')`),
    setRunStatus: prepare('UPDATE runs SET status = @status, finished_at = NULL WHERE number = @run'),
    rollBackRun: prepare(
      `UPDATE runs SET status = 'rolling-back', finished_at = NULL, error = coalesce(@error, error) WHERE number = @run`,
    ),
    // None is altered where the definition is not stored: the event then does not follow.
    setDefinition: prepare(
      `UPDATE runs SET definition_hash = @hash
       WHERE number = @run AND EXISTS (SELECT 1 FROM definitions WHERE hash = @hash)`,
    ),
    endRun: prepare(
      'UPDATE runs SET status = @status, output = @output, error = @error, finished_at = @at WHERE number = @run',
    ),

    run: prepare(`SELECT ${RUN_COLUMNS} FROM runs WHERE id = @id`),
    createdAt: prepare('SELECT created_at FROM runs WHERE id = @id').pluck(),
    runs: prepare(`SELECT ${RUN_COLUMNS} FROM runs WHERE ${OLDER}`),
    runsOfWorkflow: prepare(`SELECT ${RUN_COLUMNS} FROM runs WHERE workflow = @workflow AND ${OLDER}`),
    runsOfStatus: prepare(`SELECT ${RUN_COLUMNS} FROM runs WHERE status = @status AND ${OLDER}`),
    runsOfWorkflowAndStatus: prepare(
      `SELECT ${RUN_COLUMNS} FROM runs INDEXED BY runs_of_workflow_and_status
       WHERE workflow = @workflow AND status = @status AND ${OLDER}`,
    ),
    unfinishedRuns: prepare(
      `SELECT ${RUN_COLUMNS} FROM runs
       WHERE status IN ('running', 'waiting', 'paused', 'rolling-back') AND imported_from IS NULL
       ORDER BY created_at DESC, id DESC`,
    ),
    newestIds: prepare('SELECT id FROM runs ORDER BY created_at DESC, id DESC LIMIT @limit').pluck(),
    // No id holds a character beyond U+10FFFF: the range is that of the prefix. The first so many of it, the newest first.
    idsWithPrefix: prepare(
      `SELECT id FROM (SELECT id, created_at FROM runs WHERE id >= @prefix AND id < @prefix || char(0x10FFFF) LIMIT @enough)
       ORDER BY created_at DESC, id DESC`,
    ).pluck(),
    // For a prefix that many ids have: soon enough are met on the way from the newest on.
    newestIdsWithPrefix: prepare(
      `SELECT id FROM runs INDEXED BY runs_newest WHERE +id >= @prefix AND +id < @prefix || char(0x10FFFF)
       ORDER BY created_at DESC, id DESC LIMIT @limit`,
    ).pluck(),
    // From each name one step to the next in the index: as many steps as there are names, however many runs.
    workflowNames: prepare(
      `WITH RECURSIVE names (name) AS (
         SELECT min(workflow) FROM runs
         UNION ALL SELECT (SELECT min(workflow) FROM runs WHERE workflow > names.name) FROM names WHERE name IS NOT NULL
       ) SELECT name FROM names WHERE name IS NOT NULL`,
    ).pluck(),

    insertClaim: prepare('INSERT INTO claims (resource, run) VALUES (@resource, @run)'),
    claimHolder: prepare(
      `SELECT claims.run AS number, runs.id, runs.workflow, runs.status,
         EXISTS (SELECT 1 FROM changes WHERE changes.run = claims.run AND changes.${STANDING}) AS standing
       FROM claims JOIN runs ON runs.number = claims.run WHERE claims.resource = @resource`,
    ),
    claimsOfRun: prepare(
      'SELECT resource FROM claims WHERE run = (SELECT number FROM runs WHERE id = @id) ORDER BY resource',
    ).pluck(),
    deleteClaims: prepare('DELETE FROM claims WHERE run = @run'),
    anyStanding: prepare(`SELECT EXISTS (SELECT 1 FROM changes WHERE run = @run AND ${STANDING})`).pluck(),

    insertEntry: prepare('INSERT INTO journal (run, seq, at, type, data) VALUES (?, ?, ?, ?, ?)'),
    journal: prepare(
      `SELECT seq, at, type, data FROM journal
       WHERE run = (SELECT number FROM runs WHERE id = @id) AND seq > @after ORDER BY seq`,
    ),
    lastVerified: prepare(
      `SELECT seq, at, type, data FROM journal
       WHERE run = (SELECT number FROM runs WHERE id = @id) AND type = 'verified' ORDER BY seq DESC LIMIT 1`,
    ),

    insertStep: prepare(
      `INSERT INTO steps (run, id, stage, kind, status, attempts, started_at, input)
       VALUES (?, ?, ?, ?, 'running', 1, ?, ?) ON CONFLICT (run, id) DO NOTHING`,
    ),
    alterStep: prepare(
      `UPDATE steps SET status = ?, attempts = ?, output = ?, error = ?, started_at = coalesce(?, started_at), finished_at = ?
       WHERE run = ? AND id = ? AND finished_at IS NULL`,
    ),
    steps: prepare(
      `SELECT id, stage, kind, status, attempts, started_at, finished_at, input, output, error FROM steps
       WHERE run = (SELECT number FROM runs WHERE id = @id) ORDER BY number`,
    ),

    intendChange: prepare(
      `INSERT INTO changes (run, seq, step, kind, target, record, undo, status, reason, boot_id)
       VALUES (@run, @seq, @step, @kind, @target, @record, @undo, @status, @reason, @bootId)
       ON CONFLICT (run, seq) DO UPDATE SET step = excluded.step, kind = excluded.kind, target = excluded.target,
         record = excluded.record, undo = excluded.undo, status = excluded.status, reason = excluded.reason,
         boot_id = excluded.boot_id`,
    ),
    applyChange: prepare(
      `UPDATE changes SET status = 'applied', reason = NULL, record = @record, target = @target, undo = @undo
       WHERE run = @run AND seq = @seq`,
    ),
    settleChange: prepare('UPDATE changes SET status = @status, reason = @reason WHERE run = @run AND seq = @seq'),
    changes: prepare(
      `SELECT ${CHANGE_COLUMNS} FROM changes WHERE run = (SELECT number FROM runs WHERE id = @id) ORDER BY seq`,
    ),
    standingChanges: prepare(
      `SELECT runs.id AS run, ${CHANGE_COLUMNS} FROM changes JOIN runs ON runs.number = changes.run
       WHERE changes.${STANDING} AND runs.imported_from IS NULL ORDER BY changes.run, seq`,
    ),

    lastOrdinal: prepare('SELECT max(ordinal) FROM evidence WHERE run = @run').pluck(),
    insertEvidence: prepare(
      `INSERT INTO evidence (run, ordinal, step, attempt, command, output, deflated, exit_code, started_at, duration_ms)
       VALUES (@run, @ordinal, @step, @attempt, @command, @output, @deflated, @exitCode, @startedAt, @durationMs)`,
    ),
    evidenceSize: prepare('SELECT evidence_size FROM steps WHERE run = @run AND id = @step').pluck(),
    setEvidenceSize: prepare('UPDATE steps SET evidence_size = @size WHERE run = @run AND id = @step'),
    evidence: prepare(
      `SELECT step, attempt, command, output, deflated, exit_code, started_at, duration_ms FROM evidence
       WHERE run = (SELECT number FROM runs WHERE id = @id) AND ordinal > @after AND (@step IS NULL OR step = @step)
       ORDER BY ordinal`,
    ),

    insertFingerprint: prepare(
      'INSERT INTO fingerprints (hash, deflated) VALUES (@hash, @deflated) ON CONFLICT (hash) DO NOTHING',
    ),
    fingerprint: prepare('SELECT deflated FROM fingerprints WHERE hash = @hash').pluck(),
    hasFingerprint: prepare('SELECT EXISTS (SELECT 1 FROM fingerprints WHERE hash = @hash)').pluck(),

    version: prepare('PRAGMA user_version').pluck(),
  };
}

export type Statements = ReturnType<typeof prepareStatements>;

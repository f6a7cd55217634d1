import type { Database, Statement } from 'better-sqlite3';
import { later } from '../engine/later.ts';

/** As in the partial index `changes_in_place`, word for word, or SQLite will not use it. See `isInPlace` in the engine. */
export const IN_PLACE = "status IN ('intended', 'applied', 'kept', 'stuck')";

/** In the order in which `plainRun` takes them. */
const RUN_COLUMNS = `id, workflow, definition_hash, runtime, input, options, status, created_at, started_at, finished_at,
  output, error, fence, owner_pid, owner_start_time, owner_boot_id, owner_pid_namespace, place,
  imported_from, CASE WHEN imported_from IS NULL THEN
    (SELECT count(*) FROM changes WHERE changes.run = runs.number AND changes.${IN_PLACE}) ELSE 0 END AS changes_in_place`;

const OLDER =
  'created_at >= @since AND (created_at, id) < (@createdAt, @id) ORDER BY created_at DESC, id DESC LIMIT @limit';

const CHANGE_COLUMNS = 'seq, step, kind, target, record, undo, changes.status, reason, boot_id';

/** With a name of its own, so that declarations can be written of what holds it. */
export interface PreparedStatement extends Statement<unknown[], unknown> {}

/** Every statement that only reads, each prepared when it is first used: to prepare all takes a millisecond. */
export function prepareReadingStatements(db: Database) {
  const prepare = (sql: string): PreparedStatement => db.prepare<unknown[], unknown>(sql);
  return {
    definition: later(() => prepare('SELECT definition FROM definitions WHERE hash = @hash').pluck()),
    run: later(() => prepare(`SELECT ${RUN_COLUMNS} FROM runs WHERE id = @id`).raw()),
    createdAt: later(() => prepare('SELECT created_at FROM runs WHERE id = @id').pluck()),
    runs: later(() => prepare(`SELECT ${RUN_COLUMNS} FROM runs WHERE ${OLDER}`).raw()),
    runsOfWorkflow: later(() =>
      prepare(`SELECT ${RUN_COLUMNS} FROM runs WHERE workflow = @workflow AND ${OLDER}`).raw(),
    ),
    runsOfStatus: later(() => prepare(`SELECT ${RUN_COLUMNS} FROM runs WHERE status = @status AND ${OLDER}`).raw()),
    runsOfWorkflowAndStatus: later(() =>
      prepare(
        `SELECT ${RUN_COLUMNS} FROM runs INDEXED BY runs_of_workflow_and_status
       WHERE workflow = @workflow AND status = @status AND ${OLDER}`,
      ).raw(),
    ),
    unfinishedRuns: later(() =>
      prepare(
        `SELECT ${RUN_COLUMNS} FROM runs
       WHERE status IN ('running', 'waiting', 'paused', 'rolling-back') AND imported_from IS NULL
       ORDER BY created_at DESC, id DESC`,
      ).raw(),
    ),
    newestIds: later(() => prepare('SELECT id FROM runs ORDER BY created_at DESC, id DESC LIMIT @limit').pluck()),
    // No id holds a character beyond U+10FFFF: the range is that of the prefix. The first so many of it, the newest first.
    idsWithPrefix: later(() =>
      prepare(
        `SELECT id FROM (SELECT id, created_at FROM runs WHERE id >= @prefix AND id < @prefix || char(0x10FFFF) LIMIT @enough)
       ORDER BY created_at DESC, id DESC`,
      ).pluck(),
    ),
    // For a prefix that many ids have: soon enough are met on the way from the newest on.
    newestIdsWithPrefix: later(() =>
      prepare(
        `SELECT id FROM runs INDEXED BY runs_newest WHERE +id >= @prefix AND +id < @prefix || char(0x10FFFF)
       ORDER BY created_at DESC, id DESC LIMIT @limit`,
      ).pluck(),
    ),
    // From each name one step to the next in the index: as many steps as there are names, however many runs.
    workflowNames: later(() =>
      prepare(
        `WITH RECURSIVE names (name) AS (
         SELECT min(workflow) FROM runs
         UNION ALL SELECT (SELECT min(workflow) FROM runs WHERE workflow > names.name) FROM names WHERE name IS NOT NULL
       ) SELECT name FROM names WHERE name IS NOT NULL`,
      ).pluck(),
    ),
    claimsOfRun: later(() =>
      prepare(
        'SELECT resource FROM claims WHERE run = (SELECT number FROM runs WHERE id = @id) ORDER BY resource',
      ).pluck(),
    ),
    journal: later(() =>
      prepare(
        `SELECT seq, at, type, data FROM journal
       WHERE run = (SELECT number FROM runs WHERE id = @id) AND seq > @after ORDER BY seq`,
      ).raw(),
    ),
    lastVerified: later(() =>
      prepare(
        `SELECT seq, at, type, data FROM journal
       WHERE run = (SELECT number FROM runs WHERE id = @id) AND type = 'verified' ORDER BY seq DESC LIMIT 1`,
      ).raw(),
    ),
    steps: later(() =>
      prepare(
        `SELECT id, stage, kind, status, attempts, started_at, finished_at, input, output, error FROM steps
       WHERE run = (SELECT number FROM runs WHERE id = @id) ORDER BY number`,
      ).raw(),
    ),
    changes: later(() =>
      prepare(
        `SELECT ${CHANGE_COLUMNS} FROM changes WHERE run = (SELECT number FROM runs WHERE id = @id) ORDER BY seq`,
      ).raw(),
    ),
    changesInPlace: later(() =>
      prepare(
        `SELECT runs.id AS run, ${CHANGE_COLUMNS} FROM changes JOIN runs ON runs.number = changes.run
       WHERE changes.${IN_PLACE} AND runs.imported_from IS NULL ORDER BY changes.run, seq`,
      ).raw(),
    ),
    evidence: later(() =>
      prepare(
        `SELECT step, attempt, command, output, deflated, exit_code, started_at, duration_ms FROM evidence
       WHERE run = (SELECT number FROM runs WHERE id = @id) AND ordinal > @after AND (@step IS NULL OR step = @step)
       ORDER BY ordinal`,
      ).raw(),
    ),
    fingerprint: later(() => prepare('SELECT deflated FROM fingerprints WHERE hash = @hash').pluck()),
  };
}

export type ReadingStatements = ReturnType<typeof prepareReadingStatements>;

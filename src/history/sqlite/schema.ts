import type { Database } from 'better-sqlite3';

/** Marks a database as one of wf, in the header of its file: "wfdb" in ASCII. */
export const APPLICATION_ID = 0x77666462;

/** Version of the schema below, stored as `user_version`. */
export const SCHEMA_VERSION = 1;

/** Condition for a change that is in place on a host (`isInPlace` in the engine). Queries repeat it so that SQLite uses the index. */
export const IN_PLACE = "status IN ('intended', 'applied', 'kept', 'stuck')";

/** Condition for a run that has not ended, here or on the machine that it was imported from. */
export const UNENDED = "status IN ('running', 'waiting', 'paused', 'unconfirmed', 'rolling-back')";

/**
 * Condition for a run that an agent resumes once its owner is dead: it was under way, or has an owner while it waits. Queries repeat it
 * so that SQLite uses the index.
 */
export const RESUMED_BY_AGENT =
  "auto_resume = 1 AND (status IN ('running', 'rolling-back') OR (status = 'waiting' AND owner_pid IS NOT NULL))";

/**
 * A run has a number beside its id: the rows of recent runs are then neighbours at the end of each table.
 * Tables with wide rows keep their rowid and have a narrow unique index, because WITHOUT ROWID would put whole rows into inner pages.
 */
const SCHEMA = `
  CREATE TABLE definitions (
    hash TEXT NOT NULL PRIMARY KEY,
    definition TEXT NOT NULL,
    stored_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE runs (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    workflow TEXT NOT NULL,
    definition_hash TEXT NOT NULL REFERENCES definitions (hash),
    runtime TEXT NOT NULL CHECK (runtime IN ('docker', 'embedded')),
    input TEXT NOT NULL CHECK (json_valid(input)),
    options TEXT NOT NULL CHECK (json_valid(options)),
    place TEXT,
    status TEXT NOT NULL CHECK (status IN ('running', 'waiting', 'paused', 'unconfirmed', 'rolling-back',
      'succeeded', 'failed', 'rolled-back', 'needs-attention')),
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    output TEXT,
    error TEXT,
    imported_from TEXT,
    retry_of TEXT GENERATED ALWAYS AS (json_extract(options, '$.retryOf')) VIRTUAL,
    due_at INTEGER, -- the first timer of a run of this machine that waits, or the deadline of an unconfirmed one
    auto_resume INTEGER NOT NULL CHECK (auto_resume IN (0, 1)),
    fence INTEGER NOT NULL,
    owner_pid INTEGER,
    owner_start_time TEXT,
    owner_boot_id TEXT,
    owner_pid_namespace TEXT,
    CHECK ((owner_pid IS NULL) = (owner_start_time IS NULL) AND (owner_pid IS NULL) = (owner_boot_id IS NULL))
  ) STRICT;
  CREATE INDEX runs_newest ON runs (created_at, id);
  CREATE INDEX runs_of_workflow ON runs (workflow, created_at, id);
  CREATE INDEX runs_of_status ON runs (status, created_at, id);
  CREATE INDEX runs_of_workflow_and_status ON runs (workflow, status, created_at, id);
  CREATE INDEX runs_of_definition ON runs (definition_hash);
  CREATE UNIQUE INDEX runs_retried ON runs (retry_of) WHERE retry_of IS NOT NULL AND imported_from IS NULL;
  CREATE INDEX runs_with_owner ON runs (number) WHERE owner_pid IS NOT NULL;
  CREATE INDEX runs_due ON runs (due_at, number) WHERE due_at IS NOT NULL;
  CREATE INDEX runs_imported ON runs (status) WHERE imported_from IS NOT NULL;
  CREATE INDEX runs_to_resume ON runs (number) WHERE ${RESUMED_BY_AGENT};

  CREATE TABLE journal (
    number INTEGER PRIMARY KEY, -- in the order of the commits of all runs; VACUUM keeps it
    run INTEGER NOT NULL REFERENCES runs (number),
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    UNIQUE (run, seq)
  ) STRICT;
  CREATE INDEX journal_verified ON journal (run, seq) WHERE type = 'verified';
  CREATE INDEX journal_fingerprints ON journal (json_extract(data, '$.fingerprint'))
    WHERE type IN ('baseline.taken', 'verified');
  CREATE INDEX journal_definitions ON journal (json_extract(data, '$.definitionHash'))
    WHERE type = 'definition.accepted';

  CREATE TABLE steps (
    number INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (number),
    id TEXT NOT NULL,
    stage TEXT NOT NULL,
    kind TEXT NOT NULL,
    host TEXT,
    status TEXT NOT NULL CHECK (status IN ('running', 'retrying', 'succeeded', 'failed', 'stopped')),
    attempts INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    input TEXT NOT NULL,
    output TEXT,
    error TEXT,
    evidence_size INTEGER NOT NULL DEFAULT 0,
    UNIQUE (run, id)
  ) STRICT;

  CREATE TABLE changes (
    run INTEGER NOT NULL REFERENCES runs (number),
    seq INTEGER NOT NULL,
    step TEXT NOT NULL,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    title TEXT,
    host TEXT,
    record TEXT NOT NULL,
    undo TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('intended', 'applied', 'reverted', 'gone', 'kept', 'stuck')),
    reason TEXT,
    boot_id TEXT NOT NULL,
    UNIQUE (run, seq)
  ) STRICT;
  CREATE INDEX changes_in_place ON changes (run, seq) WHERE ${IN_PLACE};

  CREATE TABLE evidence (
    run INTEGER NOT NULL REFERENCES runs (number),
    ordinal INTEGER NOT NULL,
    step TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    exit_code INTEGER,
    started_at INTEGER NOT NULL,
    duration_ms REAL NOT NULL,
    command TEXT NOT NULL,
    output ANY NOT NULL CHECK (typeof(output) IN ('text', 'blob')), -- a blob is compressed text
    UNIQUE (run, ordinal)
  ) STRICT;

  CREATE TABLE open_requests (
    run INTEGER NOT NULL REFERENCES runs (number),
    seq INTEGER NOT NULL,
    PRIMARY KEY (run, seq)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE agent (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    since INTEGER NOT NULL,
    owner_pid INTEGER NOT NULL,
    owner_start_time TEXT NOT NULL,
    owner_boot_id TEXT NOT NULL,
    owner_pid_namespace TEXT
  ) STRICT;

  CREATE TABLE agent_identity (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL,
    seed TEXT NOT NULL -- of the key pair to which a fleet seals secrets
  ) STRICT;

  -- runs of a fleet that must never start here
  CREATE TABLE tombstones (
    run_id TEXT NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- fleet runs that have ended, as this machine saw them last
  CREATE TABLE fleet_runs (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    finished_at INTEGER NOT NULL,
    workflow TEXT NOT NULL,
    status TEXT NOT NULL,
    hosts INTEGER NOT NULL,
    version INTEGER NOT NULL,
    compressed BLOB NOT NULL, -- the record
    UNIQUE (id, created_at)
  ) STRICT;
  CREATE INDEX fleet_runs_newest ON fleet_runs (created_at, id);

  CREATE TABLE claims (
    resource TEXT NOT NULL PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (number)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX claims_of_run ON claims (run);

  CREATE TABLE plans (
    id TEXT NOT NULL PRIMARY KEY,
    created_at INTEGER NOT NULL,
    workflow TEXT NOT NULL,
    definition_hash TEXT NOT NULL REFERENCES definitions (hash),
    plan TEXT NOT NULL CHECK (json_valid(plan)),
    run INTEGER REFERENCES runs (number) -- the run that used it
  ) STRICT;
  CREATE INDEX plans_newest ON plans (created_at, id);
  CREATE INDEX plans_of_definition ON plans (definition_hash);
  CREATE UNIQUE INDEX plans_of_run ON plans (run) WHERE run IS NOT NULL;

  CREATE TABLE fingerprints (
    hash TEXT NOT NULL PRIMARY KEY,
    compressed BLOB NOT NULL
  ) STRICT;
`;

/** Names of all tables and indexes. */
export const TABLES_AND_INDEXES = Array.from(
  SCHEMA.matchAll(/CREATE (?:TABLE|(?:UNIQUE )?INDEX) (\w+)/g),
  ([, name = '']) => name,
);

/** Creates the tables, unless another process has created them in the meantime. */
export function createTables(db: Database): void {
  db.transaction(() => {
    if (versionOf(db) > 0) return;
    db.exec(SCHEMA);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${SCHEMA_VERSION}`);
  }).immediate();
}

/** Returns the schema version of a database; 0 if it has no tables yet. */
export function versionOf(db: Database): number {
  return Number(db.pragma('user_version', { simple: true }));
}

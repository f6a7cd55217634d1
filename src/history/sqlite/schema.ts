import type { Database } from 'better-sqlite3';

/** "wfdb" in ASCII, in the header of every database of wf: tells it apart from another program's. */
export const APPLICATION_ID = 0x77666462;

/**
 * What brings a database from one version to the next; the version is how many have been applied (`user_version`).
 * One that was released is never edited: a new one is added.
 *
 * Runs have a number beside their id, so that the rows of what is going on now lie side by side at the end of each
 * table, whatever the ids. Rows that hold JSON are wide, which a table WITHOUT ROWID would carry in its inner pages
 * too: those have a narrow unique index instead.
 */
export const MIGRATIONS: readonly string[] = [
  `
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
    status TEXT NOT NULL CHECK (status IN ('running', 'waiting', 'paused', 'rolling-back',
      'succeeded', 'failed', 'rolled-back', 'needs-attention')),
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    output TEXT,
    error TEXT,
    fence INTEGER NOT NULL,
    owner_pid INTEGER,
    owner_start_time TEXT,
    owner_boot_id TEXT,
    CHECK ((owner_pid IS NULL) = (owner_start_time IS NULL) AND (owner_pid IS NULL) = (owner_boot_id IS NULL))
  ) STRICT;
  CREATE INDEX runs_newest ON runs (created_at, id);
  CREATE INDEX runs_of_workflow ON runs (workflow, created_at, id);
  CREATE INDEX runs_of_status ON runs (status, created_at, id);
  CREATE INDEX runs_of_workflow_and_status ON runs (workflow, status, created_at, id);

  CREATE TABLE journal (
    run INTEGER NOT NULL REFERENCES runs (number),
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    UNIQUE (run, seq)
  ) STRICT;
  CREATE INDEX journal_verified ON journal (run, seq) WHERE type = 'verified';

  CREATE TABLE steps (
    number INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (number),
    id TEXT NOT NULL,
    stage TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('running', 'retrying', 'succeeded', 'failed', 'stopped')),
    attempts INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    input TEXT NOT NULL,
    output TEXT,
    error TEXT,
    UNIQUE (run, id)
  ) STRICT;

  CREATE TABLE changes (
    run INTEGER NOT NULL REFERENCES runs (number),
    seq INTEGER NOT NULL,
    step TEXT NOT NULL,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    record TEXT NOT NULL,
    undo TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('intended', 'applied', 'reverted', 'gone', 'kept', 'stuck')),
    reason TEXT,
    boot_id TEXT NOT NULL,
    UNIQUE (run, seq)
  ) STRICT;
  CREATE INDEX changes_standing ON changes (run, seq) WHERE status IN ('intended', 'applied', 'stuck');

  CREATE TABLE evidence (
    run INTEGER NOT NULL REFERENCES runs (number),
    ordinal INTEGER NOT NULL,
    step TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    exit_code INTEGER,
    started_at INTEGER NOT NULL,
    duration_ms REAL NOT NULL,
    command TEXT NOT NULL,
    output TEXT NOT NULL,
    UNIQUE (run, ordinal)
  ) STRICT;

  CREATE TABLE claims (
    resource TEXT NOT NULL PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (number)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX claims_of_run ON claims (run);

  CREATE TABLE fingerprints (
    hash TEXT NOT NULL PRIMARY KEY,
    deflated BLOB NOT NULL
  ) STRICT;
  `,
  // Imported runs; what prune asks: which definitions and fingerprints are in use, and who is at work; evidence, bounded and
  // packed. What refers to a fingerprint or a definition by its hash are journal entries, of few types.
  `
  ALTER TABLE runs ADD COLUMN imported_from TEXT;
  CREATE INDEX runs_of_definition ON runs (definition_hash);
  CREATE INDEX runs_held ON runs (number) WHERE owner_pid IS NOT NULL;
  CREATE INDEX journal_fingerprints ON journal (json_extract(data, '$.fingerprint'))
    WHERE type IN ('baseline.taken', 'verified');
  CREATE INDEX journal_definitions ON journal (json_extract(data, '$.definitionHash'))
    WHERE type = 'definition.accepted';
  ALTER TABLE evidence ADD COLUMN deflated BLOB;
  ALTER TABLE steps ADD COLUMN evidence_size INTEGER NOT NULL DEFAULT 0;
  `,
  // For a list SQLite fills a table of its own at each insert and update: 2.7 us of the 6.2 that a step's row took. What is stored stays
  // as it is, and so does what the constraint says: its text is exchanged, as https://www.sqlite.org/lang_altertable.html has it.
  `
  PRAGMA writable_schema = ON;
  UPDATE sqlite_schema SET sql = replace(
      sql,
      'status IN (''running'', ''retrying'', ''succeeded'', ''failed'', ''stopped'')',
      'status = ''running'' OR status = ''succeeded'' OR status = ''retrying'' OR status = ''failed'' OR status = ''stopped'''
    )
    WHERE type = 'table' AND name = 'steps';
  PRAGMA writable_schema = RESET;
  `,
  // Where a run was started, and in which PID namespace its owner has its pid.
  `
  ALTER TABLE runs ADD COLUMN place TEXT;
  ALTER TABLE runs ADD COLUMN owner_pid_namespace TEXT;
  `,
  // Kept changes are in place, too.
  `
  DROP INDEX changes_standing;
  CREATE INDEX changes_in_place ON changes (run, seq) WHERE status IN ('intended', 'applied', 'kept', 'stuck');
  `,
];

/** What a database of this version holds; without one of them some statement could not be prepared. */
export const TABLES_AND_INDEXES: readonly string[] = [
  'definitions',
  'runs',
  'journal',
  'steps',
  'changes',
  'evidence',
  'claims',
  'fingerprints',
  'runs_newest',
  'runs_of_workflow',
  'runs_of_status',
  'runs_of_workflow_and_status',
  'journal_verified',
  'changes_in_place',
  'claims_of_run',
  'runs_of_definition',
  'runs_held',
  'journal_fingerprints',
  'journal_definitions',
];

/**
 * Applies what is missing, each migration in a transaction of its own. Where two processes open a new file at the same
 * moment, the one that gets the lock second finds the work done.
 */
export function migrate(db: Database): void {
  MIGRATIONS.forEach((migration, index) => {
    db.transaction(() => {
      if (versionOf(db) > index) return;
      // The schema's text is protected otherwise.
      db.unsafeMode(true);
      db.exec(migration);
      db.pragma(`application_id = ${APPLICATION_ID}`);
      db.pragma(`user_version = ${index + 1}`);
      db.unsafeMode(false);
    }).immediate();
  });
}

/** How many migrations the database has seen. */
export function versionOf(db: Database): number {
  return Number(db.pragma('user_version', { simple: true }));
}

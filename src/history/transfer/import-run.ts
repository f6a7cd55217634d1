import Database from 'better-sqlite3';
import { WfError } from '../../engine/errors.ts';
import { runExists, storeDefinition, storeEntry } from '../projection/store-entry.ts';
import { StoredRows } from '../projection/table-rows.ts';
import type { HistoryReader } from '../reader.ts';
import { insertEvidence } from '../rows/evidence.ts';
import { storeFingerprint } from '../rows/fingerprints.ts';
import type { Statements } from '../sqlite/statements.ts';
import { runFileContent } from './export-run.ts';
import { invalid, type RunFileContent, runFileText } from './run-file.ts';

/**
 * Stores a run of another machine, inside one transaction: every entry of its journal goes through the projector, as if it
 * were appended now. Nobody holds its lease or ever will, and it claims nothing here. What is then read of it must be what the
 * file holds, no more and no less.
 * @throws WfError E_RUN_EXISTS; E_RUN_FILE_INVALID where an entry does not follow from those before it.
 */
export function importRun(
  statements: Statements,
  reader: Pick<HistoryReader, 'run' | 'journal' | 'evidence' | 'definition' | 'fingerprint'>,
  content: RunFileContent,
  at: number,
): void {
  if (statements.lease().get({ id: content.run.id }) !== undefined) throw runExists(content.run.id);
  try {
    store(statements, content, at);
    const run = reader.run(content.run.id);
    const stored = run === undefined ? '' : runFileText(runFileContent(reader, run, content.machine));
    if (stored !== runFileText(content)) throw invalid('it holds more than its run, or less');
  } catch (thrown) {
    if (isContradiction(thrown)) throw invalid(thrown.message, thrown);
    throw thrown;
  }
}

function store(
  statements: Statements,
  { machine, run: header, definitions, journal, evidence, fingerprints }: RunFileContent,
  at: number,
): void {
  for (const { hash, definition } of definitions) storeDefinition(statements, hash, definition, at);
  for (const { fingerprint } of fingerprints) storeFingerprint(statements, fingerprint);
  const { lastInsertRowid } = statements.insertImportedRun().run({
    id: header.id,
    workflow: header.workflow,
    definitionHash: header.definitionHash,
    runtime: header.runtime,
    input: JSON.stringify(header.input),
    options: JSON.stringify(header.options),
    createdAt: header.createdAt,
    importedFrom: machine,
  });
  const run = Number(lastInsertRowid);
  const rows = new StoredRows(statements, { number: run, hasBegun: false, isResting: false });
  for (const entry of journal) storeEntry(statements, rows, entry);
  insertEvidence(statements, run, evidence);
}

/** What the projector, the schema of the database, or reading it back refuses is the file's fault here, not a defect of wf. */
function isContradiction(thrown: unknown): thrown is Error {
  if (thrown instanceof WfError) return thrown.code === 'E_INTERNAL' || thrown.code === 'E_DATABASE_DAMAGED';
  return thrown instanceof Database.SqliteError && thrown.code.startsWith('SQLITE_CONSTRAINT');
}

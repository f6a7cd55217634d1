import Database from 'better-sqlite3';
import { WfError } from '../../engine/model/errors.ts';
import type { Statements } from '../../sqlite/statements.ts';
import type { HistoryReader } from '../reader.ts';
import { insertEvidence } from '../rows/evidence.ts';
import { storeFingerprint } from '../rows/fingerprints.ts';
import { storeDefinition, storeEntry, storeRun } from '../store-run.ts';
import { runFileContent } from './export-run.ts';
import { invalid, type RunFileContent, runFileText } from './run-file.ts';

/**
 * Stores a run of another machine, inside one transaction. Every entry of its journal is projected as if it were appended now. The run
 * gets no owner and no claims. Finally exports it again, which must give the same file.
 * @throws WfError E_RUN_EXISTS; E_RUN_FILE_INVALID if an entry does not follow from those before it
 */
export function importRun(
  statements: Statements,
  reader: Pick<HistoryReader, 'run' | 'journal' | 'evidence' | 'definition' | 'fingerprint'>,
  content: RunFileContent,
  at: number,
): void {
  const { machine, run: header, definitions, journal, evidence, fingerprints } = content;
  try {
    for (const { hash, definition } of definitions) storeDefinition(statements, hash, definition, at);
    for (const { fingerprint } of fingerprints) storeFingerprint(statements, fingerprint);
    const number = storeRun(statements, header, { importedFrom: machine });
    for (const entry of journal) storeEntry(statements, number, entry);
    insertEvidence(statements, number, evidence);
    const run = reader.run(header.id);
    const stored = run === undefined ? '' : runFileText(runFileContent(reader, run, machine));
    if (stored !== runFileText(content)) throw invalid('its content differs from the run that its journal describes');
  } catch (thrown) {
    if (isContradiction(thrown)) throw invalid(thrown.message, thrown);
    throw thrown;
  }
}

/** Returns whether the file is at fault: its entries contradict each other or the schema. In wf itself, that would be a defect. */
function isContradiction(thrown: unknown): thrown is Error {
  if (thrown instanceof WfError) return thrown.code === 'E_INTERNAL' || thrown.code === 'E_DATABASE_DAMAGED';
  return thrown instanceof Database.SqliteError && thrown.code.startsWith('SQLITE_CONSTRAINT');
}

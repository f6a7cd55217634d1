import { WfError } from '../engine/errors.ts';
import type { RunId } from '../engine/ids.ts';
import type { JournalEntry, JournalEvent, RunHeader } from '../engine/journal-event.ts';
import type { Json } from '../engine/json.ts';
import { eventColumns } from './journal-rows.ts';
import { project } from './projector.ts';
import type { Statements } from './statements.ts';
import type { StoredRows } from './stored-rows.ts';

/** Keeps a definition; one with the same hash is the same. */
export function storeDefinition(statements: Statements, hash: string, definition: Json, at: number): void {
  if (statements.hasDefinition.get({ hash }) === 1) return;
  statements.insertDefinition.run({ hash, definition: JSON.stringify(definition), at });
}

/** A new run's columns. @throws WfError E_RUN_EXISTS */
export function newRunColumns(statements: Statements, header: RunHeader) {
  const { id, workflow, definitionHash, runtime, createdAt } = header;
  if (statements.lease.get({ id }) !== undefined) throw runExists(id);
  const columns = { input: JSON.stringify(header.input), options: JSON.stringify(header.options) };
  return { id, workflow, definitionHash, runtime, createdAt, ...columns };
}

/**
 * Adds an entry to the journal, and does to the rows beside it what the projector says.
 * @throws WfError E_INTERNAL where it does not follow from what is stored
 */
export function storeEntry(statements: Statements, rows: StoredRows, entry: JournalEntry): void {
  const { seq, at, event } = entry;
  const { type, data } = eventColumns(event);
  statements.insertEntry.run(rows.run, seq, at, type, data);
  const missing = project(entry, rows);
  if (missing !== undefined) throw doesNotFollow(event, missing);
}

/** Then the whole batch is refused. */
function doesNotFollow({ type }: JournalEvent, missing: string): WfError {
  return new WfError('E_INTERNAL', `the event ${type} does not follow from the journal: ${missing}`, {
    hint: 'This is a defect in wf: nothing was written. Report it with the journal of the run (`wf show --json`).',
    details: { event: type },
  });
}

function runExists(id: RunId): WfError {
  return new WfError('E_RUN_EXISTS', `there is a run ${id} already`, {
    hint: `Choose another --id, or look at it with \`wf show ${id}\`.`,
  });
}

import { WfError } from '../../engine/errors.ts';
import type { RunId } from '../../engine/ids.ts';
import type { JournalEntry, JournalEvent, RunHeader } from '../../engine/journal-event.ts';
import type { Json } from '../../engine/json.ts';
import type { Owner } from '../../engine/owner.ts';
import { eventColumns } from '../rows/journal-row.ts';
import type { Statements } from '../sqlite/statements.ts';
import { project } from './project.ts';
import type { StoredRows } from './table-rows.ts';

/** Keeps a definition; one with the same hash is the same. */
export function storeDefinition(statements: Statements, hash: string, definition: Json, at: number): void {
  if (statements.hasDefinition().get(hash) === 1) return;
  statements.insertDefinition().run({ hash, definition: JSON.stringify(definition), at });
}

/** Stores a new run, held by `owner`. Answers its number. @throws WfError E_RUN_EXISTS */
export function storeRun(statements: Statements, header: RunHeader, owner: Owner): number {
  const { id, workflow, definitionHash, runtime, input, options, createdAt, place } = header;
  const { changes, lastInsertRowid } = statements
    .insertRun()
    .run(
      id,
      workflow,
      definitionHash,
      runtime,
      JSON.stringify(input),
      JSON.stringify(options),
      createdAt,
      owner.pid,
      owner.startTime,
      owner.bootId,
      owner.pidNamespace ?? null,
      place === undefined ? null : JSON.stringify(place),
    );
  if (changes === 0) throw runExists(id);
  return Number(lastInsertRowid);
}

/**
 * Adds an entry to the journal, and does to the rows beside it what the projector says.
 * @throws WfError E_INTERNAL where it does not follow from what is stored
 */
export function storeEntry(statements: Statements, rows: StoredRows, entry: JournalEntry): void {
  const { seq, at, event } = entry;
  const { type, data } = eventColumns(event);
  statements.insertEntry().run(rows.run, seq, at, type, data);
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

export function runExists(id: RunId): WfError {
  return new WfError('E_RUN_EXISTS', `there is a run ${id} already`, {
    hint: `Choose another --id, or look at it with \`wf show ${id}\`.`,
  });
}

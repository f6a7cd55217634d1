import { WfError } from '../engine/errors.ts';
import type { RunId } from '../engine/ids.ts';
import type { JournalEntry, RunHeader } from '../engine/journal-event.ts';
import type { Json } from '../engine/json.ts';
import { applyOperation, type RunRow } from './apply-operation.ts';
import { eventColumns } from './journal-rows.ts';
import { project } from './projector.ts';
import type { Statements } from './statements.ts';

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

/** Adds an entry to the journal, and does to the rows beside it what the projector says. */
export function storeEntry(statements: Statements, run: RunRow, entry: JournalEntry): void {
  const { seq, at, event } = entry;
  const { type, data } = eventColumns(event);
  statements.insertEntry.run(run.number, seq, at, type, data);
  for (const operation of project(entry)) applyOperation(statements, run, operation, event);
}

function runExists(id: RunId): WfError {
  return new WfError('E_RUN_EXISTS', `there is a run ${id} already`, {
    hint: `Choose another --id, or look at it with \`wf show ${id}\`.`,
  });
}

import { WfError } from '../engine/model/errors.ts';
import type { Owner } from '../engine/model/identity/owner.ts';
import type { JournalEntry, JournalEvent, RunHeader } from '../engine/model/journal-event.ts';
import type { Json } from '../engine/model/json.ts';
import { runExists } from '../engine/run/run-refusal.ts';
import type { Statements } from '../sqlite/statements.ts';
import { project } from './projection/project.ts';
import { TableRows } from './projection/table-rows.ts';
import { eventColumns } from './rows/journal-row.ts';

/** Stores a definition, unless one with this hash is stored already. */
export function storeDefinition(statements: Statements, hash: string, definition: Json, at: number): void {
  statements.run(
    `INSERT INTO definitions (hash, definition, stored_at) VALUES (@hash, @definition, @at)
     ON CONFLICT (hash) DO NOTHING`,
    { hash, definition: JSON.stringify(definition), at },
  );
}

/**
 * Stores a new run: one with an owner, or one imported from another machine. Returns its number.
 * @throws WfError E_RUN_EXISTS
 */
export function storeRun(
  statements: Statements,
  { id, workflow, definitionHash, runtime, input, options, createdAt, place }: RunHeader,
  from: { readonly owner: Owner } | { readonly importedFrom: string },
): number {
  const owner = 'owner' in from ? from.owner : undefined;
  const { changes, lastInsertRowid } = statements.run(
    `INSERT INTO runs (id, workflow, definition_hash, runtime, input, options, place, status, created_at, fence, auto_resume,
       owner_pid, owner_start_time, owner_boot_id, owner_pid_namespace, imported_from)
     VALUES (@id, @workflow, @definitionHash, @runtime, @input, @options, @place, 'running', @createdAt, 1, @autoResume,
       @pid, @startTime, @bootId, @pidNamespace, @importedFrom)
     ON CONFLICT (id) DO NOTHING`,
    {
      id,
      workflow,
      definitionHash,
      runtime,
      input: JSON.stringify(input),
      options: JSON.stringify(options),
      place: place === undefined ? null : JSON.stringify(place),
      createdAt,
      autoResume: owner !== undefined && options.resume === 'auto' ? 1 : 0,
      pid: owner?.pid ?? null,
      startTime: owner?.startTime ?? null,
      bootId: owner?.bootId ?? null,
      pidNamespace: owner?.pidNamespace ?? null,
      importedFrom: 'importedFrom' in from ? from.importedFrom : null,
    },
  );
  if (changes === 0) throw runExists(id);
  return Number(lastInsertRowid);
}

/**
 * Appends an entry to the journal of a run and updates the rows derived from it. @param run its number
 * @throws WfError E_INTERNAL if the entry does not follow from the stored ones; the transaction is then rolled back
 */
export function storeEntry(statements: Statements, run: number, entry: JournalEntry): void {
  const { seq, at, event } = entry;
  statements.run('INSERT INTO journal (run, seq, at, type, data) VALUES (@run, @seq, @at, @type, @data)', {
    run,
    seq,
    at,
    ...eventColumns(event),
  });
  const missing = project(entry, new TableRows(statements, run));
  if (missing !== undefined) throw doesNotFollow(event, missing);
}

function doesNotFollow({ type }: JournalEvent, missing: string): WfError {
  return new WfError('E_INTERNAL', `the event ${type} does not follow from the journal: ${missing}`, {
    hint: 'This is a defect in wf: nothing was written. Report it with the journal of the run (`wf show --json`).',
    details: { event: type },
  });
}

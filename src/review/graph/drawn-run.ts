import { WfError } from '../../engine/model/errors.ts';
import type { DefinitionHash } from '../../engine/model/ids.ts';
import type { JournalEntry } from '../../engine/model/journal-event.ts';
import type { HistoryPort, StoredRun } from '../../engine/ports/history.ts';
import { type IsAlive, runStatus } from '../record/run-status.ts';
import { type ReadDefinition, readDefinition } from './read-graph.ts';
import { markRun, type RunMarks } from './run-marks.ts';

/** A machine with the path of a run through it. */
export interface DrawnRun extends ReadDefinition {
  readonly marks: RunMarks;
}

/**
 * Returns the machine of a run by its stored definition: the workflow file may have changed or be gone.
 * @throws WfError E_DATABASE_DAMAGED if the definition is missing; E_WORKFLOW_INVALID if it describes no machine
 */
export function drawnRun(
  history: Pick<HistoryPort, 'journal' | 'definition'>,
  run: StoredRun,
  isAlive: IsAlive,
): DrawnRun {
  const journal = history.journal(run.id);
  const hash = acceptedDefinition(journal) ?? run.definitionHash;
  const description = history.definition(hash);
  if (description === undefined) {
    throw new WfError('E_DATABASE_DAMAGED', `definition ${hash.slice(0, 12)} of run ${run.id} is missing`, {
      hint: `Draw the current workflow with \`wf graph ${run.workflow}\`.`,
    });
  }
  const definition = readDefinition(description);
  const status = runStatus(run, isAlive);
  return { ...definition, marks: markRun(definition.graph, definition.config, { id: run.id, status, journal }) };
}

/** Returns the last definition under which the user resumed the run, if it differs from the first. */
function acceptedDefinition(journal: readonly JournalEntry[]): DefinitionHash | undefined {
  const accepted = journal.findLast(({ event }) => event.type === 'definition.accepted')?.event;
  return accepted?.type === 'definition.accepted' ? accepted.definitionHash : undefined;
}

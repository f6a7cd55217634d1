import type { StoredRun } from '../../engine/ports/history.ts';
import type { RollBackRequest } from '../../engine/run/engine.ts';
import type { Services } from '../services/services.ts';
import { runnersToUndo } from './runners-to-undo.ts';
import { knownSecrets } from './secrets/run-secrets.ts';

/** A run whose changes are undone or settled, with the options of the command. */
export interface Undoing {
  readonly run: StoredRun;
  /** Secret inputs that are given again, as typed. */
  readonly input: readonly string[];
  /** File of the workflow, if it is not in a workflow folder. */
  readonly workflow?: string | undefined;
}

/** Prepares work that needs the step runners of a run, not its workflow. */
export async function undoRequest(
  { run, input, workflow }: Undoing,
  services: Services,
): Promise<Omit<RollBackRequest, 'removeKept'>> {
  const { values } = knownSecrets(run, input);
  return { run: run.id, ...(await runnersToUndo(run, workflow, services)), secrets: values };
}

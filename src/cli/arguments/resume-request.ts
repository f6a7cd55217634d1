import { definitionDifferences } from '../../definition/definition-diff.ts';
import { asWfError, WfError } from '../../engine/model/errors.ts';
import type { StoredRun } from '../../engine/ports/history.ts';
import type { ResumeRequest } from '../../engine/run/engine.ts';
import type { HistoryReader } from '../../history/reader.ts';
import { refusalOf } from '../../review/actions/allowed-actions.ts';
import type { ResolvedWorkflow, Services } from '../services/services.ts';
import { actionOn, requiredSecrets } from './secrets/run-secrets.ts';
import { stageToPauseAfter } from './stage-option.ts';
import { workflowOfRun } from './workflow-reference.ts';

/** Options of `wf resume` besides the run. */
export interface ResumeOptions {
  readonly acceptChanges: boolean;
  readonly pauseAfter?: string | undefined;
  /** File of the workflow, if it is not in a workflow folder. */
  readonly workflow?: string | undefined;
  /** Secret inputs that are given again, as typed. */
  readonly input: readonly string[];
}

type Source = Pick<HistoryReader, 'definition'>;

/**
 * Prepares and checks a resume before anything is done.
 * @throws WfError E_RUN_ENDED, E_LEASE_HELD; E_WORKFLOW_NOT_FOUND, E_WORKFLOW_INVALID; E_DEFINITION_CHANGED with the differences;
 * E_INPUT if a secret input is missing; E_USAGE for an unknown stage to pause after.
 */
export async function resumeRequest(
  run: StoredRun,
  { acceptChanges, pauseAfter, input, workflow: file }: ResumeOptions,
  history: Source,
  services: Services,
): Promise<ResumeRequest> {
  const refusal = refusalOf('resume', run, services.isAlive, services.pidNamespace);
  if (refusal !== undefined) throw refusal;
  const { workflow, definition } = await workflowOf(run, file, services);
  // A rollback works under any definition.
  const undoes = run.status === 'rolling-back';
  if (!acceptChanges && !undoes) refuseAnother(run, definition, history);
  return {
    run: run.id,
    workflow,
    definition,
    acceptChanges: acceptChanges || undoes,
    pauseAfter: stageToPauseAfter(pauseAfter, workflow),
    secrets: requiredSecrets(run, input, workflow).values,
  };
}

/** Returns the workflow with which a run continues. @throws WfError E_WORKFLOW_NOT_FOUND, E_WORKFLOW_INVALID, E_USAGE */
export async function workflowOf(
  run: StoredRun,
  file: string | undefined,
  services: Services,
): Promise<ResolvedWorkflow> {
  try {
    return await workflowOfRun(services, run, file);
  } catch (thrown) {
    const error = asWfError(thrown);
    throw new WfError(error.code, `cannot ${actionOn(run)} run ${run.id}: ${error.message}`, {
      hint: `${error.hint} If its file has another place now, add --workflow FILE. \`wf rollback ${run.id}\` undoes the run without a workflow file.`,
      cause: thrown,
    });
  }
}

function refuseAnother(run: StoredRun, { hash, description }: ResolvedWorkflow['definition'], history: Source): void {
  if (run.definitionHash === hash) return;
  const stored = history.definition(run.definitionHash);
  const found = stored === undefined ? [] : definitionDifferences(stored, description);
  const differences = found.length === 0 ? 'the differences are unknown' : found.join('; ');
  throw new WfError(
    'E_DEFINITION_CHANGED',
    `workflow ${run.workflow} has changed since run ${run.id} started: ${differences}`,
    {
      hint: `${actionOn(run) === 'retry' ? 'Retry' : 'Resume'} it under the new definition with \`wf ${actionOn(run)} ${run.id} --accept-changes\`, or undo it with \`wf rollback ${run.id}\`.`,
    },
  );
}

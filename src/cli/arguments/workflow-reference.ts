import { statSync } from 'node:fs';
import path from 'node:path';
import { WfError } from '../../engine/model/errors.ts';
import type { StoredRun } from '../../engine/ports/history.ts';
import { findPlaces } from '../services/places.ts';
import type { ResolvedWorkflow, Services } from '../services/services.ts';

const WORKFLOW_FILE = /^(.+)\.(?:ts|mts|js|mjs)$/;

/** Returns whether a reference is the path of a file rather than the name of a workflow. */
export function isFileReference(reference: string): boolean {
  return reference.includes('/') || WORKFLOW_FILE.test(reference);
}

/**
 * Returns a workflow by its name, or by the path of its file.
 * @throws WfError E_WORKFLOW_NOT_FOUND, E_WORKFLOW_INVALID
 */
export async function workflowByReference(
  services: Pick<Services, 'workflow'>,
  reference: string,
): Promise<ResolvedWorkflow> {
  if (!isFileReference(reference)) return services.workflow(reference);
  const file = path.resolve(reference);
  const name = WORKFLOW_FILE.exec(path.basename(file))?.[1];
  if (name === undefined || statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new WfError('E_WORKFLOW_NOT_FOUND', `workflow file ${file} does not exist`, {
      hint: 'Give the path of a .ts or .js file, or a name from `wf workflows`.',
    });
  }
  const { loadWorkflowFile } = await import('../services/load-workflow-file.ts');
  return loadWorkflowFile({ name, file }, findPlaces(undefined));
}

/**
 * Returns the workflow of a run: from the file of `--workflow`, from the file with which the run was started, or by its name.
 * @throws WfError E_USAGE if the file has another workflow; E_WORKFLOW_NOT_FOUND, E_WORKFLOW_INVALID
 */
export async function workflowOfRun(
  services: Pick<Services, 'workflow'>,
  { workflow: name, options }: Pick<StoredRun, 'workflow' | 'options'>,
  given: string | undefined,
): Promise<ResolvedWorkflow> {
  const file = given ?? options.file;
  const found = await workflowByReference(services, file ?? name);
  if (found.workflow.name === name) return found;
  throw new WfError('E_USAGE', `${file}: contains workflow ${found.workflow.name}, not ${name}`, {
    hint: 'Give the file of that workflow with --workflow.',
  });
}

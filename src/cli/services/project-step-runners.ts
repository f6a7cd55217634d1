import path from 'node:path';
import { findStepFiles, findWorkflowFiles, type WorkflowFile } from '../../definition/find-files.ts';
import { importFile } from '../../definition/import-file.ts';
import type { LoadedFile } from '../../definition/load.ts';
import { asWfError, WfError } from '../../engine/model/errors.ts';
import { runnerOf } from '../../engine/workflow/define-step.ts';
import type { StepRunner } from '../../engine/workflow/step.ts';
import { importOptions } from './load-workflow-file.ts';
import type { Places } from './places.ts';

/** The step runners of a project, and why some of its files could not be loaded. */
export interface ProjectStepRunners {
  /** Each with the file in which wf found it: one under `steps` that exports it, otherwise a workflow that uses it. */
  readonly runners: readonly { readonly runner: StepRunner; readonly file: string }[];
  readonly errors: readonly WfError[];
}

/**
 * Loads the files under `steps` and the workflows of the project, and returns their step runners of kinds other than these. The files are
 * trusted, confined and cached as workflow files are.
 */
export async function projectStepRunners(
  places: Places,
  own: ReadonlySet<string>,
  load: (file: WorkflowFile) => Promise<LoadedFile>,
): Promise<ProjectStepRunners> {
  const { project } = places;
  if (project === undefined) return { runners: [], errors: [] };
  const found = new Map<string, ProjectStepRunners['runners'][number]>();
  const errors: WfError[] = [];
  const add = async (file: string, runnersIn: () => Promise<readonly StepRunner[]>) => {
    try {
      for (const runner of await runnersIn()) {
        if (!own.has(runner.kind) && !found.has(runner.kind)) found.set(runner.kind, { runner, file });
      }
    } catch (thrown) {
      errors.push(asWfError(thrown));
    }
  };
  for (const file of findStepFiles(project)) await add(file, () => exportedRunners(file, places));
  for (const workflow of findWorkflowFiles([path.join(project, 'workflows')])) {
    await add(workflow.file, async () => [...(await load(workflow)).workflow.model.runners.values()]);
  }
  return { runners: [...found.values()], errors };
}

async function exportedRunners(file: string, places: Places): Promise<readonly StepRunner[]> {
  const exported = await importFile(file, { ...importOptions(places), what: 'a file of step runners' }).catch(
    (thrown: unknown) => {
      const { code, message } = asWfError(thrown);
      if (code !== 'E_INTERNAL') throw thrown;
      throw new WfError('E_WORKFLOW_INVALID', `${file} cannot be loaded: ${message.split('\nRequire stack:')[0]}`, {
        hint: 'Fix the file, then try again.',
        cause: thrown,
      });
    },
  );
  if (typeof exported !== 'object' || exported === null) return [];
  return Object.values(exported).flatMap((value) => runnerOf(value) ?? []);
}

import type { WorkflowFile } from '../../definition/find-files.ts';
import type { ImportOptions } from '../../definition/import-file.ts';
import { type LoadedFile, loadWorkflow } from '../../definition/load.ts';
import { reserveProcess } from '../../host/processes/own-process.ts';
import { confineCodeOfCommand } from '../../host/workflow-code/confine-code.ts';
import { wfModule } from '../../library/wf-module.ts';
import type { Places } from './places.ts';

/**
 * Loads a workflow file for a command. From now on only wf may write to standard output or end the process, because the command calls
 * functions of the workflow until it ends.
 * @param again whether this process has loaded an earlier content of the file
 * @throws WfError E_WORKFLOW_INVALID
 */
export function loadWorkflowFile(source: WorkflowFile, places: Places, again = false): Promise<LoadedFile> {
  return loadWorkflow(source, { ...importOptions(places), again });
}

/** Returns the options with which a command imports files of the project; reserves the process for wf, as {@link loadWorkflowFile} does. */
export function importOptions({ cacheFolder }: Places): ImportOptions {
  reserveProcess();
  return { cacheFolder, wfModule, confine: confineCodeOfCommand };
}

import type { WorkflowFile } from '../../definition/find-files.ts';
import { type LoadedFile, loadWorkflow } from '../../definition/load.ts';
import { reserveProcess } from '../../host/processes/own-process.ts';
import { confineCodeOfCommand } from '../../host/workflow-code/confine-code.ts';
import { prepareInterrupts } from '../../host/workflow-code/interrupt-thread.ts';
import type { Places } from './places.ts';

/**
 * Loads a workflow file for a command. Standard output and the end of the process are reserved for wf from now on, because
 * functions of the workflow are called until the command ends.
 * @param again whether this process has loaded an earlier content of the file
 * @throws WfError E_WORKFLOW_INVALID
 */
export function loadWorkflowFile(source: WorkflowFile, { cacheFolder }: Places, again = false): Promise<LoadedFile> {
  reserveProcess();
  prepareInterrupts();
  const wfModule = () => import('../../index.ts');
  return loadWorkflow(source, { cacheFolder, wfModule, confine: confineCodeOfCommand, again });
}

import { loadWorkflowEngine } from './load-workflow-engine.mjs';
import type { OpenEngineOptions, WorkflowEngine } from './workflow-engine/workflow-engine.ts';

/**
 * Opens an engine inside another program, on this machine and with its history in a file. Its modules are loaded now, and not when
 * `wf-engine` is imported. Close it after use.
 * @throws WfError E_DATABASE*, E_DISK_FULL; E_WORKFLOW_INVALID; E_USAGE if two workflows have one name
 */
export async function openEngine(options: OpenEngineOptions): Promise<WorkflowEngine> {
  const { createWorkflowEngine } = await loadWorkflowEngine();
  return createWorkflowEngine(options);
}

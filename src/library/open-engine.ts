import { loadWorkflowEngine } from './load-workflow-engine.mjs';
import type { OpenEngineOptions, WorkflowEngine } from './workflow-engine.ts';

/**
 * Opens an engine for use inside another program: joined with this machine and the history in a file, as `wf` itself is. What it
 * needs is loaded now, and not when `wf` is imported. Close it after use.
 * @throws WfError E_DATABASE*, E_DISK_FULL; E_WORKFLOW_INVALID; E_USAGE where two workflows have one name.
 */
export async function openEngine(options: OpenEngineOptions): Promise<WorkflowEngine> {
  const { createWorkflowEngine } = await loadWorkflowEngine();
  return createWorkflowEngine(options);
}

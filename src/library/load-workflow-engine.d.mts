import type { OpenEngineOptions, WorkflowEngine } from './workflow-engine/workflow-engine.ts';

/** Loads the modules that `openEngine` needs. */
export function loadWorkflowEngine(): Promise<{
  createWorkflowEngine(options: OpenEngineOptions): Promise<WorkflowEngine>;
}>;

import type { OpenEngineOptions, WorkflowEngine } from './workflow-engine.ts';

/** Loads what `openEngine` needs. */
export function loadWorkflowEngine(): Promise<{
  createWorkflowEngine(options: OpenEngineOptions): Promise<WorkflowEngine>;
}>;

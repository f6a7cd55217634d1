// JavaScript with a separate type, so that the published declarations end here, without the history and its driver.
export const loadWorkflowEngine = () => import('./workflow-engine/create-workflow-engine.ts');

// JavaScript, with its type beside it: so the published declarations end here, and hold nothing of the history and its driver.
export const loadWorkflowEngine = () => import('./create-workflow-engine.ts');

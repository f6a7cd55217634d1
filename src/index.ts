/**
 * The public API of wf. It has the step runners too, which are also `wf-engine/steps`: a workflow file imports all that it needs from
 * one module.
 */
export type { Change, ChangeStatus, Difference, Verification } from './engine/change.ts';
export {
  type ChangeStepDefinition,
  defineStep,
  type ReadStepDefinition,
  type StepActor,
} from './engine/define-step.ts';
export type { RunObserver } from './engine/engine.ts';
export { type ErrorCode, type ErrorRecord, WfError } from './engine/errors.ts';
export { commandLine, type Evidence, evidenceOf } from './engine/evidence.ts';
export type { Facet } from './engine/facets.ts';
export { type RunId, type StepId, stepIdOf } from './engine/ids.ts';
export type { Effect, JournalEntry, JournalEvent, MachineEvent, RunEnd } from './engine/journal-event.ts';
export type { Json, JsonObject, JsonOf } from './engine/json.ts';
export { labelsOf, linkAliasOf, ROUTE_PROTOCOL } from './engine/mark.ts';
export type { Drawing, Narrative, NarrativeFacts, ReportLanguage } from './engine/narrative.ts';
export type { Argv, CommandPort, CommandResult } from './engine/ports/command.ts';
export type { RunStatus, StepStatus } from './engine/ports/history.ts';
export type { RunPlace } from './engine/ports/place.ts';
export type { RuntimeName } from './engine/ports/runtime.ts';
export type { Requirement, RequirementResult } from './engine/requirement.ts';
export { secret } from './engine/secret-input.ts';
export type {
  HostContext,
  HostPorts,
  LedgerService,
  Observation,
  RetryPolicy,
  Standing,
  StepContext,
  StepPolicy,
} from './engine/step.ts';
export { defineWorkflow, type Proof, type WorkflowDefinition } from './engine/workflow.ts';
export type { Stopped } from './library/keep-advancing.ts';
export { openEngine } from './library/open-engine.ts';
export type {
  AdvancedRun,
  OpenEngineOptions,
  ResumeRunOptions,
  RollBackRunOptions,
  StartRunOptions,
  WorkflowEngine,
  WorkflowSource,
} from './library/workflow-engine.ts';
export type { ChangeRecord, RunRecord, RunSummary, StepRecord } from './review/run-record.ts';
export type { StageRecord } from './review/stage-record.ts';
export * from './steps/index.ts';

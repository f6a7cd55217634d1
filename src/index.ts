/** The public API of wf: what workflow files, step runners and programs that embed the engine import. */
export type { Change, ChangeStatus, Difference, Verification } from './engine/change.ts';
export { createEngine } from './engine/create-engine.ts';
export {
  type ChangeStepDefinition,
  defineStep,
  type ReadStepDefinition,
  type StepActor,
} from './engine/define-step.ts';
export type {
  Engine,
  EngineParts,
  PreflightFinding,
  RehearsedStep,
  RunHandle,
  RunObserver,
  RunResult,
  StartRequest,
} from './engine/engine.ts';
export { type ErrorCode, type ErrorRecord, WfError } from './engine/errors.ts';
export { commandLine, type Evidence, evidenceOf } from './engine/evidence.ts';
export { stepIdOf } from './engine/ids.ts';
export { labelsOf, linkAliasOf, ROUTE_PROTOCOL } from './engine/mark.ts';
export type { Drawing, Narrative, NarrativeFacts, ReportLanguage } from './engine/narrative.ts';
export type { Argv, CommandPort, CommandResult } from './engine/ports/command.ts';
export type { RuntimeName } from './engine/ports/runtime.ts';
export type { Requirement, RequirementResult } from './engine/requirement.ts';
export { secret } from './engine/secret-input.ts';
export type { HostContext, Observation, RetryPolicy, Standing, StepContext, StepPolicy } from './engine/step.ts';
export { defineWorkflow, type Proof, type WorkflowDefinition } from './engine/workflow.ts';
export type {
  AdvancedRun,
  EmbeddedEngine,
  OpenEngineOptions,
  ResumeRunOptions,
  RollBackRunOptions,
  StartRunOptions,
  WorkflowSource,
} from './library/embedded-engine.ts';
export { openEngine } from './library/open-engine.ts';
export type { RunRecord, RunSummary } from './review/run-record.ts';
export {
  addressAt,
  hostAddressProblem,
  hostAddressSchema,
  isInSubnet,
  prefixLengthOf,
  subnetSchema,
  subnetsOverlap,
} from './steps/addresses.ts';
export { containerHandleSchema } from './steps/container-handle.ts';
export * from './steps/docker/index.ts';
export * from './steps/exec/index.ts';
export * from './steps/host/index.ts';
export * from './steps/net/index.ts';
export * from './steps/probe/index.ts';

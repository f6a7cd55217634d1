/** The public API of wf, without the step runners that come with it: those are `wf-engine/steps`. */
export type { Change, ChangeStatus, Difference, Verification } from './engine/model/change.ts';
export { type ErrorCode, type ErrorRecord, WfError } from './engine/model/errors.ts';
export { commandLine, type Evidence, evidenceOf } from './engine/model/evidence.ts';
export { labelsOf, linkAliasOf, ROUTE_PROTOCOL } from './engine/model/identity/mark.ts';
export { type RunId, type StepId, stepIdOf } from './engine/model/ids.ts';
export type { Effect, JournalEntry, JournalEvent, RunEnd } from './engine/model/journal-event.ts';
export type { Json, JsonObject, JsonOf } from './engine/model/json.ts';
export type { MachineEvent } from './engine/model/machine-event.ts';
export type { NamedHost, NamedHosts } from './engine/model/named-host.ts';
export type { Demand, Requester, RequestOutcome } from './engine/model/request.ts';
export type { Argv, CommandPort, CommandResult } from './engine/ports/command.ts';
export type { RunStatus, StepStatus } from './engine/ports/history.ts';
export type { Notice, NoticeReason } from './engine/ports/notifier.ts';
export type { RunPlace } from './engine/ports/place.ts';
export type { RuntimeName } from './engine/ports/runtime.ts';
export type { RunObserver } from './engine/run/engine.ts';
export { secret } from './engine/secrets/mark-secret.ts';
export { type ChildActor, childWorkflow, requirementsOf } from './engine/workflow/child-workflow.ts';
export {
  type ChangeStepDefinition,
  defineStep,
  type ReadStepDefinition,
  type StepActor,
} from './engine/workflow/define-step.ts';
export type { Facet } from './engine/workflow/facets.ts';
export { type EachActor, forEach } from './engine/workflow/for-each.ts';
export type { Drawing, Narrative, NarrativeFacts, ReportLanguage } from './engine/workflow/narrative.ts';
export { onHost, onHosts, requiredOn } from './engine/workflow/on-host.ts';
export type { Requirement, RequirementResult } from './engine/workflow/requirement.ts';
export type {
  ChangeState,
  HostContext,
  HostPorts,
  LedgerService,
  Observation,
  RetryPolicy,
  StepContext,
  StepPolicy,
} from './engine/workflow/step.ts';
export { defineWorkflow, type Proof, type WorkflowDefinition } from './engine/workflow/workflow.ts';
export * from './flow/index.ts';
export { openEngine } from './library/open-engine.ts';
export type { Stopped } from './library/workflow-engine/keep-advancing.ts';
export type {
  AdvancedRun,
  ApplyPlanOptions,
  ConfirmOptions,
  OpenEngineOptions,
  PlanRunOptions,
  RequestOptions,
  ResumedRun,
  ResumeRunOptions,
  RetryRunOptions,
  RollBackRunOptions,
  RunsFilter,
  StartRunOptions,
  SubscribeOptions,
  WorkflowEngine,
  WorkflowSource,
} from './library/workflow-engine/workflow-engine.ts';
export type { PlanRecord, PlanStepRecord } from './review/record/plan-record.ts';
export type { ChangeRecord, RunRecord, RunSummary, StepRecord } from './review/record/run-record.ts';
export type { StageRecord } from './review/record/steps/stage-record.ts';

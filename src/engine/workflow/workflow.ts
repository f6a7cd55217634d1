import type { AnyStateMachine, InputFrom, OutputFrom } from 'xstate';
import type { z } from 'zod';
import type { MachineModel } from '../machine/machine-model.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { Narrative, NarrativeFacts } from './narrative.ts';
import type { Requirement } from './requirement.ts';

/** One thing that a run has shown, with its figures: `isolated: 0 of 3 pings answered while both controls did`. */
export interface Proof {
  readonly claim: string;
  readonly figures: string;
}

/** What is known of what a run has shown: as its workflow put it when it ended, or why the workflow could not say. */
export type RecordedProofs =
  | { readonly type: 'told'; readonly proofs: readonly Proof[] }
  | { readonly type: 'untold'; readonly reason: string };

/** What a workflow file exports. */
export interface WorkflowDefinition<
  Schema extends z.ZodObject = z.ZodObject,
  Machine extends AnyStateMachine = AnyStateMachine,
> {
  /** What `wf start` is given: lower-case letters, digits and hyphens. */
  readonly name: string;
  /** Changes whenever a run of the old machine could not go on in the new one. */
  readonly version: string;
  readonly description: string;
  readonly input: Schema;
  /**
   * Its top-level states, except final ones, are the stages; its actors are step runners. It finds the id of its run in XState's
   * `self.id`, in `context`, in `assign` and in the input of a step: `context: ({ input, self }) => ({ ...input, run: self.id })`.
   */
  readonly machine: Machine;
  /** Whether a run that succeeds leaves its changes on the host, settled as `kept`. Otherwise each that still stands is a residue. */
  readonly keepsChanges?: boolean;
  /** Whether it makes networks and containers or alters links: then its runs need a runtime. False where it is not said. */
  readonly networking?: boolean;
  /** What must hold before a run touches the host, beside what the runtime needs. */
  requirements?(input: z.output<Schema>): readonly Requirement[];
  /** What a finished run has shown, from the machine's output. */
  proofs?(output: OutputFrom<Machine>): readonly Proof[];
  /** What a report tells of a run besides its record. It is no part of the definition hash: its words may be mended. */
  narrative?(facts: NarrativeFacts<z.output<Schema>>): Narrative | Promise<Narrative>;
}

/** A definition whose own types are no longer known: what the loader hands to the engine. */
export interface LoadedWorkflow {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly model: MachineModel;
  readonly input: z.ZodObject;
  readonly keepsChanges: boolean;
  readonly networking: boolean;
  /** Names of the inputs that are marked as secret. */
  readonly secretInputs?: readonly string[];
  requirements(input: JsonObject): readonly Requirement[];
  proofs(output: Json): readonly Proof[];
  /** Undefined where the workflow has none. @throws WfError E_WORKFLOW_INVALID: what it tells is no narrative. */
  narrative?(facts: NarrativeFacts): Promise<Narrative>;
}

/**
 * Defines a workflow. The machine's input must be what the schema parses to: a machine that
 * wants something else is a compile error.
 */
export function defineWorkflow<Schema extends z.ZodObject, Machine extends AnyStateMachine>(
  definition: WorkflowDefinition<Schema, Machine> &
    (z.output<Schema> extends InputFrom<Machine>
      ? unknown
      : { readonly machine: 'the machine takes another input than the schema gives' }),
): WorkflowDefinition<Schema, Machine> {
  return definition;
}

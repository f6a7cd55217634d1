import type { AnyStateMachine, InputFrom, OutputFrom } from 'xstate';
import type { z } from 'zod';
import type { MachineModel } from '../machine/machine-model.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { NamedHosts } from '../model/named-host.ts';
import type { Argv } from '../ports/command.ts';
import type { Narrative, NarrativeFacts } from './narrative.ts';
import type { Requirement } from './requirement.ts';

/** A proven claim with its figures: `isolated: 0 of 3 pings answered while both controls did`. */
export interface Proof {
  readonly claim: string;
  readonly figures: string;
}

/** The proofs that the workflow reported at the end of a run, or why it could not. */
export type RecordedProofs =
  | { readonly type: 'reported'; readonly proofs: readonly Proof[] }
  | { readonly type: 'unavailable'; readonly reason: string };

/** The default export of a workflow file. */
export interface WorkflowDefinition<
  Schema extends z.ZodObject = z.ZodObject,
  Machine extends AnyStateMachine = AnyStateMachine,
> {
  /** The argument of `wf start`: lower-case letters, digits and hyphens. */
  readonly name: string;
  /** Changed whenever a run of the old machine could not continue in the new one. */
  readonly version: string;
  readonly description: string;
  readonly input: Schema;
  /**
   * Its top-level states, except final ones, are the stages; its actors are step runners and child workflows. XState's `self.id` is the
   * id of the run, in `context`, in `assign` and in the input of a step: `context: ({ input, self }) => ({ ...input, run: self.id })`.
   */
  readonly machine: Machine;
  /** Schemas of the data of events from outside, by type. An event without one reaches the machine unchanged. */
  readonly events?: Readonly<Record<string, z.ZodObject>>;
  /** Whether a run that succeeds leaves its changes on the host, settled as `kept`. Otherwise each one left is a residue. */
  readonly keepsChanges?: boolean;
  /** Whether it makes networks and containers or alters links, and so needs a runtime; false if absent. */
  readonly networking?: boolean;
  /**
   * The command that is run with the record of a run on its standard input when the run needs people, unless the start names another:
   * an absolute path, or the name of a program, then its arguments. Not part of the definition hash.
   */
  readonly notify?: { readonly argv: Argv };
  /**
   * Returns the named hosts of a run beside its own, on which steps work that `onHost` makes. `{}` lets the runtime make one in the private
   * host of the run. Not part of the definition hash: a run keeps its hosts.
   */
  hosts?(input: z.output<Schema>): NamedHosts;
  /** Returns the conditions that must hold before a run touches the host, beside those of the runtime. */
  requirements?(input: z.output<Schema>): readonly Requirement[];
  /** Returns the proofs of a run that succeeded, from the output of the machine. */
  proofs?(output: OutputFrom<Machine>): readonly Proof[];
  /** Returns the explanations of a report. Not part of the definition hash: their wording may change. */
  narrative?(facts: NarrativeFacts<z.output<Schema>>): Narrative | Promise<Narrative>;
}

/** A loaded definition for the engine, without its own types. */
export interface LoadedWorkflow {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly model: MachineModel;
  readonly input: z.ZodObject;
  readonly events?: Readonly<Record<string, z.ZodObject>> | undefined;
  readonly keepsChanges: boolean;
  readonly networking: boolean;
  readonly notify?: { readonly argv: Argv } | undefined;
  /** Names of the inputs that are marked as secret. */
  readonly secretInputs?: readonly string[];
  /** Absent if the workflow declares none. */
  hosts?(input: JsonObject): NamedHosts;
  requirements(input: JsonObject): readonly Requirement[];
  /** Whether its definition has requirements, whatever the input. */
  readonly hasRequirements?: boolean;
  proofs(output: Json): readonly Proof[];
  /** Absent if the workflow has none. @throws WfError E_WORKFLOW_INVALID if it returns no narrative */
  narrative?(facts: NarrativeFacts): Promise<Narrative>;
}

/**
 * Defines a workflow. The input of the machine must be the output of the schema: a machine with another input is a compile error.
 */
export function defineWorkflow<Schema extends z.ZodObject, Machine extends AnyStateMachine>(
  definition: WorkflowDefinition<Schema, Machine> &
    (z.output<Schema> extends InputFrom<Machine>
      ? unknown
      : { readonly machine: 'the machine takes another input than the schema returns' }),
): WorkflowDefinition<Schema, Machine> {
  return definition;
}

import type { AnyStateMachine } from 'xstate';
import { z } from 'zod';
import type { MachineModel } from '../engine/machine/machine-model.ts';
import { sha256 } from '../engine/model/digest.ts';
import { asDefinitionHash, childAround, type DefinitionHash } from '../engine/model/ids.ts';
import { canonicalJson, type Json, toJson } from '../engine/model/json.ts';
import type { LoadedWorkflow } from '../engine/workflow/workflow.ts';

/** A definition as JSON, which can be compared member by member, with its hash. */
export interface DescribedDefinition {
  readonly hash: DefinitionHash;
  readonly description: Json;
}

/** Describes a definition and computes its hash. Functions are described by their source text. */
export function describeDefinition(
  { name, version, input, events }: Described,
  model: MachineModel,
): DescribedDefinition {
  const description = descriptionOf({ name, version, input, events }, model);
  return { hash: asDefinitionHash(sha256(canonicalJson(description))), description };
}

type Described = Pick<LoadedWorkflow, 'name' | 'version' | 'input' | 'events'>;

function descriptionOf({ name, version, input, events }: Described, model: MachineModel): Json {
  const runners = ownOf(model.invocations).map(({ invoke, runner, host, each }) => [
    invoke,
    {
      kind: runner.kind,
      policy: toJson(runner.policy),
      ...(host === undefined ? {} : { host }),
      ...(each === undefined ? {} : { each: describe(each) }),
    },
  ]);
  const children = ownOf(model.children).map((child) => [child.invoke, descriptionOf(child.definition, child.model)]);
  return toJson({
    name,
    version,
    stages: model.stages,
    input: z.toJSONSchema(input, { unrepresentable: 'any', io: 'input' }),
    ...(events === undefined ? {} : { events: eventSchemas(events) }),
    machine: describe(configOf(model.machine)),
    runners: Object.fromEntries(runners),
    ...(children.length === 0 ? {} : { children: Object.fromEntries(children) }),
  });
}

/** Returns the invocations of a machine without those in its child workflows. */
function ownOf<Found extends { readonly invoke: string }>(all: ReadonlyMap<string, Found>): readonly Found[] {
  return [...all.values()].filter(({ invoke }) => childAround(invoke) === '');
}

function eventSchemas(events: Readonly<Record<string, z.ZodObject>>): Json {
  return toJson(
    Object.fromEntries(
      Object.entries(events).map(([type, data]) => [
        type,
        z.toJSONSchema(data, { unrepresentable: 'any', io: 'input' }),
      ]),
    ),
  );
}

function configOf({ config, implementations }: AnyStateMachine): unknown {
  const { actions, guards, delays } = implementations;
  return { config, actions, guards, delays };
}

/** Converts a value for toJson, with functions and the members that XState's creators add to them. */
function describe(value: unknown): unknown {
  if (typeof value === 'function') {
    return madeByXState(value) ?? { source: value.toString(), ...describeMembers(value) };
  }
  if (Array.isArray(value)) return value.map(describe);
  return typeof value === 'object' && value !== null ? describeMembers(value) : value;
}

/**
 * Describes a function that one of XState's creators (`assign`, `and`, ...) made by the arguments of the creator: its source depends on
 * the version of XState and on the bundler. Returns undefined for any other function.
 */
function madeByXState(value: object & { readonly name: string }): unknown {
  const {
    resolve: _resolve,
    execute: _execute,
    check,
    ...given
  } = { resolve: null, execute: null, check: null, ...value };
  if ('type' in given && typeof given.type === 'string' && given.type.startsWith('xstate.'))
    return describeMembers(given);
  // A bundler appends a number to functions with the same name.
  return typeof check === 'function' ? { guard: value.name.replace(/\d+$/, ''), ...describeMembers(given) } : undefined;
}

function describeMembers(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, describe(member)]));
}

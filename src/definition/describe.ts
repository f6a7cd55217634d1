import { createHash } from 'node:crypto';
import type { AnyStateMachine } from 'xstate';
import { z } from 'zod';
import { asDefinitionHash, type DefinitionHash } from '../engine/ids.ts';
import { canonicalJson, type Json, toJson } from '../engine/json.ts';
import type { MachineModel } from '../engine/machine-model.ts';

/** All that a definition consists of, as JSON: two descriptions can be compared member by member. */
export interface DescribedDefinition {
  readonly hash: DefinitionHash;
  readonly description: Json;
}

/** Describes a definition and takes its hash. Functions are described by their source text. */
export function describeDefinition(
  { name, version, input }: { readonly name: string; readonly version: string; readonly input: z.ZodObject },
  model: MachineModel,
): DescribedDefinition {
  const runners = [...model.invocations.values()].map(({ invoke, runner }) => [
    invoke,
    { kind: runner.kind, policy: toJson(runner.policy) },
  ]);
  const description = toJson({
    name,
    version,
    stages: model.stages,
    input: z.toJSONSchema(input, { unrepresentable: 'any', io: 'input' }),
    machine: describe(configOf(model.machine)),
    runners: Object.fromEntries(runners),
  });
  return { hash: asDefinitionHash(createHash('sha256').update(canonicalJson(description)).digest('hex')), description };
}

function configOf({ config, implementations }: AnyStateMachine): unknown {
  const { actions, guards, delays } = implementations;
  return { config, actions, guards, delays };
}

/** Like toJson, but with functions (and the members that XState's creators hang on them) in it. */
function describe(value: unknown): unknown {
  if (typeof value === 'function') {
    return madeByXState(value) ?? { source: value.toString(), ...describeMembers(value) };
  }
  if (Array.isArray(value)) return value.map(describe);
  return typeof value === 'object' && value !== null ? describeMembers(value) : value;
}

/**
 * What XState's creators (`assign`, `and`, ...) have made, by what they were given: their own source is of one version of XState,
 * and of one way to bundle it, and says nothing of the workflow. Undefined for every other function.
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
  // A bundler tells functions of one name apart by a number.
  return typeof check === 'function' ? { guard: value.name.replace(/\d+$/, ''), ...describeMembers(given) } : undefined;
}

function describeMembers(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, describe(member)]));
}

import { isJsonObject, type Json, type JsonObject } from '../../engine/model/json.ts';
import type { GraphState, MachineGraph, Trigger } from './machine-graph.ts';
import { markOf, type RunMarks } from './run-marks.ts';

/**
 * Returns the config for XState's tools: `plainConfig`, with an id. With a run, `meta.wf` of a state has its mark and those of its steps,
 * `meta.wf` of a transition its count, and `meta.wf` of the machine the run.
 */
export function markedConfig(
  { workflow, root }: MachineGraph,
  config: JsonObject,
  marks: RunMarks | undefined,
): JsonObject {
  const named = { id: workflow, ...config };
  if (marks === undefined) return named;
  const marked = markedState(named, root, marks);
  return withMeta(marked, { run: marks.run, status: marks.status, ...wfMeta(marked) });
}

function markedState(config: JsonObject, state: GraphState, marks: RunMarks): JsonObject {
  const taken = (trigger: Trigger, candidates: Json): Json =>
    !Array.isArray(candidates)
      ? candidates
      : candidates.map((one, candidate) => {
          const found = state.transitions.find(
            (transition) => transition.candidate === candidate && isSame(transition.trigger, trigger),
          );
          const times = found === undefined ? 0 : (marks.taken.get(found.number) ?? 0);
          return isJsonObject(one) ? withMeta(one, { taken: times }) : one;
        });
  const members = Object.entries(config).map(([member, value]): readonly [string, Json] => {
    switch (member) {
      case 'always':
        return [member, taken({ type: 'always' }, value)];
      case 'onDone':
        return [member, taken({ type: 'state-done' }, value)];
      case 'on':
        return [member, mapObject(value, (event, candidates) => taken({ type: 'event', event }, candidates))];
      case 'after':
        return [member, mapObject(value, (delay, candidates) => taken({ type: 'after', delay }, candidates))];
      case 'invoke':
        return [member, listOf(value).map((one, index) => markedInvoke(one, state.steps[index]?.invoke ?? '', taken))];
      case 'states':
        return [
          member,
          mapObject(value, (name, child) => {
            const found = state.states.find((candidate) => candidate.name === name);
            return found === undefined || !isJsonObject(child) ? child : markedState(child, found, marks);
          }),
        ];
      default:
        return [member, value];
    }
  });
  const steps = state.steps.map(({ invoke }) => [invoke, marks.steps.get(invoke) ?? 'not-run'] as const);
  return withMeta(Object.fromEntries(members), {
    mark: markOf(marks, state.id),
    ...(steps.length === 0 ? {} : { steps: Object.fromEntries(steps) }),
  });
}

function markedInvoke(invoke: Json, step: string, taken: (trigger: Trigger, candidates: Json) => Json): Json {
  return mapObject(invoke, (member, value) => {
    if (member === 'onDone') return taken({ type: 'done', step }, value);
    return member === 'onError' ? taken({ type: 'error', step }, value) : value;
  });
}

function isSame(one: Trigger, other: Trigger): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function withMeta(config: JsonObject, wf: JsonObject): JsonObject {
  const { meta } = config;
  return { ...config, meta: { ...(isJsonObject(meta) ? meta : {}), wf } };
}

function wfMeta({ meta }: JsonObject): JsonObject {
  const wf = isJsonObject(meta) ? meta['wf'] : undefined;
  return isJsonObject(wf) ? wf : {};
}

function mapObject(value: Json, map: (member: string, inner: Json) => Json): Json {
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([member, inner]) => [member, map(member, inner)]));
}

function listOf(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : [value];
}

/** Ids are branded, so that a step id is never passed where a run id is meant. */
declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Names one run, e.g. `k3v9x2mq7p`. */
export type RunId = Branded<'RunId'>;
/** Names one saved plan of a run; formed like a run id. */
export type PlanId = Branded<'PlanId'>;
/** Names one invocation of a step runner inside a run, e.g. `createDevNetwork` or, at a second visit, `createDevNetwork#2`. */
export type StepId = Branded<'StepId'>;
/** SHA-256 of a definition, in hex. */
export type DefinitionHash = Branded<'DefinitionHash'>;

const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

/** The rule for run ids, for the hint of an error. */
export const RUN_ID_RULE = 'A run id has at most 63 letters, digits, "_" and "-", and begins with a letter or digit.';

/** Returns `text` as a run id, or undefined if it cannot be one. */
export function parseRunId(text: string): RunId | undefined {
  return isRunId(text) ? text : undefined;
}

/** Returns `text` as a plan id, or undefined if it cannot be one. */
export function parsePlanId(text: string): PlanId | undefined {
  return isPlanId(text) ? text : undefined;
}

function isPlanId(text: string): text is PlanId {
  return RUN_ID.test(text);
}

function isRunId(text: string): text is RunId {
  return RUN_ID.test(text);
}

/** Returns the step id of the `visit`-th invocation (from 1) of an invoke id; that of the first is the invoke id itself. */
export function stepIdOf(invokeId: string, visit: number): StepId {
  return asStepId(visit === 1 ? invokeId : `${invokeId}#${visit}`);
}

/** Returns the visits that began a step, from 1: that of each child workflow that it is in, by its id without the visit, then its own. */
export function visitsOf(step: string): ReadonlyMap<string, number> {
  const own = groupOf(step) ?? step;
  return new Map(
    [...childrenAround(own), own].map((id) => {
      const base = id.replace(VISIT, '');
      return [base, Number(id.slice(base.length + 1) || 1)];
    }),
  );
}

/** Returns the id of an invocation or step in a child workflow, as `site/writeIndex`. @param child empty for the run's own machine */
export function idInChild(child: string, id: string): string {
  return child === '' ? id : `${child}/${id}`;
}

/** Returns the id of the child workflow that an invocation or a step is in; empty if it is one of the run's own machine. */
export function childAround(id: string): string {
  return id.slice(0, Math.max(0, (groupOf(id) ?? id).lastIndexOf('/')));
}

/** Returns the ids of the child workflows that an invocation or a step is in, outermost first. */
export function childrenAround(id: string): readonly string[] {
  const child = childAround(id);
  return child === '' ? [] : [...childrenAround(child), child];
}

/** Whether a step, invocation or child workflow is `outer`, or belongs to it: an item to its `forEach`, a step to its child workflow. */
export function isWithin(id: string, outer: string): boolean {
  if (!id.startsWith(outer)) return false;
  return id === outer || groupOf(id) === outer || childrenAround(id).includes(outer);
}

/** Returns the id of the step for one item of a `forEach`, such as `writeFiles[3]`. @param step the step of the whole `forEach` */
export function itemStepIdOf(step: StepId, key: string): StepId {
  return asStepId(`${step}[${key}]`);
}

/** Returns the step of the `forEach` that a step for one item belongs to; undefined for any other step. */
export function groupOf(step: string): string | undefined {
  const bracket = step.indexOf('[');
  return bracket === -1 ? undefined : step.slice(0, bracket);
}

/** Returns the invoke id of a step: its id without the numbers of visits and the item. */
export function invokeOf(step: string): string {
  return (groupOf(step) ?? step)
    .split('/')
    .map((id) => id.replace(VISIT, ''))
    .join('/');
}

const VISIT = /#\d+$/;

/** Brands text that is known to be a step id (from the journal, or from an argument that is then looked up). */
export function asStepId(text: string): StepId {
  return text as StepId;
}

/** Brands text that is known to be a definition hash. */
export function asDefinitionHash(text: string): DefinitionHash {
  return text as DefinitionHash;
}

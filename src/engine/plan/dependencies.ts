import type { StartOfRun } from '../machine/decide/decide.ts';
import type { MachineModel } from '../machine/machine-model.ts';
import { NO_ITEMS, type RehearsedStep, walkMachine } from '../machine/rehearse.ts';
import { groupOf, type StepId } from '../model/ids.ts';
import { canonicalJson, type Json } from '../model/json.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { type OtherOutputs, otherOutputs } from './other-outputs.ts';

/** The dependencies of a step on outputs that only the run will know. */
export interface Dependencies {
  /** The invocations on whose outputs its input depends, in the order of the machine's walk. */
  readonly inputFrom: readonly string[];
  /** The invocations that lead to it with some of their outputs only. */
  readonly onlyIf: readonly string[];
}

/** The work that all walks may take: characters of inputs, and {@link STEP_COST} for each step; some ten seconds. */
const BUDGET = 60_000_000;
const STEP_COST = 2_000;

/**
 * Finds the dependencies of each step. Walks the machine again with other outputs of one invocation: a step whose input then differs
 * depends on it, and a step that the walk misses runs only with some of its outputs. Varies all members of the outputs at once first; if
 * the walk then misses a step, one member at a time. Pure.
 *
 * The input of a step that the walk misses because the workflow throws at another output counts as dependent; so does that of each later
 * step once the budget is spent. A dependency that no tried value reveals stays unknown: a comparison with one certain value, or a step
 * that only values like the rehearsed one reach.
 */
export function dependenciesOf(
  model: MachineModel,
  start: StartOfRun,
  rehearsed: readonly RehearsedStep[],
  secrets: Secrets,
  work = BUDGET,
): ReadonlyMap<StepId, Dependencies> {
  const found = new Map<StepId, { inputFrom: string[]; onlyIf: string[] }>(
    rehearsed.map(({ step }) => [step, { inputFrom: [], onlyIf: [] }]),
  );
  const budget = { left: work };
  const walk = (outputs: ReadonlyMap<string, Json>) => walkWith(model, start, rehearsed, secrets, outputs, budget);
  for (const invoke of new Set(rehearsed.map((step) => step.invoke))) {
    const later = rehearsed.slice(rehearsed.findIndex((step) => step.invoke === invoke) + 1);
    const { changed, unreached } =
      budget.left > 0
        ? effectsOf(variationsOf(model, invoke, rehearsed), later, walk)
        : { changed: new Set(later), unreached: new Set<RehearsedStep>() };
    for (const step of changed) found.get(step.step)?.inputFrom.push(invoke);
    for (const step of unreached) found.get(step.step)?.onlyIf.push(invoke);
  }
  return found;
}

/** The other outputs of the steps of one invocation, by step. */
type Variations = ReadonlyMap<StepId, OtherOutputs>;

function variationsOf(model: MachineModel, invoke: string, rehearsed: readonly RehearsedStep[]): Variations {
  const schema = model.invocations.get(invoke)?.runner.schemas.output ?? null;
  return new Map(
    rehearsed.filter((step) => step.invoke === invoke).map(({ step, output }) => [step, otherOutputs(schema, output)]),
  );
}

/** The steps that the machine reaches with some outputs. */
interface Walked {
  /** By step. */
  readonly inputs: ReadonlyMap<string, string>;
  /** Whether the workflow could not use these outputs: the steps that follow are unknown. */
  readonly hasThrown: boolean;
}
type Walk = (outputs: ReadonlyMap<string, Json>) => Walked;

function effectsOf(variations: Variations, later: readonly RehearsedStep[], walk: Walk) {
  const changed = new Set<RehearsedStep>();
  const unreached = new Set<RehearsedStep>();
  const compare = ({ inputs, hasThrown }: Walked): void => {
    for (const step of later) {
      const input = inputs.get(step.step);
      if (input === undefined) (hasThrown ? changed : unreached).add(step);
      else if (input !== canonicalJson(step.input)) changed.add(step);
    }
  };
  const whole = walk(new Map([...variations].map(([step, varied]) => [step, varied.whole])));
  if (later.every(({ step }) => whole.inputs.has(step))) {
    compare(whole);
    return { changed, unreached };
  }
  const count = Math.max(...[...variations.values()].map(({ single }) => single.length));
  for (let index = 0; index < count; index += 1) {
    const outputs = [...variations].flatMap(([step, { single }]) => {
      const output = single[index];
      return output === undefined ? [] : [[step, output] as const];
    });
    compare(walk(new Map(outputs)));
  }
  return { changed, unreached };
}

/** Walks the machine with these outputs, and otherwise the rehearsed ones. */
function walkWith(
  model: MachineModel,
  start: StartOfRun,
  rehearsed: readonly RehearsedStep[],
  secrets: Secrets,
  outputs: ReadonlyMap<string, Json>,
  budget: { left: number },
): Walked {
  const known = new Map(rehearsed.map(({ step, output }) => [String(step), output]));
  const inputs = new Map<string, string>();
  try {
    const status = walkMachine(model, start, {
      outputOf({ step, invoke, input }) {
        const text = canonicalJson(input);
        inputs.set(step, text);
        // Only the rehearsal has an empty list: these outputs fill it.
        const group = groupOf(step);
        if (group !== undefined) inputs.set(group, text);
        budget.left -= STEP_COST + text.length;
        const output = outputs.get(step) ?? known.get(step);
        if (output !== undefined) return output;
        const rehearsal = model.invocations.get(invoke)?.runner.rehearse(secrets.reveal(input));
        return secrets.redact(rehearsal?.output ?? null);
      },
      withoutItems: ({ step }) => inputs.set(step, canonicalJson(NO_ITEMS)),
    });
    return { inputs, hasThrown: status.type === 'error' };
  } catch {
    // A guard, an assign or an input function has thrown at such an output, or a step refuses its input.
    return { inputs, hasThrown: true };
  }
}

import type { Json } from '../../../src/engine/model/json.ts';
import type { StepActor } from '../../../src/engine/workflow/define-step.ts';
import type { ChangeBehaviour, Observation, StepContext, StepRunner } from '../../../src/engine/workflow/step.ts';

/** The result of a step that ran without an engine. */
export interface CarriedOut<Output> {
  /** The result of the first observation. */
  readonly found: Observation<Json, Json>['found'];
  /** The record for the ledger; null if nothing was changed. */
  readonly record: Json;
  readonly output: Output;
}

/** The behaviour of a step runner that changes the host. */
export function changeOf({ runner }: { readonly runner: StepRunner }): ChangeBehaviour {
  const { behaviour, kind } = runner;
  if (behaviour.type !== 'change') throw new Error(`${kind} only reads`);
  return behaviour;
}

/** Observes, applies an absent or partial change, and observes again, as the engine does, but without journal and ledger. */
export async function carryOut<Input, Output>(
  actor: StepActor<Input, Output>,
  input: Input,
  context: StepContext,
  earlier?: Json,
): Promise<CarriedOut<Output>> {
  const behaviour = changeOf(actor);
  const parsed = actor.runner.parseInput(input);
  const first = await behaviour.observe(parsed, context, earlier);
  const seen =
    first.found === 'absent' || first.found === 'partial'
      ? await behaviour.observe(parsed, context, await behaviour.apply(parsed, first.record, first.found, context))
      : first;
  switch (seen.found) {
    case 'ours':
      return { found: first.found, record: seen.record, output: parsedOutput(seen.output) };
    case 'unchanged':
      return { found: first.found, record: null, output: parsedOutput(seen.output) };
    case 'foreign':
    case 'unknown':
      throw seen.error;
    case 'absent':
    case 'partial':
      throw new Error(`${actor.runner.kind}: still ${seen.found} after it was applied`);
  }
}

/** Reads with a step runner that only reads. */
export async function readWith<Input, Output>(
  actor: StepActor<Input, Output>,
  input: Input,
  context: StepContext,
): Promise<Output> {
  const { behaviour, kind } = actor.runner;
  if (behaviour.type !== 'read') throw new Error(`${kind} changes the host`);
  return parsedOutput(await behaviour.read(actor.runner.parseInput(input), context));
}

// The runner has parsed it against its own output schema, which is what Output is inferred from.
function parsedOutput<Output>(output: Json): Output {
  return output as Output;
}

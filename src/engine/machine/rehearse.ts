import { asWfError, WfError } from '../model/errors.ts';
import type { StepId } from '../model/ids.ts';
import type { Effect, MachineEvent } from '../model/journal-event.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { Random } from '../ports/clock.ts';
import type { Argv } from '../ports/command.ts';
import type { RehearsedStep } from '../run/engine.ts';
import { redactInput, type Secrets } from '../secrets/secrets.ts';
import type { Rehearsal, StepRunner } from '../workflow/step.ts';
import type { LoadedWorkflow } from '../workflow/workflow.ts';
import { decide, decideStart, type StartOfRun, stepDone, timersByDeadline } from './decide.ts';
import type { MachineModel } from './machine-model.ts';

/** A machine that loops for ever on pretended outputs is given up after this many steps. */
const STEP_LIMIT = 10_000;

/** A machine that begins no step while so many timers go off waits for an event from outside. */
const TIMER_LIMIT = 1_000;

/** The id that a machine finds in a dry run for which nobody has chosen one. */
const REHEARSED_RUN = 'dry-run';

/**
 * Walks a machine with pretended outputs: each step succeeds with what its runner's `rehearse` gives, each timer
 * fires. Ends where the machine ends, or waits for an event from outside. Pure.
 * @throws WfError E_WORKFLOW_INVALID when the machine does not come to an end, E_STEP_INPUT when a step is given a wrong input.
 */
export function rehearse(
  { model, secretInputs = [] }: Pick<LoadedWorkflow, 'model' | 'secretInputs'>,
  given: JsonObject,
  random: Random,
  run = REHEARSED_RUN,
): readonly RehearsedStep[] {
  const { input, secrets } = redactInput(given, secretInputs, random);
  try {
    return walk(model, { id: run, input }, secrets).map((step) => ({
      ...step,
      commands: step.commands.map(redactedArgv(secrets)),
    }));
  } catch (thrown) {
    throw secrets.redactError(asWfError(thrown));
  }
}

function redactedArgv({ redactText }: Secrets): (argv: Argv) => Argv {
  return ([program, ...words]) => [redactText(program), ...words.map(redactText)];
}

function walk(model: MachineModel, start: StartOfRun, secrets: Secrets): readonly RehearsedStep[] {
  const steps: RehearsedStep[] = [];
  const undo = new Map<string, readonly Argv[]>();
  const events: MachineEvent[] = [];
  let now = 0;
  let timersInARow = 0;
  let decision = decideStart(model, start, now);
  for (;;) {
    for (const effect of decision.effects) {
      if (effect.type === 'start-step') {
        const { step, output } = rehearseStep(model, effect, secrets, undo);
        steps.push(step);
        events.push(stepDone(effect.invoke, output));
        timersInARow = 0;
      }
    }
    if (steps.length > STEP_LIMIT) {
      throw new WfError('E_WORKFLOW_INVALID', `the machine is not at its end after ${STEP_LIMIT} steps`, {
        hint: 'With pretended outputs it goes round in a loop; look at its guards.',
      });
    }
    if (decision.status.type !== 'active') return steps;
    const event = events.shift();
    if (event !== undefined) {
      decision = decide(model, decision.state, event, now);
      continue;
    }
    const [next] = timersByDeadline(decision.state);
    if (next === undefined || timersInARow === TIMER_LIMIT) return steps;
    const [timer, { deadline, event: raised }] = next;
    now = Math.max(now, deadline);
    timersInARow += 1;
    decision = decide(model, decision.state, raised, now, timer);
  }
}

/** `undo` holds what would undo each step so far, and takes what would undo this one. */
function rehearseStep(
  model: MachineModel,
  effect: Extract<Effect, { type: 'start-step' }>,
  secrets: Secrets,
  undo: Map<string, readonly Argv[]>,
) {
  const invocation = model.invocations.get(effect.invoke);
  if (invocation === undefined)
    throw new WfError('E_INTERNAL', `no invocation ${effect.invoke}`, { hint: 'Report this.' });
  const { runner } = invocation;
  const rehearsal = rehearsalOf(runner, effect.step, secrets.reveal(effect.input));
  undo.set(effect.step, rehearsal.undo);
  const undone = rehearsal.undoes.toReversed().flatMap((step) => undo.get(step) ?? []);
  const step: RehearsedStep = {
    step: effect.step,
    stage: effect.stage,
    kind: runner.kind,
    description: runner.description,
    does: runner.behaviour.type,
    commands: [...rehearsal.commands, ...undone],
  };
  return { step, output: secrets.redact(rehearsal.output) };
}

/** @throws WfError as the runner does, naming the step */
function rehearsalOf(runner: StepRunner, step: StepId, input: Json): Rehearsal {
  try {
    return runner.rehearse(input);
  } catch (thrown) {
    const { code, message, hint } = asWfError(thrown);
    throw new WfError(code, `step ${step}: ${message}`, { hint, details: { step }, cause: thrown });
  }
}

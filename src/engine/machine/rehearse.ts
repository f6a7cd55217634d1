import { asWfError, WfError } from '../model/errors.ts';
import type { StepId } from '../model/ids.ts';
import type { Effect } from '../model/journal-event.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { MachineEvent } from '../model/machine-event.ts';
import type { Random } from '../ports/clock.ts';
import type { Argv } from '../ports/command.ts';
import type { RehearsedStep } from '../run/engine.ts';
import { redactInput, type Secrets } from '../secrets/secrets.ts';
import type { Rehearsal, StepRunner } from '../workflow/step.ts';
import type { LoadedWorkflow } from '../workflow/workflow.ts';
import { decide, decideStart, type StartOfRun, stepDone, timersByDeadline } from './decide.ts';
import type { MachineModel } from './machine-model.ts';

/** Steps after which a dry run gives up on a machine that loops on rehearsed outputs. */
const STEP_LIMIT = 10_000;

/** Timers in a row, without a step, after which a dry run takes the machine to wait for an event from outside. */
const TIMER_LIMIT = 1_000;

/** The run id in a dry run for which none was chosen. */
const REHEARSED_RUN = 'dry-run';

/**
 * Walks a machine with rehearsed outputs: each step succeeds with the output of its runner's `rehearse`, each timer fires. Stops when
 * the machine ends, or waits for an event from outside. Pure.
 * @throws WfError E_WORKFLOW_INVALID if the machine does not end, E_STEP_INPUT if a step gets a wrong input
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
      throw new WfError('E_WORKFLOW_INVALID', `the machine has not ended after ${STEP_LIMIT} steps`, {
        hint: 'Check its guards: with rehearsed outputs it loops.',
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

/** Rehearses one step, and adds the commands that undo it to `undo`. @param undo by step */
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

/** @throws WfError the error of the runner, with the step in its message */
function rehearsalOf(runner: StepRunner, step: StepId, input: Json): Rehearsal {
  try {
    return runner.rehearse(input);
  } catch (thrown) {
    const { code, message, hint } = asWfError(thrown);
    throw new WfError(code, `step ${step}: ${message}`, { hint, details: { step }, cause: thrown });
  }
}

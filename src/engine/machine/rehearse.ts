import { asWfError, WfError } from '../model/errors.ts';
import { childAround, idInChild, isWithin, type StepId } from '../model/ids.ts';
import type { Effect } from '../model/journal-event.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { MachineEvent } from '../model/machine-event.ts';
import type { Random } from '../ports/clock.ts';
import type { Argv } from '../ports/command.ts';
import { type RedactedInput, redactInput, type Secrets } from '../secrets/secrets.ts';
import type { Rehearsal, StepRunner } from '../workflow/step.ts';
import type { LoadedWorkflow } from '../workflow/workflow.ts';
import { decide, decideStart, type StartOfRun } from './decide/decide.ts';
import { actorIdOf, type MachineStatus, timersByDeadline } from './decide/machine-state.ts';
import type { EmptyGroup } from './decide/next-state.ts';
import { stepDone } from './decide/outcome-event.ts';
import type { Invocation, MachineModel } from './machine-model.ts';
import { type UndoOfStep, undoOfStep } from './undo-of-step.ts';

/** Steps after which a dry run gives up on a machine that loops on rehearsed outputs. */
const STEP_LIMIT = 10_000;

/** Timers in a row, without a step, after which a dry run takes the machine to wait for an event from outside. */
const TIMER_LIMIT = 1_000;

/** The run id for the machine if none was chosen. */
const REHEARSED_RUN = 'dry-run';

/** A decision to start a step. */
export type StepStart = Extract<Effect, { type: 'start-step' }>;

/** One step of a rehearsal. The values of secrets are redacted. */
export interface RehearsedStep {
  readonly step: StepId;
  /** The id under which the machine invokes it. */
  readonly invoke: string;
  readonly stage: string;
  readonly kind: string;
  /** The named host that it works on; absent for the run's own. */
  readonly host?: string;
  readonly description: string;
  /** Whether it changes the host, undoes changes, or only reads. */
  readonly does: 'change' | 'undo' | 'read';
  readonly commands: readonly Argv[];
  readonly input: Json;
  readonly output: Json;
  readonly undo: UndoOfStep;
}

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
  return rehearseRedacted(model, redactInput(given, secretInputs, random), run);
}

/** Rehearses a machine with a redacted input. @throws WfError as {@link rehearse} does */
export function rehearseRedacted(
  model: MachineModel,
  { input, secrets }: Pick<RedactedInput, 'input' | 'secrets'>,
  run: string = REHEARSED_RUN,
): readonly RehearsedStep[] {
  const steps: RehearsedStep[] = [];
  const undo: Undo = new Map();
  try {
    walkMachine(
      model,
      { id: run, input },
      {
        outputOf(start) {
          const step = rehearseStep(model, start, secrets, undo);
          steps.push(step);
          return step.output;
        },
        withoutItems: (group) => steps.push(rehearseNoItems(model, group)),
      },
    );
  } catch (thrown) {
    throw secrets.redactError(asWfError(thrown));
  }
  return steps.map((step) => ({ ...step, commands: step.commands.map(redactedArgv(secrets)) }));
}

function redactedArgv({ redactText }: Secrets): (argv: Argv) => Argv {
  return ([program, ...words]) => [redactText(program), ...words.map(redactText)];
}

/** Callbacks of a walk through a machine. */
interface Walker {
  outputOf(start: StepStart): Json;
  withoutItems(group: EmptyGroup): void;
}

/**
 * Walks a machine: each step succeeds with what `outputOf` returns, each timer fires. Stops when the machine ends, or waits for an event
 * from outside; returns its status then. @throws WfError E_WORKFLOW_INVALID, E_STEP_INPUT of a child workflow; whatever `outputOf` throws
 */
export function walkMachine(model: MachineModel, start: StartOfRun, { outputOf, withoutItems }: Walker): MachineStatus {
  const events: MachineEvent[] = [];
  let steps = 0;
  let now = 0;
  let timersInARow = 0;
  let decision = decideStart(model, start, now);
  for (;;) {
    const [refused] = decision.refused;
    if (refused !== undefined) throw refused;
    for (const group of decision.withoutItems) withoutItems(group);
    for (const effect of decision.effects) {
      if (effect.type === 'start-step') {
        events.push(stepDone(actorIdOf(effect), outputOf(effect)));
        steps += 1;
        timersInARow = 0;
      }
    }
    if (steps > STEP_LIMIT) {
      throw new WfError('E_WORKFLOW_INVALID', `the machine has not ended after ${STEP_LIMIT} steps`, {
        hint: 'Check its guards: with rehearsed outputs it loops.',
      });
    }
    if (decision.status.type !== 'active') return decision.status;
    const event = events.shift();
    if (event !== undefined) {
      decision = decide(model, decision.state, event, now);
      continue;
    }
    const [next] = timersByDeadline(decision.state);
    if (next === undefined || timersInARow === TIMER_LIMIT) return decision.status;
    const [timer, { deadline, event: raised }] = next;
    now = Math.max(now, deadline);
    timersInARow += 1;
    decision = decide(model, decision.state, raised, now, timer);
  }
}

/** Rehearses one step, and adds the commands that undo it to `undo`. */
function rehearseStep(
  model: MachineModel,
  { step, invoke, stage, input, host }: StepStart,
  secrets: Secrets,
  undo: Undo,
): RehearsedStep {
  const { runner } = requireInvocation(model, invoke);
  const { kind, description, behaviour } = runner;
  const revealed = secrets.reveal(input);
  const rehearsal = rehearsalOf(runner, step, revealed);
  const undoes = rehearsal.undoes.map((id) => idInChild(childAround(step), id));
  const undone = undoes.length === 0 ? [] : undoOf(undoes, undo);
  undo.set(step, rehearsal.undo);
  const commands = [...rehearsal.commands, ...undone];
  const output = secrets.redact(rehearsal.output);
  const undoKnown = undoOfStep(runner, revealed, rehearsal);
  const rehearsed = { step, invoke, stage, kind, description, does: behaviour.type, commands, input, output };
  return { ...rehearsed, ...(host === undefined ? {} : { host }), undo: undoKnown };
}

/** Returns the commands that undo these steps, forEachs and child workflows, newest step first. */
function undoOf(undoes: readonly string[], undo: Undo): readonly Argv[] {
  return [...undo]
    .toReversed()
    .flatMap(([step, commands]) => (undoes.some((outer) => isWithin(step, outer)) ? commands : []));
}

/** The commands that undo each step, in the order of the rehearsal. */
type Undo = Map<StepId, readonly Argv[]>;

/** Shows a `forEach` whose list is empty in the rehearsal: the list of the run may have items. */
function rehearseNoItems(model: MachineModel, { step, invoke }: EmptyGroup): RehearsedStep {
  const { stage, runner, host } = requireInvocation(model, invoke);
  const { kind, behaviour } = runner;
  const description = `For each item, of which there is none yet: ${runner.description}`;
  return {
    ...{ step, invoke, stage, kind, ...(host === undefined ? {} : { host }), description, does: behaviour.type },
    ...{ commands: [], input: NO_ITEMS, output: [], undo: 'known' },
  };
}

/** The input of a `forEach` without items. */
export const NO_ITEMS = { items: [] } as const;

function requireInvocation(model: MachineModel, invoke: string): Invocation {
  const invocation = model.invocations.get(invoke);
  if (invocation === undefined) throw new WfError('E_INTERNAL', `no invocation ${invoke}`, { hint: 'Report this.' });
  return invocation;
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

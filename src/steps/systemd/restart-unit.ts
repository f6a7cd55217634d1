import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { ChangeState, HostContext, Observation, StepContext } from '../../engine/workflow/step.ts';
import { gone, IN_PLACE } from '../net/place.ts';
import {
  isActive,
  isSettled,
  JOB_MS,
  readSettledState,
  readUnitState,
  requireLoaded,
  requireStable,
  runSystemctl,
  stableField,
  unitNameSchema,
  unitOutput,
  unitOutputSchema,
} from './systemctl.ts';

const input = z.object({
  name: unitNameSchema,
  on: z
    .enum(['apply', 'undo'])
    .default('apply')
    .describe(
      '`apply`: at this step. `undo`: only when this step is undone: put it before the steps that change the files of the unit, so that it reads the restored ones',
    ),
  ...stableField,
});
type Input = z.output<typeof input>;

const record = z.object({
  unit: z.string(),
  on: z.enum(['apply', 'undo']),
  stableMs: z.number(),
  wasActive: z.boolean(),
  /** The activation before the step; a restart begins another one. */
  invocation: z.string(),
  /** Whether the step has run. */
  isDone: z.boolean(),
});
type Restart = z.output<typeof record>;
type Verb = 'restart' | 'reload';

/** Restarts a unit. */
export const restartUnit = defineStep({
  kind: 'systemd.restart',
  description: 'Restarts a unit, at this step or when the step is undone, and checks that it stays active.',
  ...definitionOf('restart'),
});

/** Reloads the configuration of a unit. */
export const reloadUnit = defineStep({
  kind: 'systemd.reload',
  description: 'Lets an active unit read its configuration again, at this step or when the step is undone.',
  ...definitionOf('reload'),
});

function definitionOf(verb: Verb) {
  return {
    input,
    output: unitOutputSchema,
    record,
    survivesReboot: true,
    timeoutMs: JOB_MS + 90_000,
    commands: ({ name, on }: Input) => (on === 'apply' ? [['systemctl', verb, name] as const] : []),
    rehearse: ({ name }: Input) => ({ unit: name, activeState: 'active', subState: 'running' }),
    rehearseUndo: ({ name, on }: Input) => (on === 'undo' ? [['systemctl', verb, name] as const] : []),
    observe: (asked: Input, context: StepContext, earlier: Restart | undefined) =>
      observeRestart(verb, asked, context, earlier),
    async apply({ name, on, stableMs }: Input, intended: Restart, _found: unknown, context: StepContext) {
      if (on === 'apply') {
        await runSystemctl(context, verb, name);
        await requireStable(name, stableMs, context);
      }
      return { ...intended, isDone: true };
    },
    inspect: (made: Restart, context: HostContext) => inspectRestart(verb, made, context),
    undo: (made: Restart, context: HostContext) => undoRestart(verb, made, context),
    undoCommands: ({ unit, on, wasActive }: Restart) => {
      if (on === 'undo') return [['systemctl', verb, unit] as const];
      return wasActive ? [] : [['systemctl', 'stop', unit] as const];
    },
  };
}

async function observeRestart(
  verb: Verb,
  { name, on, stableMs }: Input,
  context: HostContext,
  earlier: Restart | undefined,
): Promise<Observation<Restart, z.output<typeof unitOutputSchema>>> {
  const state = await (earlier === undefined ? readSettledState : readUnitState)(name, context);
  const target = `${verb} of ${name}`;
  const output = unitOutput(name, state);
  if (earlier?.isDone === true) return { found: 'ours', target, record: earlier, output };
  requireLoaded(name, state);
  if (verb === 'reload' && state.CanReload === 'no') throw cannotReload(name);
  if (earlier === undefined) {
    const invocation = state.InvocationID;
    // A unit whose automatic restart is due counts as active.
    const wasActive = isActive(state) || state.ActiveState === 'activating';
    const intended = { unit: name, on, stableMs, wasActive, invocation, isDone: false };
    return { found: 'absent', target, record: intended };
  }
  const wasRestarted = verb === 'restart' && on === 'apply' && isActive(state) && isSettled(state);
  if (wasRestarted && state.InvocationID !== earlier.invocation) {
    return { found: 'ours', target, record: { ...earlier, isDone: true }, output };
  }
  return { found: 'partial', target, record: earlier };
}

async function inspectRestart(verb: Verb, made: Restart, context: HostContext): Promise<ChangeState> {
  const { unit, on, wasActive, isDone } = made;
  if (on === 'undo') return isDone ? IN_PLACE : gone(`the ${verb} of ${unit} was not yet due`);
  if (wasActive || verb === 'reload') return gone(`a ${verb} leaves nothing to undo`);
  const state = await readUnitState(unit, context);
  return state.ActiveState === 'inactive' && isSettled(state) ? gone(`${unit} is inactive, as before`) : IN_PLACE;
}

/** Undoes the step and returns the state: nothing on the host shows whether a restart has happened. */
async function undoRestart(verb: Verb, made: Restart, context: HostContext): Promise<ChangeState> {
  const { unit, on, stableMs } = made;
  const state = await readUnitState(unit, context);
  if (on === 'apply') {
    await runSystemctl(context, 'stop', unit);
    if ((await readUnitState(unit, context)).ActiveState === 'failed')
      await runSystemctl(context, 'reset-failed', unit);
    return inspectRestart(verb, made, context);
  }
  if (state.ActiveState === 'inactive' && isSettled(state))
    return gone(`${unit} is inactive, and reads its files when it is started`);
  await runSystemctl(context, verb, unit);
  await requireStable(unit, stableMs, context);
  return gone(`${unit} was ${verb === 'restart' ? 'restarted' : 'reloaded'}`);
}

function cannotReload(name: string): WfError {
  return new WfError('E_SYSTEMD', `${name} is not active, or has no ExecReload=, so it cannot be reloaded`, {
    hint: 'Restart it with `systemd.restart`.',
  });
}

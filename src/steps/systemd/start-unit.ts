import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { ChangeState, HostContext, Observation } from '../../engine/workflow/step.ts';
import { gone, IN_PLACE } from '../net/place.ts';
import {
  busy,
  isActive,
  isSettled,
  JOB_MS,
  readSettledState,
  readUnitState,
  requireLoaded,
  requireStable,
  runSystemctl,
  stableField,
  type UnitState,
  unitNameSchema,
  unitOutput,
  unitOutputSchema,
} from './systemctl.ts';

/** The unit, and its active state before the step. */
const record = z.object({ unit: z.string(), before: z.string() });
type Activation = z.output<typeof record>;

const COMMON = { output: unitOutputSchema, record, survivesReboot: true, timeoutMs: JOB_MS + 90_000 } as const;

/** Starts a unit. */
export const startUnit = defineStep({
  kind: 'systemd.start',
  description: 'Starts a unit and checks that it stays active; the undo stops it.',
  input: z.object({ name: unitNameSchema, ...stableField }),
  ...COMMON,
  commands: ({ name }) => [['systemctl', 'start', name]],
  rehearse: ({ name }) => ({ unit: name, activeState: 'active', subState: 'running' }),
  rehearseUndo: ({ name }) => [['systemctl', 'stop', name]],
  observe: ({ name }, context, earlier) => observeActivation(name, context, earlier, true),
  async apply({ name, stableMs }, intended, _found, context) {
    await runSystemctl(context, 'start', name);
    await requireStable(name, stableMs, context);
    return intended;
  },
  async inspect({ unit, before }, context) {
    const state = await readUnitState(unit, context);
    const { ActiveState } = state;
    // A failed start leaves a unit that was inactive as failed.
    const isAsBefore = ActiveState === 'inactive' || ActiveState === before;
    return isAsBefore && isSettled(state) ? gone(`${unit} is ${ActiveState}`) : IN_PLACE;
  },
  async undo({ unit, before }, context) {
    await runSystemctl(context, 'stop', unit);
    const { ActiveState } = await readUnitState(unit, context);
    if (ActiveState === 'failed' && before !== 'failed') await runSystemctl(context, 'reset-failed', unit);
  },
  undoCommands: ({ unit }) => [['systemctl', 'stop', unit]],
});

/** Stops a unit. */
export const stopUnit = defineStep({
  kind: 'systemd.stop',
  description: 'Stops a unit; the undo starts it again.',
  input: z.object({ name: unitNameSchema }),
  ...COMMON,
  commands: ({ name }) => [['systemctl', 'stop', name]],
  rehearse: ({ name }) => ({ unit: name, activeState: 'inactive', subState: 'dead' }),
  rehearseUndo: ({ name }) => [['systemctl', 'start', name]],
  observe: ({ name }, context, earlier) => observeActivation(name, context, earlier, false),
  async apply({ name }, intended, _found, context) {
    await runSystemctl(context, 'stop', name);
    return intended;
  },
  async inspect({ unit }, context): Promise<ChangeState> {
    const state = await readUnitState(unit, context);
    if (isActive(state) && isSettled(state)) return gone(`${unit} is active`);
    requireLoaded(unit, state);
    return IN_PLACE;
  },
  undo: ({ unit }, context) => runSystemctl(context, 'start', unit),
  undoCommands: ({ unit }) => [['systemctl', 'start', unit]],
});

async function observeActivation(
  name: string,
  context: HostContext,
  earlier: Activation | undefined,
  wantsActive: boolean,
): Promise<Observation<Activation, z.output<typeof unitOutputSchema>>> {
  // A running job may belong to this step or to somebody else.
  const state = await (earlier === undefined ? readSettledState : readUnitState)(name, context);
  requireLoaded(name, state);
  if (wantsActive) requireLasting(name, state);
  const target = `unit ${name}`;
  const intended = earlier ?? { unit: name, before: state.ActiveState };
  if (!isSettled(state)) return { found: 'partial', target, record: intended };
  // An automatic restart is due: nothing shows whether the unit will stay active.
  if (state.ActiveState === 'activating' && earlier === undefined)
    return { found: 'unknown', error: busy(name, state) };
  if (isActive(state) !== wantsActive) return { found: 'absent', target, record: intended };
  const output = unitOutput(name, state);
  return earlier === undefined ? { found: 'unchanged', output } : { found: 'ours', target, record: intended, output };
}

/** @throws WfError E_SYSTEMD for a unit that is inactive again after its work: nothing shows whether it was started */
function requireLasting(name: string, { Type, RemainAfterExit }: UnitState): void {
  if (Type !== 'oneshot' || RemainAfterExit === 'yes') return;
  throw new WfError('E_SYSTEMD', `${name} is of type oneshot, and inactive as soon as it has done its work`, {
    hint: `Set RemainAfterExit=yes in the unit, or run \`systemctl start ${name}\` with exec.command.`,
  });
}

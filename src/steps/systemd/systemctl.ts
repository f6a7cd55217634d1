import { z } from 'zod';
import { asWfError, WfError } from '../../engine/model/errors.ts';
import { commandLine, evidenceOf } from '../../engine/model/evidence.ts';
import { pause } from '../../engine/ports/clock.ts';
import type { Argv } from '../../engine/ports/command.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { requireSuccess, runChecked } from '../../host/commands/checked-command.ts';

/** A systemd job ends by itself: DefaultTimeoutStartSec and DefaultTimeoutStopSec are 90 s. */
export const JOB_MS = 200_000;
const READ_MS = 10_000;
/** Longest wait for a job of somebody else, and the polling interval. */
const [SETTLE_MS, SETTLE_POLL_MS] = [30_000, 100];
/** Lines of the journal that are recorded as evidence. */
const JOURNAL_LINES = '50';

export const unitNameSchema = z
  .string()
  .max(255)
  .regex(/^[A-Za-z0-9:_.\\][A-Za-z0-9:_.\\@-]*\.(?:service|socket|timer|path|target|mount|automount|swap|slice)$/)
  .describe('name of the unit with its type, such as `nginx.service`');

const unitStateSchema = z.object({
  LoadState: z.string(),
  ActiveState: z.string(),
  SubState: z.string(),
  UnitFileState: z.string(),
  /** Identifies one activation; empty if the unit is not loaded. */
  InvocationID: z.string(),
  CanReload: z.enum(['yes', 'no']),
  Type: z.string().default(''),
  RemainAfterExit: z.string().default(''),
  /** Id of the current job of the unit; empty if there is none. */
  Job: z.string().default(''),
});
/** The state of a unit, in the words of systemd. */
export type UnitState = z.infer<typeof unitStateSchema>;

/** Output of a step that starts, stops or restarts a unit. */
export const unitOutputSchema = z.object({
  unit: z.string().describe('name of the unit'),
  activeState: z.string().describe('its state, such as `active`'),
  subState: z.string().describe('its state in detail, such as `running`'),
});

export function unitOutput(unit: string, state: UnitState): z.output<typeof unitOutputSchema> {
  return { unit, activeState: state.ActiveState, subState: state.SubState };
}

/** Reads the state of a unit. @throws WfError E_SYSTEMD if systemd does not answer */
export async function readUnitState(name: string, { host, signal }: HostContext): Promise<UnitState> {
  const properties = Object.keys(unitStateSchema.shape).join(',');
  const argv: Argv = ['systemctl', '--no-pager', 'show', `--property=${properties}`, '--', name];
  try {
    const { stdout } = await runChecked(host.command, argv, { timeoutMs: READ_MS, signal });
    const lines = stdout.split('\n').filter((line) => line.includes('='));
    const pairs = lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
    return unitStateSchema.parse(Object.fromEntries(pairs));
  } catch (thrown) {
    const { message, code } = asWfError(thrown);
    if (code === 'E_LEASE_LOST' || code === 'E_STEP_STOPPED') throw thrown;
    throw new WfError('E_SYSTEMD', `the state of ${name} cannot be read: ${message}`, {
      hint: `Check with \`systemctl status ${name}\` whether systemd runs on this host and knows the unit.`,
      cause: thrown,
    });
  }
}

export function isActive({ ActiveState }: UnitState): boolean {
  return ActiveState === 'active' || ActiveState === 'reloading';
}

/** Returns whether the unit has no queued or running job, and is not about to become inactive or failed. */
export function isSettled({ ActiveState, Job }: UnitState): boolean {
  return Job === '' && ActiveState !== 'deactivating';
}

/**
 * Reads the state of a unit once it has no queued or running job: a restart passes through `inactive`.
 * @throws WfError E_SYSTEMD, transient, if it still has one after 30 s
 */
export async function readSettledState(name: string, context: HostContext): Promise<UnitState> {
  const { clock } = context.host;
  const until = clock.now() + SETTLE_MS;
  for (;;) {
    const state = await readUnitState(name, context);
    if (isSettled(state)) return state;
    if (clock.now() >= until) throw busy(name, state);
    await pause(clock, SETTLE_POLL_MS, context.signal);
    context.signal.throwIfAborted();
  }
}

/** Returns the error for a unit whose state is about to change. */
export function busy(name: string, { ActiveState, SubState }: UnitState): WfError {
  return new WfError(
    'E_SYSTEMD',
    `${name} is ${ActiveState} (${SubState}): somebody starts or stops it at this moment`,
    {
      hint: `Wait for it, and check it with \`systemctl status ${name}\`.`,
      transient: true,
    },
  );
}

/** Input field for the time after which a started unit is observed. */
export const stableField = {
  stableMs: z
    .number()
    .int()
    .min(0)
    .max(60_000)
    .default(1_000)
    .describe('milliseconds after which the unit must still be active: a program may fail at once'),
};

/** Waits, also for a job of somebody else, then checks that a unit is active. @throws WfError E_SYSTEMD if it is not */
export async function requireStable(name: string, stableMs: number, context: HostContext): Promise<void> {
  const { clock } = context.host;
  const startedAt = clock.now();
  await pause(clock, stableMs, context.signal);
  context.signal.throwIfAborted();
  const state = await readSettledState(name, context);
  if (isActive(state)) return;
  await recordJournal(context, name, startedAt);
  throw new WfError('E_SYSTEMD', `${name} is ${state.ActiveState} (${state.SubState}) after ${stableMs} ms`, {
    hint: 'Read what it wrote to the journal with `wf logs RUN STEP`.',
  });
}

/** @throws WfError E_SYSTEMD if systemd has loaded no such unit */
export function requireLoaded(name: string, { LoadState }: UnitState): void {
  if (LoadState === 'loaded') return;
  throw new WfError('E_SYSTEMD', `systemd has no usable unit ${name}: its load state is ${LoadState}`, {
    hint: `Check the name with \`systemctl list-unit-files\`, and the unit with \`systemd-analyze verify ${name}\`.`,
  });
}

/**
 * Runs a verb of systemctl to its end and records it, with the journal entries of the unit from that time.
 * @throws WfError E_HOST_COMMAND, E_PERMISSION, E_TOOL_MISSING
 */
export async function runSystemctl(context: HostContext, verb: string, name?: string): Promise<void> {
  const { host, signal } = context;
  const startedAt = host.clock.now();
  const unit = name === undefined ? [] : ['--', name];
  const argv: Argv = ['systemctl', '--no-ask-password', verb, ...unit];
  const typed: Argv = ['systemctl', verb, ...unit.slice(1)];
  const result = await host.command.run(argv, { timeoutMs: JOB_MS, signal });
  context.record(evidenceOf(result, typed));
  if (name !== undefined) await recordJournal(context, name, startedAt);
  requireSuccess(result, JOB_MS);
}

/** Records the newest lines of a unit's journal since a moment, in milliseconds since the epoch; or that the journal cannot be read. */
async function recordJournal(context: HostContext, name: string, since: number): Promise<void> {
  const { host, signal } = context;
  const lines = ['--output=short-iso', `--since=@${Math.floor(since / 1000)}`, `--lines=${JOURNAL_LINES}`];
  const argv: Argv = ['journalctl', '--no-pager', `--unit=${name}`, ...lines];
  const startedAt = host.clock.now();
  try {
    context.record(evidenceOf(await host.command.run(argv, { timeoutMs: READ_MS, signal })));
  } catch (thrown) {
    const { code, message } = asWfError(thrown);
    if (code !== 'E_TOOL_MISSING' && code !== 'E_PERMISSION') throw thrown;
    context.record({ command: commandLine(argv), output: message, exitCode: null, startedAt, durationMs: 0 });
  }
}

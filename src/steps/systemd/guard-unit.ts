import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import type { Argv } from '../../engine/ports/command.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { runChecked } from '../../host/commands/checked-command.ts';
import {
  isStartedAtBoot,
  isSystemdBooted,
  readUnit,
  removeSystemUnit,
  systemUnitPath,
  writeUnit,
} from '../../host/systemd/unit-file.ts';

/** A guard is ready once it has loaded wf and the workflow. */
const START_MS = 90_000;
const COMMAND_MS = 30_000;

const unit = z.object({ name: z.string(), text: z.string() });

/** Creates the guard of a run: a systemd unit that undoes the run unless it is confirmed. Only wf itself uses this step runner. */
export const guardUnit = defineStep({
  kind: 'systemd.guard',
  description: 'Starts a unit of systemd that undoes this run unless somebody confirms it.',
  input: unit,
  output: z.object({ unit: z.string() }),
  record: unit,
  survivesReboot: true,
  alters: [],
  timeoutMs: START_MS + 3 * COMMAND_MS,
  commands: ({ name }) => [
    ['systemctl', 'daemon-reload'],
    ['systemctl', 'enable', name],
    ['systemctl', 'start', name],
  ],
  rehearse: ({ name }) => ({ unit: name }),
  async observe({ name, text }, context) {
    const target = `unit ${name}`;
    const found = readUnit(systemUnitPath(name));
    if (found === undefined) return { found: 'absent', target, record: { name, text } };
    if (found !== text) return { found: 'foreign', error: editedByOthers(name) };
    const isWhole = isStartedAtBoot(name) && (await isActive(name, context));
    const seen = { target, record: { name, text } };
    return isWhole ? { found: 'ours', ...seen, output: { unit: name } } : { found: 'partial', ...seen };
  },
  async apply({ name, text }, record, _found, context) {
    writeUnit(systemUnitPath(name), text);
    await systemctl(context, ['daemon-reload'], COMMAND_MS);
    await systemctl(context, ['enable', name], COMMAND_MS);
    await systemctl(context, ['start', name], START_MS);
    return record;
  },
  async inspect({ name, text }) {
    const found = readUnit(systemUnitPath(name));
    if (found === undefined && !isStartedAtBoot(name)) return { found: 'gone', reason: `unit ${name} does not exist` };
    if (found !== undefined && found !== text) return { found: 'unknown', error: editedByOthers(name) };
    return { found: 'in place' };
  },
  // Does not stop the unit, which may be the process that undoes the run. The unit ends itself once the run has ended.
  async undo({ name }, context) {
    removeSystemUnit(name);
    // In a rescue shell there is no systemd that could have loaded the unit.
    if (isSystemdBooted()) await systemctl(context, ['daemon-reload'], COMMAND_MS);
  },
  undoCommands: ({ name }) => [
    ['systemctl', 'disable', '--now', name],
    ['rm', '-f', systemUnitPath(name)],
    ['systemctl', 'daemon-reload'],
  ],
});

async function isActive(name: string, { host, signal }: HostContext): Promise<boolean> {
  const argv: Argv = ['systemctl', 'is-active', '--quiet', name];
  const { end } = await host.command.run(argv, { timeoutMs: COMMAND_MS, signal });
  return end.type === 'exited' && end.exitCode === 0;
}

async function systemctl({ host, signal, record }: HostContext, args: readonly string[], timeoutMs: number) {
  const result = await runChecked(host.command, ['systemctl', ...args], { timeoutMs, signal });
  record({
    command: ['systemctl', ...args].join(' '),
    output: `${result.stdout}${result.stderr}`,
    exitCode: 0,
    startedAt: result.startedAt,
    durationMs: result.durationMs,
  });
}

function editedByOthers(name: string): WfError {
  return new WfError('E_FOREIGN', `${systemUnitPath(name)} is not the file that wf wrote`, {
    hint: `Compare it by hand, then remove it with \`systemctl disable --now ${name}\` and \`rm ${systemUnitPath(name)}\`.`,
  });
}

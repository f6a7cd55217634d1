import path from 'node:path';
import process from 'node:process';
import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { parseRunId, RUN_ID_RULE } from '../../../engine/model/ids.ts';
import type { CommandPort } from '../../../engine/ports/command.ts';
import type { LoadedWorkflow } from '../../../engine/workflow/workflow.ts';
import { findTool } from '../../../host/commands/find-tool.ts';
import { locateNotifyProgram } from '../../../host/notify/notify-program.ts';
import { notifyOption } from '../../arguments/notify-option.ts';
import { slotOf } from '../../arguments/slot.ts';
import { workflowInput } from '../../arguments/workflow-input.ts';
import { isFileReference, workflowByReference } from '../../arguments/workflow-reference.ts';
import { defineCommand } from '../../define-command.ts';
import { writeJson, writeLines } from '../../output/terminal.ts';
import { scheduleUnits } from '../../systemd/schedule-units.ts';
import { scopeOf, unitPath } from '../../systemd/service-manager.ts';

const LIMIT_MS = 10_000;

const options = z.object({
  what: z.literal('print'),
  workflow: z.string(),
  onCalendar: z.string(),
  name: z.string().optional(),
  input: z.array(z.string()).default([]),
  notify: z.union([z.string(), z.literal(false)]).optional(),
  ifRunning: z.enum(['skip', 'wait']).default('skip'),
  json: z.boolean().default(false),
});

/** `wf schedule print WORKFLOW`: prints a service and a timer that start a workflow. Installs nothing. */
export const schedule = defineCommand(options, async (given, services, terminal) => {
  const { workflow } = await workflowByReference(services, given.workflow);
  const name = given.name ?? workflow.name;
  if (parseRunId(`${name}-${slotOf(services.clock.now())}`) === undefined) throw unusableName(name);
  const { secrets } = workflowInput(workflow, { assignments: given.input, file: undefined });
  for (const [input, source] of Object.entries(secrets)) if (source === null) throw typedSecret(input);
  const notify = notifyOption(given.notify);
  await requireCalendar(given.onCalendar, (await services.hostPorts()).command);
  const scope = scopeOf(false);
  const units = scheduleUnits({
    name,
    workflow: isFileReference(given.workflow) ? path.resolve(given.workflow) : given.workflow,
    database: services.places.database,
    onCalendar: given.onCalendar,
    input: given.input.map((assignment) => withAbsoluteFile(assignment, workflow)),
    notify: notify && locateNotifyProgram(notify),
    ifRunning: given.ifRunning,
    scope,
    env: process.env,
  });
  if (given.json) {
    writeJson(
      terminal.out,
      units.map((unit) => ({ ...unit, file: unitPath(unit.name, scope) })),
    );
    return 0;
  }
  terminal.out.write(units.map((unit) => `# ${unitPath(unit.name, scope)}\n${unit.text}`).join('\n'));
  const systemctl = scope === 'user' ? 'systemctl --user' : 'systemctl';
  const timer = units.map((unit) => unit.name).find((unit) => unit.endsWith('.timer'));
  writeLines(terminal.progress, [
    `nothing is installed: write both files, then \`${systemctl} daemon-reload\` and \`${systemctl} enable --now ${timer}\``,
  ]);
  return 0;
});

/** Makes the path of a secret's file absolute, because the service runs in the folder of the project. */
function withAbsoluteFile(assignment: string, { secretInputs = [] }: LoadedWorkflow): string {
  const [name, file] = assignment.split('=@file:', 2);
  if (name === undefined || file === undefined || !secretInputs.includes(name)) return assignment;
  return `${name}=@file:${path.resolve(assignment.slice(name.length + '=@file:'.length))}`;
}

/** Checks the specification with systemd, if it is installed here. */
async function requireCalendar(spec: string, command: CommandPort): Promise<void> {
  if (findTool('systemd-analyze') === undefined) return;
  const { end, stderr } = await command.run(['systemd-analyze', 'calendar', '--', spec], { timeoutMs: LIMIT_MS });
  if (end.type === 'exited' && end.exitCode === 0) return;
  throw new WfError('E_USAGE', `--on-calendar ${spec}: ${stderr.trim().split('\n')[0] ?? ''}`, {
    hint: 'Write it as systemd.time(7) describes, such as `daily`, `Mon..Fri 03:00` or `*:0/15`.',
  });
}

function unusableName(name: string): WfError {
  return new WfError('E_USAGE', `--name ${name}: run ids cannot begin with it`, {
    hint: `${RUN_ID_RULE} The minute takes 15 of them.`,
  });
}

function typedSecret(input: string): WfError {
  return new WfError('E_INPUT', `input ${input} is a secret: its value would be readable in the unit file`, {
    hint: `Keep it in a file that only the user of the service can read: \`--input ${input}=@file:PATH\`.`,
  });
}

import { z } from 'zod';
import type { ExitCode } from '../../../engine/model/errors.ts';
import { WfError } from '../../../engine/model/errors.ts';
import { fleetTlsOptions } from '../../arguments/fleet/fleet-tls.ts';
import { FLEET_ACTIONS, type FleetAction } from '../../command-table/fleets/fleet-actions.ts';
import { defineCommand } from '../../define-command.ts';
import type { Terminal } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';

interface Syntax {
  readonly subject: string | null;
  readonly options: readonly string[];
}

/** Options of each action that reaches the fleet. */
const CONNECTION = ['fleet', 'cert', 'key', 'ca'];

/** The name of the argument of each action, and its own options. */
const SYNTAX: Readonly<Record<FleetAction, Syntax>> = {
  demo: { subject: null, options: ['keep'] },
  serve: { subject: null, options: ['port', 'address', 'admin', 'identityKey'] },
  start: {
    subject: 'WORKFLOW',
    options: [
      'hosts',
      'where',
      'canary',
      'atOnce',
      'maxFailures',
      'approve',
      'confirmWithin',
      'input',
      'inputFile',
      'knownHosts',
      'id',
      'detach',
    ],
  },
  runs: { subject: null, options: [] },
  show: { subject: 'ID', options: ['follow'] },
  wait: { subject: 'ID', options: ['timeout'] },
  approve: { subject: 'ID', options: ['comment'] },
  pause: { subject: 'ID', options: ['comment'] },
  cancel: { subject: 'ID', options: ['comment'] },
  rollback: { subject: 'ID', options: ['comment'] },
  retry: { subject: 'ID', options: ['detach', 'id'] },
  hosts: { subject: null, options: ['where'] },
  'write-off': { subject: 'HOST', options: ['reason'] },
};

const options = z.object({
  action: z.enum(FLEET_ACTIONS),
  subject: z.string().optional(),
  fleet: z.string().optional(),
  ...fleetTlsOptions.shape,
  port: z.number().max(65_535).optional(),
  address: z.string().optional(),
  admin: z.string().optional(),
  identityKey: z.array(z.string()).optional(),
  hosts: z.string().optional(),
  where: z.array(z.string()).optional(),
  canary: z.number().min(1).optional(),
  atOnce: z.string().optional(),
  maxFailures: z.number().optional(),
  approve: z.boolean().optional(),
  confirmWithin: z.string().optional(),
  input: z.array(z.string()).optional(),
  inputFile: z.string().optional(),
  knownHosts: z.string().optional(),
  id: z.string().optional(),
  detach: z.boolean().optional(),
  follow: z.boolean().optional(),
  timeout: z.string().optional(),
  comment: z.string().optional(),
  reason: z.string().optional(),
  keep: z.boolean().optional(),
  json: z.boolean().default(false),
});
export type FleetOptions = z.output<typeof options>;

/** `wf fleet ACTION`: starts, controls and shows fleet runs, which several hosts carry out. */
export const fleet = defineCommand(options, async (given, services, terminal) => {
  requireOwnOptions(given);
  const act = await load(given.action);
  return act(given, services, terminal);
});

type Act = (given: FleetOptions, services: Services, terminal: Terminal) => Promise<ExitCode>;

async function load(action: FleetAction): Promise<Act> {
  switch (action) {
    case 'demo':
      return (await import('./demo.ts')).demoFleet;
    case 'serve':
      return (await import('./serve.ts')).serveFleet;
    case 'start':
      return (await import('./start.ts')).startFleet;
    case 'retry':
      return (await import('./start.ts')).retryFleet;
    case 'show':
    case 'wait':
    case 'runs':
      return (await import('./review.ts'))[action];
    case 'approve':
    case 'pause':
    case 'cancel':
    case 'rollback':
      return (await import('./control.ts')).controlFleet;
    case 'hosts':
      return (await import('./hosts.ts')).listHosts;
    case 'write-off':
      return (await import('./hosts.ts')).writeOffHost;
  }
}

/** @throws WfError E_USAGE if the argument is missing, or an option belongs to another action */
function requireOwnOptions(given: FleetOptions): void {
  const { action, subject, json: _json, ...rest } = given;
  const { subject: wanted, options } = SYNTAX[action];
  const own = action === 'serve' ? options : [...options, ...CONNECTION];
  if (wanted !== null && subject === undefined) {
    throw new WfError('E_USAGE', `wf fleet ${action} needs ${wanted}`, {
      hint: `Type \`wf fleet ${action} ${wanted}\`.`,
    });
  }
  if (wanted === null && subject !== undefined) {
    throw new WfError('E_USAGE', `wf fleet ${action} takes no argument: ${subject}`, {
      hint: `Type \`wf fleet ${action}\`.`,
    });
  }
  for (const [name, value] of Object.entries(rest)) {
    if (value === undefined || own.includes(name)) continue;
    const option = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new WfError('E_USAGE', `${option} is not an option of wf fleet ${action}`, { hint: `Leave ${option} out.` });
  }
}

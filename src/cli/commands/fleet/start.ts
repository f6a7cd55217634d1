import { z } from 'zod';
import { requireConfirmable } from '../../../engine/confirm/confirm-rule.ts';
import { type ExitCode, WfError } from '../../../engine/model/errors.ts';
import type { LoadedWorkflow } from '../../../engine/workflow/workflow.ts';
import type { FleetControl } from '../../../fleet/fleet-transport.ts';
import { type FleetRequest, fleetRequestSchema, fleetStatus } from '../../../fleet/model/fleet-run.ts';
import { HOST_NAME_RULE, type HostName, hostNameSchema } from '../../../fleet/model/ids.ts';
import type { SealedSecrets } from '../../../fleet/model/sealed.ts';
import { parseShare } from '../../../fleet/model/waves.ts';
import { sealSecrets } from '../../../fleet/secrets/seal-secrets.ts';
import { newRunId } from '../../../library/new-run-id.ts';
import { didYouMean } from '../../../review/text/did-you-mean.ts';
import { confirmRule } from '../../arguments/confirm-options.ts';
import { type WorkflowInput, workflowInput } from '../../arguments/workflow-input.ts';
import { isFileReference } from '../../arguments/workflow-reference.ts';
import { type Terminal, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';
import { labelsOf } from '../unattended/fleet-options.ts';
import { connectFleet, parseFleetId, requesterName } from './connect.ts';
import { copying } from './copies.ts';
import type { FleetOptions } from './fleet.ts';
import { followFleet, printFleet, printFollowed } from './follow.ts';

/** `wf fleet start WORKFLOW`: starts a workflow of this project on several hosts, and follows it until it rests. */
export async function startFleet(given: FleetOptions, services: Services, terminal: Terminal): Promise<ExitCode> {
  const name = given.subject ?? '';
  if (isFileReference(name)) {
    throw new WfError('E_USAGE', `${name}: a fleet runs workflows by their names, which each host looks up`, {
      hint: 'List them with `wf workflows`.',
    });
  }
  const { workflow, definition } = await services.workflow(name);
  const typed = workflowInput(workflow, { assignments: given.input ?? [], file: given.inputFile });
  const { input, secrets } = splitInput(typed);
  const control = copying(connectFleet(given, services), services, terminal.err);
  const hosts = await chosenHosts(given, control);
  const atOnce = given.atOnce === undefined ? null : parseShare(given.atOnce);
  if (atOnce === undefined) {
    throw new WfError('E_USAGE', `--at-once ${given.atOnce} is neither a number of hosts nor a percentage`, {
      hint: 'Give it as --at-once 20 or --at-once 10%.',
    });
  }
  const confirmWithinMs = confirmTime(given, workflow, Object.keys(secrets));
  const request: FleetRequest = {
    id: parseFleetId(given.id ?? newRunId()),
    work: { workflow: workflow.name, definitionHash: definition.hash, input, confirmWithinMs },
    secrets: Object.keys(secrets),
    hosts: [...hosts],
    canary: given.canary ?? null,
    atOnce,
    maxFailures: given.maxFailures ?? 0,
    approve: given.approve ?? false,
    by: requesterName(),
    retryOf: null,
  };
  const sealed =
    request.secrets.length === 0
      ? {}
      : await sealSecrets(secrets, definition.hash, hosts, await control.hosts(), given.knownHosts ?? null);
  return begin(request, sealed, control, given, services, terminal);
}

/** `wf fleet retry ID`: starts a new fleet run with the definition and input of one that was rolled back. */
export async function retryFleet(given: FleetOptions, services: Services, terminal: Terminal): Promise<ExitCode> {
  const control = copying(connectFleet(given, services), services, terminal.err);
  const before = await control.show(parseFleetId(given.subject ?? ''));
  const status = fleetStatus(before);
  if (status !== 'rolled-back') {
    throw new WfError('E_REQUEST_REFUSED', `fleet run ${before.request.id}: it is ${status}, not rolled back`, {
      hint: `Inspect it with \`wf fleet show ${before.request.id}\`.`,
    });
  }
  const id = parseFleetId(given.id ?? newRunId());
  const request = { ...before.request, id, by: requesterName(), retryOf: before.request.id };
  return begin(request, {}, control, given, services, terminal);
}

async function begin(
  request: FleetRequest,
  sealed: SealedSecrets,
  control: FleetControl,
  { detach, json }: FleetOptions,
  services: Services,
  terminal: Terminal,
): Promise<ExitCode> {
  const fleet = await control.start(request, sealed);
  if (detach === true) {
    if (json) printFleet(fleet, json, terminal);
    else writeLines(terminal.out, [request.id]);
    return 0;
  }
  writeLines(terminal.progress, [`fleet run ${request.id} of ${request.work.workflow} started`]);
  return printFollowed(await followFleet(control, fleet, services, terminal), json, terminal);
}

/** Returns the hosts of --hosts in their order, or those with the labels of --where. @throws WfError E_USAGE, E_HOST_NOT_FOUND */
async function chosenHosts({ hosts, where = [] }: FleetOptions, control: FleetControl): Promise<readonly HostName[]> {
  if ((hosts === undefined) === (where.length === 0)) {
    throw new WfError('E_USAGE', 'specify the hosts of a fleet run: either --hosts or --where', {
      hint: 'List the hosts with `wf fleet hosts`.',
    });
  }
  if (hosts === undefined) {
    const labels = Object.entries(labelsOf('--where', where));
    const known = await control.hosts();
    const found = known.filter(({ session }) => labels.every(([key, value]) => session?.labels[key] === value));
    if (found.length > 0) return found.map(({ host }) => host);
    throw new WfError('E_HOST_NOT_FOUND', `no host has the labels ${where.join(', ')}`, {
      hint: 'List the hosts with `wf fleet hosts`.',
    });
  }
  const chosen = hosts.split(',').map((name) => {
    const host = hostNameSchema.safeParse(name.trim());
    if (!host.success) throw new WfError('E_USAGE', `--hosts: "${name}" is not a host name`, { hint: HOST_NAME_RULE });
    return host.data;
  });
  const names = await control.hostNames();
  const unknown = chosen.find((host) => !names.includes(host));
  if (unknown !== undefined) {
    throw new WfError('E_HOST_NOT_FOUND', `no agent of a host ${unknown} has been heard`, {
      hint: `${didYouMean(unknown, names)}List the hosts with \`wf fleet hosts\`.`,
    });
  }
  return [...new Set(chosen)];
}

/** Returns the time of --confirm-within, in milliseconds; null without it. @throws WfError E_USAGE if a host could not undo its part */
function confirmTime(
  { confirmWithin }: FleetOptions,
  workflow: LoadedWorkflow,
  secrets: readonly string[],
): number | null {
  const confirm = confirmRule({ confirmWithin, guard: true });
  if (confirm === undefined) return null;
  requireConfirmable({ ...workflow, secretInputs: [] }, { onFailure: 'rollback', pauseAfter: null, confirm });
  if (secrets.length === 0) return confirm.withinMs;
  throw new WfError(
    'E_USAGE',
    `--confirm-within: the guard of a host cannot read the secret inputs ${secrets.join(', ')}`,
    {
      hint: 'Start the fleet run without it, or let the workflow read its secrets from files of its hosts.',
    },
  );
}

const splitSchema = z.object({
  input: fleetRequestSchema.shape.work.shape.input,
  secrets: z.record(z.string(), z.string()),
});

/** Separates the secret inputs from the others, which Restate may know. */
function splitInput({ given, secrets }: WorkflowInput): z.output<typeof splitSchema> {
  const isSecret = (name: string) => Object.hasOwn(secrets, name);
  const entries = Object.entries(given);
  return splitSchema.parse({
    input: Object.fromEntries(entries.filter(([name]) => !isSecret(name))),
    secrets: Object.fromEntries(entries.filter(([name]) => isSecret(name))),
  });
}

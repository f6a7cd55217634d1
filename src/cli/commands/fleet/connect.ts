import process from 'node:process';
import { WfError } from '../../../engine/model/errors.ts';
import type { FleetControl } from '../../../fleet/fleet-transport.ts';
import { FLEET_ID_RULE, type FleetId, fleetIdSchema } from '../../../fleet/model/ids.ts';
import { restateTransport } from '../../../fleet/restate/restate-transport.ts';
import { requester } from '../../../host/machine/requester.ts';
import { fleetUrl } from '../../arguments/fleet-url.ts';
import type { Services } from '../../services/services.ts';
import type { FleetOptions } from './fleet.ts';

/** The address of a Restate that runs on this machine with its default ports. */
const DEFAULT_URL = 'http://127.0.0.1:8080';

/** Returns the fleet of --fleet, or of WF_FLEET, or of this machine. @throws WfError E_USAGE */
export function connectFleet({ fleet }: Pick<FleetOptions, 'fleet'>, { clock }: Services): FleetControl {
  const [option, url] = fleet === undefined ? ['WF_FLEET', process.env['WF_FLEET'] ?? DEFAULT_URL] : ['--fleet', fleet];
  return restateTransport(fleetUrl(option, url), clock);
}

/** @throws WfError E_USAGE */
export function parseFleetId(given: string): FleetId {
  const id = fleetIdSchema.safeParse(given);
  if (id.success) return id.data;
  throw new WfError('E_USAGE', `"${given}" is not a fleet id`, { hint: FLEET_ID_RULE });
}

/** Returns who asks, such as `ann@ops1`. */
export function requesterName(): string {
  const { user, sudoUser, host } = requester(process.env);
  return `${sudoUser ?? user}@${host}`;
}

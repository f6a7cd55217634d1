import process from 'node:process';
import { WfError } from '../../../engine/model/errors.ts';
import type { FleetControl } from '../../../fleet/fleet-transport.ts';
import { FLEET_ID_RULE, type FleetId, fleetIdSchema } from '../../../fleet/model/ids.ts';
import { restateTransport } from '../../../fleet/restate/restate-transport.ts';
import { requester } from '../../../host/machine/requester.ts';
import { fleetTls } from '../../arguments/fleet/fleet-tls.ts';
import { fleetUrl } from '../../arguments/fleet/fleet-url.ts';
import type { Services } from '../../services/services.ts';
import type { FleetOptions } from './fleet.ts';

/** Address of a Restate on this machine with its default ports. */
const DEFAULT_URL = 'http://127.0.0.1:8080';

/** Returns the fleet of --fleet, or of WF_FLEET, or of this machine. @throws WfError E_USAGE, E_CERTIFICATE, E_UNTRUSTED */
export function connectFleet(
  given: Pick<FleetOptions, 'fleet' | 'cert' | 'key' | 'ca'>,
  { clock }: Services,
): FleetControl {
  const { WF_FLEET = DEFAULT_URL, WF_FLEET_CERT, WF_FLEET_KEY, WF_FLEET_CA } = process.env;
  const url = given.fleet === undefined ? fleetUrl('WF_FLEET', WF_FLEET) : fleetUrl('--fleet', given.fleet);
  const environment = url.startsWith('https:') ? { cert: WF_FLEET_CERT, key: WF_FLEET_KEY, ca: WF_FLEET_CA } : {};
  const { cert = environment.cert, key = environment.key, ca = environment.ca } = given;
  return restateTransport(url, clock, fleetTls(url, { cert, key, ca }));
}

/** @throws WfError E_USAGE */
export function parseFleetId(given: string): FleetId {
  const id = fleetIdSchema.safeParse(given);
  if (id.success) return id.data;
  throw new WfError('E_USAGE', `"${given}" is not a fleet id`, { hint: FLEET_ID_RULE });
}

/** Returns the sender of a request, such as `ann@ops1`. */
export function requesterName(): string {
  const { user, sudoUser, host } = requester(process.env);
  return `${sudoUser ?? user}@${host}`;
}

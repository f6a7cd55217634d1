import { type ExitCode, WfError } from '../../../engine/model/errors.ts';
import { demandSchema } from '../../../fleet/model/fleet-run.ts';
import type { Terminal } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';
import { connectFleet, parseFleetId, requesterName } from './connect.ts';
import { copying } from './copies.ts';
import type { FleetOptions } from './fleet.ts';
import { printFleet } from './follow.ts';

/** `wf fleet approve|pause|cancel|rollback ID`: sends a request to a fleet run. It is stored, and its execution has begun, on return. */
export async function controlFleet(given: FleetOptions, services: Services, terminal: Terminal): Promise<ExitCode> {
  const { action, subject = '', comment = null, json } = given;
  const demand = demandSchema.safeParse({ kind: action, by: requesterName(), comment });
  if (!demand.success) throw new WfError('E_INTERNAL', `no request is named ${action}`, { hint: 'Report this.' });
  const control = copying(connectFleet(given, services), services, terminal.err);
  printFleet(await control.demand(parseFleetId(subject), demand.data), json, terminal);
  return 0;
}

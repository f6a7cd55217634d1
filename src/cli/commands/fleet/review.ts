import { type ExitCode, WfError } from '../../../engine/model/errors.ts';
import { fleetListLines } from '../../../fleet/record/fleet-text.ts';
import { ageOption } from '../../../review/query/moment.ts';
import { isoTime } from '../../../review/record/iso-time.ts';
import { type Terminal, writeJson, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';
import { connectFleet, parseFleetId } from './connect.ts';
import type { FleetOptions } from './fleet.ts';
import { followFleet, printFleet, printFollowed } from './follow.ts';

/** `wf fleet runs`: lists the newest fleet runs. */
export async function runs(given: FleetOptions, services: Services, { out, err }: Terminal): Promise<ExitCode> {
  const fleets = await connectFleet(given, services).fleets();
  if (given.json) {
    const records = fleets.map(({ id, workflow, status, hosts, createdAt, finishedAt }) => ({
      ...{ id, workflow, status, hosts, createdAt: isoTime(createdAt) },
      finishedAt: finishedAt === null ? null : isoTime(finishedAt),
    }));
    writeJson(out, records);
  } else if (fleets.length > 0) writeLines(out, fleetListLines(fleets, services.clock.now(), out.style));
  else writeLines(err, ['No fleet runs. Start one with `wf fleet start`.']);
  return 0;
}

/** `wf fleet show ID`: shows a fleet run; with --follow, once it rests. */
export async function show(given: FleetOptions, services: Services, terminal: Terminal): Promise<ExitCode> {
  const control = connectFleet(given, services);
  const fleet = await control.show(parseFleetId(given.subject ?? ''));
  if (given.follow !== true) printFleet(fleet, given.json, terminal);
  else printFollowed(await followFleet(control, fleet, services, terminal), given.json, terminal);
  return 0;
}

/** `wf fleet wait ID`: waits until a fleet run rests, and ends with the exit code of `wf fleet start`. */
export async function wait(given: FleetOptions, services: Services, terminal: Terminal): Promise<ExitCode> {
  const timeoutMs = given.timeout === undefined ? undefined : ageOption('--timeout', given.timeout);
  const control = connectFleet(given, services);
  const id = parseFleetId(given.subject ?? '');
  const followed = await followFleet(control, await control.show(id), services, terminal, timeoutMs);
  if (followed.type !== 'timed-out') return printFollowed(followed, given.json, terminal);
  throw new WfError('E_WAIT_TIMEOUT', `fleet run ${id} is still under way after ${given.timeout}`, {
    hint: `Follow it with \`wf fleet show ${id} --follow\`, or wait longer.`,
  });
}

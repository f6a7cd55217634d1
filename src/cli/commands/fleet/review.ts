import { asWfError, type ExitCode, WfError } from '../../../engine/model/errors.ts';
import type { FleetControl, FleetSummary } from '../../../fleet/fleet-transport.ts';
import { copiedRecord, notCopied, withCopies } from '../../../fleet/record/fleet-copy.ts';
import { fleetListLines } from '../../../fleet/record/fleet-list.ts';
import { fleetSummaryRecord } from '../../../fleet/record/fleet-summary.ts';
import { ageOption } from '../../../review/query/moment.ts';
import { type Terminal, writeJson, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';
import { connectFleet, parseFleetId } from './connect.ts';
import { copying, warnOfCopies } from './copies.ts';
import type { FleetOptions } from './fleet.ts';
import { followFleet, printFleet, printFollowed, printRecord } from './follow.ts';

/** Fleet runs that one `wf fleet runs` copies: each takes a request of its own. */
const MOST_COPIED = 20;

/** `wf fleet runs`: lists the newest fleet runs, with the copies of those that Restate does not list. */
export async function runs(given: FleetOptions, services: Services, { out, err }: Terminal): Promise<ExitCode> {
  const control = copying(connectFleet(given, services), services, err);
  const history = await services.historyForReading();
  const { known, error } = await knownFleets(control);
  const fleets = withCopies(known, history);
  if (error !== undefined) {
    if (fleets.length === 0) throw error;
    warnOfCopies(error, services, err);
  }
  if (given.json) writeJson(out, fleets.map(fleetSummaryRecord));
  else if (fleets.length > 0) writeLines(out, fleetListLines(fleets, services.clock.now(), out.style));
  else writeLines(err, ['No fleet runs. Start one with `wf fleet start`.']);
  await Promise.allSettled(
    notCopied(known, history)
      .slice(0, MOST_COPIED)
      .map(({ id }) => control.show(id)),
  );
  return 0;
}

/** Returns the fleet runs of Restate; none, and why, if it cannot be reached. */
async function knownFleets(
  control: FleetControl,
): Promise<{ readonly known: readonly FleetSummary[]; readonly error?: WfError }> {
  try {
    return { known: await control.fleets() };
  } catch (thrown) {
    const error = asWfError(thrown);
    if (error.code === 'E_FLEET_UNREACHABLE') return { known: [], error };
    throw thrown;
  }
}

/** `wf fleet show ID`: shows a fleet run, or its copy if Restate does not have it; with --follow, once it rests. */
export async function show(given: FleetOptions, services: Services, terminal: Terminal): Promise<ExitCode> {
  const control = copying(connectFleet(given, services), services, terminal.err);
  const id = parseFleetId(given.subject ?? '');
  try {
    const fleet = await control.show(id);
    if (given.follow !== true) printFleet(fleet, given.json, terminal);
    else printFollowed(await followFleet(control, fleet, services, terminal), given.json, terminal);
  } catch (thrown) {
    const error = asWfError(thrown);
    const isMissing = error.code === 'E_FLEET_NOT_FOUND' || error.code === 'E_FLEET_UNREACHABLE';
    const history = isMissing ? await services.historyForReading() : undefined;
    const record = copiedRecord(history, id, services.places.database);
    if (record === undefined) throw thrown;
    warnOfCopies(error, services, terminal.err);
    printRecord(record, given.json, terminal);
  }
  return 0;
}

/** `wf fleet wait ID`: waits until a fleet run rests, and ends with the exit code of `wf fleet start`. */
export async function wait(given: FleetOptions, services: Services, terminal: Terminal): Promise<ExitCode> {
  const timeoutMs = given.timeout === undefined ? undefined : ageOption('--timeout', given.timeout);
  const control = copying(connectFleet(given, services), services, terminal.err);
  const id = parseFleetId(given.subject ?? '');
  const followed = await followFleet(control, await control.show(id), services, terminal, timeoutMs);
  if (followed.type !== 'timed-out') return printFollowed(followed, given.json, terminal);
  throw new WfError('E_WAIT_TIMEOUT', `fleet run ${id} is still under way after ${given.timeout}`, {
    hint: `Follow it with \`wf fleet show ${id} --follow\`, or wait longer.`,
  });
}

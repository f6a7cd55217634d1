import { type ExitCode, WfError } from '../../../engine/model/errors.ts';
import { notCopied } from '../../../fleet/record/fleet-copy.ts';
import { fleetListLines } from '../../../fleet/record/fleet-list.ts';
import { fleetSummaryRecord } from '../../../fleet/record/fleet-summary.ts';
import { knownFleets, knownRun } from '../../../fleet/record/known-fleets.ts';
import { ageOption } from '../../../review/query/moment.ts';
import { type Terminal, writeJson, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';
import { connectFleet, parseFleetId } from './connect.ts';
import { copying, warnOfCopies } from './copies.ts';
import type { FleetOptions } from './fleet.ts';
import { followFleet, printFleet, printFollowed, printRecord } from './follow.ts';

/** Most fleet runs that one `wf fleet runs` copies: each takes a request. */
const MOST_COPIED = 20;

/** `wf fleet runs`: lists the newest fleet runs, with the copies of those that Restate does not list. */
export async function runs(given: FleetOptions, services: Services, { out, err }: Terminal): Promise<ExitCode> {
  const control = copying(connectFleet(given, services), services, err);
  const history = await services.historyForReading();
  const { live, all, error } = await knownFleets(control, history);
  if (error !== undefined) {
    if (all.length === 0) throw error;
    warnOfCopies(error, services, err);
  }
  if (given.json) writeJson(out, all.map(fleetSummaryRecord));
  else if (all.length > 0) writeLines(out, fleetListLines(all, services.clock.now(), out.style));
  else writeLines(err, ['No fleet runs. Start one with `wf fleet start`.']);
  await Promise.allSettled(
    notCopied(live, history)
      .slice(0, MOST_COPIED)
      .map(({ id }) => control.show(id)),
  );
  return 0;
}

/** `wf fleet show ID`: shows a fleet run, or its copy if Restate does not have it; with --follow, waits until it rests. */
export async function show(given: FleetOptions, services: Services, terminal: Terminal): Promise<ExitCode> {
  const control = copying(connectFleet(given, services), services, terminal.err);
  const { historyForReading, places } = services;
  const known = await knownRun(control, historyForReading, parseFleetId(given.subject ?? ''), places.database);
  if (known.type === 'copy') {
    warnOfCopies(known.error, services, terminal.err);
    printRecord(known.record, given.json, terminal);
  } else if (given.follow !== true) printFleet(known.fleet, given.json, terminal);
  else printFollowed(await followFleet(control, known.fleet, services, terminal), given.json, terminal);
  return 0;
}

/** `wf fleet wait ID`: waits until a fleet run rests, and returns the exit code of `wf fleet start`. */
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

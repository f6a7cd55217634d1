import type { ExitCode } from '../../../engine/model/errors.ts';
import { pause } from '../../../engine/ports/clock.ts';
import type { FleetControl } from '../../../fleet/fleet-transport.ts';
import { type FleetRun, type FleetStatus, fleetStatus } from '../../../fleet/model/fleet-run.ts';
import { fleetRecord } from '../../../fleet/record/fleet-record.ts';
import { fleetLines } from '../../../fleet/record/fleet-text.ts';
import { signalExitCode } from '../../output/exit-code.ts';
import { type StopSignal, type Terminal, writeJson, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';

/** Statuses in which a fleet run needs people, or nobody any more. */
const RESTING: readonly FleetStatus[] = ['waiting', 'paused', 'succeeded', 'rolled-back', 'needs-attention'];

type Followed =
  | { readonly type: 'rests'; readonly fleet: FleetRun }
  | { readonly type: 'stopped'; readonly signal: StopSignal }
  | { readonly type: 'timed-out' };

/** Follows a fleet run until it rests, and prints each change of a host. A stop signal ends the following, and not the fleet run. */
export async function followFleet(
  control: FleetControl,
  begun: FleetRun,
  { clock }: Services,
  terminal: Terminal,
  timeoutMs?: number,
): Promise<Followed> {
  const over = new AbortController();
  let early: Followed | undefined;
  const end = (followed: Followed) => {
    early ??= followed;
    over.abort();
  };
  const unlisten = terminal.onStopSignal((signal) => end({ type: 'stopped', signal }), { runsWorkflowCode: false });
  const cancel = timeoutMs === undefined ? () => {} : clock.after(timeoutMs, () => end({ type: 'timed-out' }));
  try {
    let fleet = begun;
    const shown = new Map<string, string>();
    for (;;) {
      writeLines(terminal.progress, news(fleet, shown));
      if (RESTING.includes(fleetStatus(fleet))) return { type: 'rests', fleet };
      const newer = await newerThan(fleet, control, over.signal);
      if (early !== undefined) return early;
      if (newer === undefined) continue;
      // The answer of a long poll without news.
      if (newer.version === fleet.version) await pause(clock, 20);
      fleet = newer;
    }
  } finally {
    cancel();
    unlisten();
  }
}

/** Waits for news of a fleet run; undefined after the signal. */
async function newerThan(
  { request, version }: FleetRun,
  control: FleetControl,
  signal: AbortSignal,
): Promise<FleetRun | undefined> {
  try {
    return await control.show(request.id, version, signal);
  } catch (thrown) {
    if (signal.aborted) return undefined;
    throw thrown;
  }
}

/** Returns a line for each host whose status has changed. */
function news({ parts, request }: FleetRun, shown: Map<string, string>): readonly string[] {
  const changed = parts.filter(({ host, status }) => status !== 'planned' && shown.get(host) !== status);
  for (const { host, status } of changed) shown.set(host, status);
  return changed.map(({ host, status, wave }) => `${request.id} wave ${wave + 1}: ${host}: ${status}`);
}

/** Prints a fleet run as it rests, and returns the exit code of `wf fleet start` and `wait`. */
export function printFollowed(followed: Followed, json: boolean, terminal: Terminal): ExitCode {
  if (followed.type === 'stopped') return signalExitCode(followed.signal);
  if (followed.type === 'timed-out') return 4;
  printFleet(followed.fleet, json, terminal);
  switch (fleetStatus(followed.fleet)) {
    case 'rolled-back':
      return 1;
    case 'needs-attention':
      return 5;
    default:
      return 0;
  }
}

/** Prints a fleet run. */
export function printFleet(fleet: FleetRun, json: boolean, { out }: Terminal): void {
  const record = fleetRecord(fleet);
  if (json) writeJson(out, record);
  else writeLines(out, fleetLines(record, out.style));
}

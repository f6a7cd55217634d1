import { asWfError, type ExitCode } from '../../../engine/model/errors.ts';
import { pause } from '../../../engine/ports/clock.ts';
import type { FleetControl } from '../../../fleet/fleet-transport.ts';
import {
  type FleetHead,
  type FleetRun,
  type FleetStatus,
  fleetStatus,
  PART_STATUSES,
} from '../../../fleet/model/fleet-run.ts';
import { type FleetRecord, fleetRecord } from '../../../fleet/record/fleet-record.ts';
import { fleetLines } from '../../../fleet/record/fleet-text.ts';
import { oneLine } from '../../../review/text/format/plain-text.ts';
import { signalExitCode } from '../../output/errors/exit-code.ts';
import { type StopSignal, type Terminal, writeJson, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';

/** Statuses in which a fleet run waits for people, or has ended. */
const RESTING: readonly FleetStatus[] = ['waiting', 'paused', 'succeeded', 'rolled-back', 'needs-attention'];

/** Interval between attempts to reach an engine that does not answer. */
const RETRY_MS = 1_000;

type Followed =
  | { readonly type: 'rests'; readonly fleet: FleetRun }
  | { readonly type: 'stopped'; readonly signal: StopSignal }
  | { readonly type: 'timed-out' };

/**
 * Follows a fleet run until it rests, and prints the number of hosts in each status. Keeps trying while the engine does not answer. A stop
 * signal ends only the following.
 */
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
    let head: FleetHead = begun;
    let shown = '';
    const report = (line: string) => {
      if (line !== shown) writeLines(terminal.progress, [line]);
      shown = line;
    };
    for (;;) {
      try {
        report(progressLine(head));
        if (RESTING.includes(fleetStatus(head))) return { type: 'rests', fleet: await control.show(begun.id) };
        head = await control.follow(begun.id, head.version, over.signal);
      } catch (thrown) {
        const { transient, message } = asWfError(thrown);
        if (over.signal.aborted || !transient) throw thrown;
        // The fleet run continues as soon as its engine does.
        report(`${oneLine(message)}; trying again`);
        await pause(clock, RETRY_MS, over.signal);
      }
    }
  } catch (thrown) {
    if (early !== undefined) return early;
    throw thrown;
  } finally {
    cancel();
    unlisten();
  }
}

/** Returns the numbers of hosts by status, such as `7kq2mnp4rs wave 2: 1 succeeded, 2 offered`. */
function progressLine({ id, wavesBegun, counts }: FleetHead): string {
  const numbers = PART_STATUSES.filter((status) => counts[status] > 0).map((status) => `${counts[status]} ${status}`);
  return `${id} wave ${wavesBegun}: ${numbers.join(', ')}`;
}

/** Prints a fleet run that rests, and returns the exit code of `wf fleet start` and `wait`. */
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
export function printFleet(fleet: FleetRun, json: boolean, terminal: Terminal): void {
  printRecord(fleetRecord(fleet), json, terminal);
}

export function printRecord(record: FleetRecord, json: boolean, { out }: Terminal): void {
  if (json) writeJson(out, record);
  else writeLines(out, fleetLines(record, out.style));
}

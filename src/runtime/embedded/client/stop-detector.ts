import { WfError } from '../../../engine/model/errors.ts';
import type { Owner } from '../../../engine/model/identity/owner.ts';
import { runOfPrivateHostMark } from '../../../engine/ports/runtime.ts';
import { systemClock } from '../../../host/machine/clock.ts';
import { processStat } from '../../../host/processes/process.ts';

/** Longest wait for a private host that is stopped (SIGSTOP). */
const STOPPED_LIMIT_MS = 5_000;
const POLL_MS = 250;

/** Reports a stopped private host before the time-out of a call. */
export interface StopDetector {
  /** Watches a call. @throws WfError E_RUNTIME_UNAVAILABLE if the private host stays stopped during it */
  during<Answer>(call: Promise<Answer>): Promise<Answer>;
}

/**
 * Creates a detector.
 * @param owner the first process of the private host
 */
export function watchForStop(mark: string, owner: Owner): StopDetector {
  // Waits only once: a run calls this again for each of its changes.
  let isKnown = false;
  return {
    during(call) {
      return new Promise((resolve, reject) => {
        let stoppedMs = 0;
        let cancel = () => {};
        const poll = (): void => {
          stoppedMs = isStopped(owner) ? stoppedMs + POLL_MS : 0;
          if (stoppedMs === 0) isKnown = false;
          if (stoppedMs > 0 && (isKnown || stoppedMs >= STOPPED_LIMIT_MS)) {
            isKnown = true;
            reject(stopped(mark, owner));
          } else cancel = systemClock.after(POLL_MS, poll, true);
        };
        cancel = systemClock.after(POLL_MS, poll, true);
        call.then(resolve, reject).finally(() => cancel());
      });
    },
  };
}

function isStopped({ pid, startTime }: Owner): boolean {
  try {
    const stat = processStat(pid);
    return stat !== undefined && stat.startTime === startTime && stat.state.toUpperCase() === 'T';
  } catch {
    return false; // the call itself reports the error
  }
}

function stopped(mark: string, { pid }: Owner): WfError {
  const run = runOfPrivateHostMark(mark);
  return new WfError('E_RUNTIME_UNAVAILABLE', `the private host of run ${run} is stopped: process ${pid}`, {
    hint: `Continue it with \`kill -CONT ${pid}\`, then run the command again.`,
    transient: true,
  });
}

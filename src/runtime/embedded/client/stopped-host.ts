import { WfError } from '../../../engine/model/errors.ts';
import type { Owner } from '../../../engine/model/owner.ts';
import { runOfPrivateHostMark } from '../../../engine/ports/runtime.ts';
import { systemClock } from '../../../host/machine/clock.ts';
import { processStat } from '../../../host/processes/process.ts';

/** A private host that stays stopped (SIGSTOP) for so long is not waited for. */
const STOPPED_LIMIT_MS = 5_000;
const POLL_MS = 250;

/** Tells of a private host that was stopped, instead of the time that a call to it takes then. */
export interface StopDetector {
  /** @throws WfError E_RUNTIME_UNAVAILABLE where the private host stays stopped while it is asked */
  during<Answer>(call: Promise<Answer>): Promise<Answer>;
}

/** @param owner the first process of the private host */
export function watchForStop(mark: string, owner: Owner): StopDetector {
  // Waited for once: a run that has twelve changes on it asks for each.
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
    return false; // the call itself tells what is wrong
  }
}

function stopped(mark: string, { pid }: Owner): WfError {
  const run = runOfPrivateHostMark(mark);
  return new WfError('E_RUNTIME_UNAVAILABLE', `the private host of run ${run} is stopped: process ${pid}`, {
    hint: `Let it go on with \`kill -CONT ${pid}\`, then do the same again.`,
    transient: true,
  });
}

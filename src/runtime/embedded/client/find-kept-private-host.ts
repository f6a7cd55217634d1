import { type Clock, pause } from '../../../engine/ports/clock.ts';
import type { PrivateHostIdentity } from '../../../engine/ports/runtime.ts';
import { isAlive } from '../../../host/processes/process.ts';
import { doesNotAnswer } from './connection.ts';
import { requireOwnPrivateHost } from './own-private-host.ts';
import { openPrivateHost, type PrivateHost } from './private-host.ts';

const POLL_MS = 10;
/** A private host ends, or is kept, within milliseconds; the rest is for an overloaded machine or a stopped starter. */
const LIMIT_MS = 30_000;

/**
 * Returns the recorded private host if it is alive and outlives its starter; undefined otherwise. Waits for one that is not kept
 * yet: it is about to end with a killed process, or another process that takes the run over has just created it.
 * @throws WfError E_PERMISSION if another user created it; E_HOST_STATE_UNKNOWN, E_DOCKER_UNREACHABLE
 */
export async function findKeptPrivateHost(
  mark: string,
  recorded: PrivateHostIdentity | null,
  clock: Clock,
): Promise<PrivateHost | undefined> {
  const until = clock.now() + LIMIT_MS;
  for (;;) {
    if (recorded === null || !isAlive(recorded.process)) return undefined;
    requireOwnPrivateHost(mark, recorded);
    const isLate = clock.now() >= until;
    try {
      const host = openPrivateHost(mark, recorded.process);
      if ((await host.isKept()) || isLate) return host;
      host.close();
    } catch (thrown) {
      if (isAlive(recorded.process) && (isLate || !doesNotAnswer(thrown))) throw thrown;
    }
    await pause(clock, POLL_MS);
  }
}

import type { Clock } from '../../../engine/ports/clock.ts';
import type { PrivateHostIdentity } from '../../../engine/ports/runtime.ts';
import { pause } from '../../../host/machine/clock.ts';
import { isAlive } from '../../../host/processes/process.ts';
import { doesNotAnswer } from './connection.ts';
import { requireOwnPrivateHost } from './own-private-host.ts';
import { openPrivateHost, type PrivateHost } from './private-host.ts';

const POLL_MS = 10;
/** It ends, or is kept, within milliseconds: this is for a machine that is all but stuck, or a starter that stands still. */
const LIMIT_MS = 30_000;

/**
 * The recorded private host, where it lives and outlives whoever started it; undefined otherwise. One that is not to be kept yet is
 * about to end with a process that was killed, or was just made by a rival who takes the run over: until that shows, it is
 * waited for.
 * @throws WfError E_PERMISSION where another user made it; E_HOST_STATE_UNKNOWN, E_DOCKER_UNREACHABLE
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

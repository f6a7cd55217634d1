import type { Clock } from '../../engine/ports/clock.ts';
import { pause } from '../clock.ts';
import { isAlive } from '../process.ts';
import { doesNotAnswer } from './connection.ts';
import { processOfPrivateHost } from './find-private-host.ts';
import { openPrivateHost, type PrivateHost } from './private-host.ts';

const POLL_MS = 10;
/** It ends, or is kept, within milliseconds: this is for a machine that is all but stuck, or a starter that stands still. */
const LIMIT_MS = 30_000;

/**
 * The private host with a mark that outlives whoever started it; undefined where none runs. One that is not to be kept yet is
 * about to end with a process that was killed, or being started by a rival who takes the run over: until that shows, it is
 * waited for.
 * @throws WfError E_HOST_STATE_UNKNOWN, E_DOCKER_UNREACHABLE
 */
export async function findKeptPrivateHost(mark: string, clock: Clock): Promise<PrivateHost | undefined> {
  const until = clock.now() + LIMIT_MS;
  for (;;) {
    const owner = processOfPrivateHost(mark);
    if (owner === undefined) return undefined;
    const isLate = clock.now() >= until;
    try {
      const host = openPrivateHost(mark, owner);
      if ((await host.isKept()) || isLate) return host;
      host.close();
    } catch (thrown) {
      if (isAlive(owner) && (isLate || !doesNotAnswer(thrown))) throw thrown;
    }
    await pause(clock, POLL_MS);
  }
}

import { WfError } from '../../engine/model/errors.ts';
import type { Owner } from '../../engine/model/identity/owner.ts';
import { pause } from '../../engine/ports/clock.ts';
import { systemClock } from '../machine/clock.ts';
import { errnoOf } from '../machine/errno.ts';
import { isAlive } from './process.ts';

const POLL_MS = 5;
const LIMIT_MS = 10_000;

/**
 * Kills exactly this process with SIGKILL and waits for its end; succeeds if it has ended already.
 * @throws WfError E_PERMISSION; E_RESIDUE if it does not end
 */
export async function endProcess(owner: Owner): Promise<void> {
  if (!isAlive(owner)) return;
  kill(owner.pid);
  for (let waitedMs = 0; isAlive(owner); waitedMs += POLL_MS) {
    if (waitedMs >= LIMIT_MS) {
      throw new WfError('E_RESIDUE', `process ${owner.pid} does not end`, {
        hint: `Inspect it with \`ps -fp ${owner.pid}\`.`,
      });
    }
    await pause(systemClock, POLL_MS);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (cause) {
    if (errnoOf(cause) === 'ESRCH') return;
    throw new WfError('E_PERMISSION', `this user may not kill process ${pid}`, {
      hint: 'Run wf as root (`sudo wf ...`).',
      cause,
    });
  }
}

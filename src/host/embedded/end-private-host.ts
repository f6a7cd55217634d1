import { WfError } from '../../engine/errors.ts';
import type { Owner } from '../../engine/owner.ts';
import { pause, systemClock } from '../clock.ts';
import { errnoOf } from '../errno.ts';
import { isAlive } from '../process.ts';
import { markOfProcess, pidsOfPrivateHost } from './find-private-host.ts';

const POLL_MS = 2;
/** The kernel ends hundreds of processes within milliseconds; this is for a machine that is all but stuck. */
const LIMIT_MS = 20_000;

/**
 * Ends a private host by its first process, and with it all that is in there: the kernel kills the other processes, and takes
 * links, namespaces and mounts away. Succeeds where it has ended already.
 * @throws WfError E_PERMISSION where it is somebody else's; E_RESIDUE where something of it stays.
 */
export async function endPrivateHost(owner: Owner): Promise<void> {
  const mark = markOfProcess(owner);
  if (mark === undefined || !isAlive(owner)) return;
  kill(owner);
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const gone = !isAlive(owner);
    // The whole machine is only searched once the first process has gone, and all others with it.
    const left = gone ? pidsOfPrivateHost(mark) : [owner.pid];
    if (left.length === 0) return;
    if (waitedMs >= LIMIT_MS) throw stays(mark, left);
    await pause(systemClock, POLL_MS);
  }
}

function kill({ pid }: Owner): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (thrown) {
    if (errnoOf(thrown) === 'ESRCH') return;
    throw new WfError('E_PERMISSION', `the private host with the first process ${pid} may not be ended`, {
      hint: 'Another user started it: run wf as that user, or as root (`sudo wf ...`).',
      cause: thrown,
    });
  }
}

function stays(mark: string, pids: readonly number[]): WfError {
  return new WfError('E_RESIDUE', `the private host ${mark} does not end: processes ${pids.join(', ')}`, {
    hint: `Look at them with \`ps -fp ${pids.join(',')}\`; end them with \`kill -KILL ${pids.join(' ')}\`.`,
    details: { mark, pids },
  });
}

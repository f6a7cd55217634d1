import { errnoOf } from './errno.ts';
import { processStat } from './process.ts';

/**
 * Process groups of commands that run now, by the pid of their leader, with its start time: ended when wf itself exits, so
 * that no command outlives it.
 */
const living = new Map<number, string | undefined>();
let exitHandlerSet = false;

/** Notes the group that `leader` leads (it was started detached, a moment ago), until `forgetGroup`. */
export function rememberGroup(leader: number): void {
  living.set(leader, processStat(leader)?.startTime);
  if (exitHandlerSet) return;
  exitHandlerSet = true;
  process.on('exit', () => {
    for (const group of living.keys()) signalGroup(group, 'SIGKILL');
  });
}

export function forgetGroup(leader: number): void {
  living.delete(leader);
}

/**
 * Sends a signal to every process of a group that is remembered; false where the group has no process (left) that wf may
 * signal.
 */
export function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  // The kernel gives the number away only when the group is empty: who has it now, as a pid, would then be somebody else.
  const holder = processStat(leader);
  if (holder !== undefined && holder.startTime !== living.get(leader)) return false;
  try {
    return process.kill(-leader, signal);
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'ESRCH' || errno === 'EPERM') return false;
    throw thrown;
  }
}

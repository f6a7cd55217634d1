import { errnoOf } from './errno.ts';

/** Process groups of commands that run now: ended when wf itself exits, so that no command outlives it. */
const living = new Set<number>();
let exitHandlerSet = false;

/** Notes the group that `leader` leads (it was started detached), until `forgetGroup`. */
export function rememberGroup(leader: number): void {
  living.add(leader);
  if (exitHandlerSet) return;
  exitHandlerSet = true;
  process.on('exit', () => {
    for (const group of living) signalGroup(group, 'SIGKILL');
  });
}

export function forgetGroup(leader: number): void {
  living.delete(leader);
}

/** Sends a signal to every process of a group; false where the group has no process (left) that wf may signal. */
export function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leader, signal);
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'ESRCH' || errno === 'EPERM') return false;
    throw thrown;
  }
}

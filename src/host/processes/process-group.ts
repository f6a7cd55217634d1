import { errnoOf } from '../machine/errno.ts';
import { groupRuns, processStat } from './process.ts';

/**
 * Process groups of commands that run now, by the pid of their leader, with its start time: ended when wf itself exits, so
 * that no command outlives it.
 */
const living = new Map<number, string | undefined>();
let exitHandlerSet = false;

/** The process groups of commands that run now. */
export interface ProcessGroups {
  /** Notes the group that `leader` leads (it was started detached, a moment ago), until `forget`. */
  remember(leader: number): void;
  forget(leader: number): void;
  /** Sends a signal to every process of a remembered group; false where it has no process (left) that may be signalled. */
  signal(leader: number, signal: NodeJS.Signals | 0): boolean;
  /** Whether a process of the group still runs; zombies do not. */
  runs(leader: number): boolean;
}

/** Groups of a process whose pids are those that /proc counts. */
export const machineGroups: ProcessGroups = {
  remember: rememberGroup,
  forget: forgetGroup,
  signal: signalGroup,
  runs: groupRuns,
};

/** Notes the group that `leader` leads (it was started detached, a moment ago), until `forgetGroup`. */
function rememberGroup(leader: number): void {
  living.set(leader, processStat(leader)?.startTime);
  if (exitHandlerSet) return;
  exitHandlerSet = true;
  process.on('exit', () => {
    for (const group of living.keys()) signalGroup(group, 'SIGKILL');
  });
}

function forgetGroup(leader: number): void {
  living.delete(leader);
}

/**
 * Sends a signal to every process of a group that is remembered; false where the group has no process (left) that wf may
 * signal.
 */
function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  // The kernel gives the number away only when the group is empty: who has it now, as a pid, would then be somebody else.
  const holder = processStat(leader);
  if (holder !== undefined && holder.startTime !== living.get(leader)) return false;
  return signalMembers(leader, signal);
}

/** Sends a signal to every process of a group; false where it has none (left) that may be signalled. */
export function signalMembers(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leader, signal);
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'ESRCH' || errno === 'EPERM') return false;
    throw thrown;
  }
}

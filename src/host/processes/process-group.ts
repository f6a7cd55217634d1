import { errnoOf } from '../machine/errno.ts';
import { groupRuns, processStat } from './process.ts';

/**
 * Process groups of running commands, by the pid of their leader, with its start time. They are killed when wf exits, so that no
 * command outlives it.
 */
const living = new Map<number, string | undefined>();
let exitHandlerSet = false;

/** Process groups of running commands. */
export interface ProcessGroups {
  /** Registers the group of `leader`, which has just been started detached, until `forget`. */
  remember(leader: number): void;
  forget(leader: number): void;
  /** Sends a signal to every process of a registered group; returns false if no process of it can be signalled. */
  signal(leader: number, signal: NodeJS.Signals | 0): boolean;
  /** Returns whether a process of the group still runs; zombies do not count. */
  runs(leader: number): boolean;
}

/** Groups of processes with the pids that /proc shows. */
export const machineGroups: ProcessGroups = {
  remember: rememberGroup,
  forget: forgetGroup,
  signal: signalGroup,
  runs: groupRuns,
};

/** Registers the group of `leader`, which has just been started detached, until `forgetGroup`. */
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

/** Sends a signal to every process of a registered group; returns false if no process of it can be signalled. */
function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  // The kernel reuses the number only after the group is empty: a process that has it as its pid is then another one.
  const holder = processStat(leader);
  if (holder !== undefined && holder.startTime !== living.get(leader)) return false;
  return signalMembers(leader, signal);
}

/** Sends a signal to every process of a group; returns false if no process of it can be signalled. */
export function signalMembers(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leader, signal);
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'ESRCH' || errno === 'EPERM') return false;
    throw thrown;
  }
}

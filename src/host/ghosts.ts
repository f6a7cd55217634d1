import { WfError } from '../engine/errors.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { Ghost, GhostPort } from '../engine/ports/ghosts.ts';
import type { ProcessMark } from '../engine/process-mark.ts';
import { pause } from './clock.ts';
import { errnoOf } from './errno.ts';
import { type MarkedProcess, markedProcesses, type ProcessScan } from './marked-processes.ts';
import { isAlive, ownLineage } from './process.ts';

/** How long a ghost has between SIGTERM and SIGKILL. */
const GRACE_MS = 500;
/** A killed process that has not ended by then waits for a device or a file server, perhaps for ever. */
const GIVE_UP_MS = 5_000;
const POLL_MS = 20;

/** Ends the processes that outlived the wf that started them; which of all processes are seen, `markedProcesses` says. */
export function createGhosts(clock: Clock): GhostPort {
  const scan = sharedScans();
  return {
    async end(isGhost) {
      const found = new Map<string, MarkedProcess>();
      for (let waitedMs = 0; ; waitedMs += POLL_MS) {
        const { marked: seen, loading } = await scan(isGhost);
        // An ancestor of another user's process may have ended since.
        const known = new Set(seen.map(keyOf));
        const marked = [
          ...seen,
          ...[...found.values()].filter((ghost) => !known.has(keyOf(ghost)) && isAlive(ghost.identity)),
        ];
        if (marked.length === 0 && loading.length === 0) {
          return [...found.values()].map(({ pid, command, mark }) => ({ pid, command, mark }));
        }
        refuseOwnLineage(marked);
        if (waitedMs >= GIVE_UP_MS) throw marked.length > 0 ? stillAlive(marked) : stillLoading(loading);
        for (const ghost of marked) {
          const key = keyOf(ghost);
          if (waitedMs >= GRACE_MS) signal(ghost, 'SIGKILL');
          else if (!found.has(key)) signal(ghost, 'SIGTERM');
          found.set(key, ghost);
        }
        await pause(clock, POLL_MS);
      }
    },
  };
}

const keyOf = ({ pid, identity }: MarkedProcess): string => `${pid} ${identity.startTime}`;

type IsGhost = (mark: ProcessMark) => boolean;

/**
 * Scans on behalf of all who ask in one turn of the event loop: a process that goes on with a thousand runs looks at the machine
 * once. No scan is older than the question.
 */
function sharedScans(): (isGhost: IsGhost) => Promise<ProcessScan> {
  let asked: { readonly isGhost: IsGhost; answer(scan: ProcessScan): void; fail(thrown: unknown): void }[] = [];

  function scanForAll(): void {
    const all = asked;
    asked = [];
    try {
      const { marked, loading } = markedProcesses((mark) => all.some(({ isGhost }) => isGhost(mark)));
      for (const { isGhost, answer } of all) answer({ marked: marked.filter(({ mark }) => isGhost(mark)), loading });
    } catch (thrown) {
      for (const { fail } of all) fail(thrown);
    }
  }
  return (isGhost) =>
    new Promise((resolve, reject) => {
      if (asked.length === 0) setImmediate(scanForAll);
      asked.push({ isGhost, answer: resolve, fail: reject });
    });
}

/** To the process alone, and only while its pid is still its own. A group's number says nothing of who is in it. */
function signal(ghost: MarkedProcess, name: 'SIGTERM' | 'SIGKILL'): void {
  if (!isAlive(ghost.identity)) return;
  try {
    process.kill(ghost.pid, name);
  } catch (thrown) {
    if (errnoOf(thrown) === 'ESRCH') return;
    if (errnoOf(thrown) !== 'EPERM') throw thrown;
    throw new WfError('E_GHOST_ALIVE', `${told([ghost])} is another user's: wf may not end it`, {
      hint: 'Run the same as root (`sudo wf ...`). Nothing was touched.',
      details: detailsOf([ghost]),
      cause: thrown,
    });
  }
}

/** A person may have typed the command in a shell that a step started: wf ends neither that nor itself. */
function refuseOwnLineage(marked: readonly MarkedProcess[]): void {
  const lineage = ownLineage();
  const own = marked.filter(({ pid }) => lineage.has(pid));
  if (own.length === 0) return;
  throw new WfError('E_GHOST_ALIVE', `wf itself was started from what has to end first: ${told(own)}`, {
    hint: 'Run the same in another terminal, one that the run did not open.',
    details: detailsOf(own),
  });
}

function stillAlive(ghosts: readonly Ghost[]): WfError {
  const pids = ghosts.map(({ pid }) => pid).join(' ');
  return new WfError(
    'E_GHOST_ALIVE',
    `killed, but still there after more than ${GIVE_UP_MS / 1_000} s: ${told(ghosts)}`,
    {
      hint: `See what they wait for: \`ps -o pid,stat,wchan:32,args -p ${pids}\`. Try again once they are gone; a reboot ends them too.`,
      details: detailsOf(ghosts),
    },
  );
}

function stillLoading(pids: readonly number[]): WfError {
  return new WfError(
    'E_HOST_STATE_UNKNOWN',
    `whether these processes belong to the run cannot be told, as their programs are still being loaded: ${pids.join(', ')}`,
    { hint: `See what they wait for: \`ps -o pid,stat,wchan:32,args -p ${pids.join(' ')}\`. Then try again.` },
  );
}

function told(ghosts: readonly Ghost[]): string {
  return ghosts
    .map(({ pid, command, mark }) => `process ${pid} (\`${command}\`) of step ${mark.step} of run ${mark.run}`)
    .join(', ');
}

function detailsOf(ghosts: readonly Ghost[]) {
  return { processes: ghosts.map(({ pid, command, mark }) => ({ pid, command, run: mark.run, step: mark.step })) };
}

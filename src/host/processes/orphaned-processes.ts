import { WfError } from '../../engine/model/errors.ts';
import type { ProcessMark } from '../../engine/model/identity/process-mark.ts';
import { limitText } from '../../engine/model/time-limit.ts';
import { type Clock, pause } from '../../engine/ports/clock.ts';
import type { OrphanedProcess, OrphanedProcessPort } from '../../engine/ports/orphaned-processes.ts';
import { errnoOf } from '../machine/errno.ts';
import { type MarkedProcess, markedProcesses, type ProcessScan } from './marked-processes.ts';
import { isAlive, ownLineage } from './process.ts';

/** Time of an orphaned process between SIGTERM and SIGKILL. */
const GRACE_MS = 500;
/** A killed process that has not ended by then waits for a device or a file server, perhaps forever. */
const GIVE_UP_MS = 5_000;
const POLL_MS = 20;

/** Creates the port that ends processes that outlived their wf; `markedProcesses` finds them. */
export function createOrphanedProcesses(clock: Clock): OrphanedProcessPort {
  const scan = sharedScans();
  return {
    async end(isOrphan) {
      const found = new Map<string, MarkedProcess>();
      for (let waitedMs = 0; ; waitedMs += POLL_MS) {
        const { marked: seen, loading } = await scan(isOrphan);
        // An ancestor of another user's process may have ended meanwhile.
        const known = new Set(seen.map(keyOf));
        const marked = [
          ...seen,
          ...[...found.values()].filter((orphan) => !known.has(keyOf(orphan)) && isAlive(orphan.identity)),
        ];
        if (marked.length === 0 && loading.length === 0) {
          return [...found.values()].map(({ pid, command, mark }) => ({ pid, command, mark }));
        }
        refuseOwnLineage(marked);
        if (waitedMs >= GIVE_UP_MS) throw marked.length > 0 ? stillAlive(marked) : stillLoading(loading);
        for (const orphan of marked) {
          const key = keyOf(orphan);
          if (waitedMs >= GRACE_MS) signal(orphan, 'SIGKILL');
          else if (!found.has(key)) signal(orphan, 'SIGTERM');
          found.set(key, orphan);
        }
        await pause(clock, POLL_MS);
      }
    },
  };
}

const keyOf = ({ pid, identity }: MarkedProcess): string => `${pid} ${identity.startTime}`;

type IsOrphan = (mark: ProcessMark) => boolean;

/**
 * Shares one scan among all callers in one turn of the event loop: a process that resumes a thousand runs scans the machine once.
 * A scan always begins after the call.
 */
function sharedScans(): (isOrphan: IsOrphan) => Promise<ProcessScan> {
  let asked: { readonly isOrphan: IsOrphan; answer(scan: ProcessScan): void; fail(thrown: unknown): void }[] = [];

  function scanForAll(): void {
    const all = asked;
    asked = [];
    try {
      const { marked, loading } = markedProcesses((mark) => all.some(({ isOrphan }) => isOrphan(mark)));
      for (const { isOrphan, answer } of all) answer({ marked: marked.filter(({ mark }) => isOrphan(mark)), loading });
    } catch (thrown) {
      for (const { fail } of all) fail(thrown);
    }
  }
  return (isOrphan) =>
    new Promise((resolve, reject) => {
      if (asked.length === 0) setImmediate(scanForAll);
      asked.push({ isOrphan, answer: resolve, fail: reject });
    });
}

/** Signals the process alone, and only while its pid is still its own. A group id does not identify its members. */
function signal(orphan: MarkedProcess, name: 'SIGTERM' | 'SIGKILL'): void {
  if (!isAlive(orphan.identity)) return;
  try {
    process.kill(orphan.pid, name);
  } catch (thrown) {
    if (errnoOf(thrown) === 'ESRCH') return;
    if (errnoOf(thrown) !== 'EPERM') throw thrown;
    throw new WfError('E_ORPHAN_ALIVE', `wf may not kill ${describe([orphan])}, which belongs to another user`, {
      hint: 'Run the command as root (`sudo wf ...`). wf touched nothing.',
      details: detailsOf([orphan]),
      cause: thrown,
    });
  }
}

/** The user may have typed the command in a shell that a step started: wf kills neither the shell nor itself. */
function refuseOwnLineage(marked: readonly MarkedProcess[]): void {
  const lineage = ownLineage();
  const own = marked.filter(({ pid }) => lineage.has(pid));
  if (own.length === 0) return;
  throw new WfError('E_ORPHAN_ALIVE', `wf was started from a process that it has to kill first: ${describe(own)}`, {
    hint: 'Run the command in another terminal, which the run did not open.',
    details: detailsOf(own),
  });
}

function stillAlive(orphans: readonly OrphanedProcess[]): WfError {
  const pids = orphans.map(({ pid }) => pid).join(' ');
  return new WfError('E_ORPHAN_ALIVE', `killed, and still there after ${limitText(GIVE_UP_MS)}: ${describe(orphans)}`, {
    hint: `Find out what they wait for with \`ps -o pid,stat,wchan:32,args -p ${pids}\`. Try again once they are gone; a reboot ends them too.`,
    details: detailsOf(orphans),
  });
}

function stillLoading(pids: readonly number[]): WfError {
  return new WfError(
    'E_HOST_STATE_UNKNOWN',
    `processes are still loading their programs, so their run is unknown: ${pids.join(', ')}`,
    { hint: `Find out what they wait for with \`ps -o pid,stat,wchan:32,args -p ${pids.join(' ')}\`, then try again.` },
  );
}

function describe(orphans: readonly OrphanedProcess[]): string {
  return orphans
    .map(({ pid, command, mark }) => `process ${pid} (\`${command}\`) of step ${mark.step} of run ${mark.run}`)
    .join(', ');
}

function detailsOf(orphans: readonly OrphanedProcess[]) {
  return { processes: orphans.map(({ pid, command, mark }) => ({ pid, command, run: mark.run, step: mark.step })) };
}

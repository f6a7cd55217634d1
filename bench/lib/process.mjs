// CPU and memory of a living process.
import { readFileSync } from 'node:fs';

/** Memory (PSS) in MiB. */
export const memoryOf = (pid) =>
  Number(/^Pss: +(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) / 1024;

/** CPU time in milliseconds; the kernel counts in hundredths of a second. */
export function cpuOf(pid) {
  const [user, system] = ticksOf(pid);
  return (user + system) * 10;
}

/** The same with that of the children that have ended. */
export const cpuWithEndedOf = (pid) => ticksOf(pid).reduce((sum, ticks) => sum + ticks * 10, 0);

/** Ticks of a process in user and in system mode, and those of its children that have ended. */
const ticksOf = (pid) =>
  readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
    .slice(11, 15)
    .map(Number);

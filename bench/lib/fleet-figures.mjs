// Figures of fleet runs.
import { setTimeout as pause } from 'node:timers/promises';
import { cpuOf, memoryOf } from './process.mjs';

/** Does `work`, and returns the milliseconds of CPU of each piece, by name. */
export async function cpuDuring(pieces, work, of = cpuOf) {
  const before = sums(pieces(), of);
  const result = await work();
  const after = sums(pieces(), of);
  return { result, cpu: Object.fromEntries(Object.entries(after).map(([name, ms]) => [name, ms - before[name]])) };
}

/** Returns the memory (PSS) of each piece in MiB, by name. */
export const memoryOfEach = (pieces) => sums(pieces(), memoryOf);

const sums = (pieces, of) =>
  Object.fromEntries(Object.entries(pieces).map(([name, pids]) => [name, pids.reduce((sum, pid) => sum + of(pid), 0)]));

/** Returns the milliseconds of a fleet run without those of its slowest part. */
export function aboveSlowest({ durationMs, hosts }) {
  const parts = hosts.map(({ startedAt, finishedAt }) => Date.parse(finishedAt) - Date.parse(startedAt));
  return durationMs - Math.max(...parts);
}

/**
 * Kills a piece in the middle of a fleet run of ten waves. Returns the longest time without the start of a part, in milliseconds.
 * @param starts gets the time of each start, in the order of the starts
 */
export async function recovery(starts, hosts, run, kill) {
  starts.length = 0;
  const ended = run();
  while (starts.length < hosts.length / 2) await pause(5);
  const killedAt = Date.now();
  await kill();
  await ended;
  if (starts.length !== hosts.length) throw new Error(`${starts.length} parts of ${hosts.length} were started`);
  return Math.min(...starts.filter((at) => at > killedAt + 5)) - killedAt;
}

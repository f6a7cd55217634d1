// Starts contestants, one process each, and reads their figures.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The interval between two samples of the memory of a process. */
const SAMPLE_MS = 15;
const FOLDERS = [];
process.on('exit', () => {
  for (const folder of FOLDERS) rmSync(folder, { recursive: true, force: true });
});
process.on('SIGINT', () => process.exit(130));

/** Creates a folder on the measured disk, that of TMPDIR. */
export function newFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), 'wf-bench-'));
  FOLDERS.push(folder);
  return folder;
}

export const removeFolder = (folder) => rmSync(folder, { recursive: true, force: true });

/** Does `work` in a new folder. */
export async function inNewFolder(work) {
  const folder = newFolder();
  const answer = await work(folder);
  removeFolder(folder);
  return answer;
}

/** Returns the proportional set size in MiB; undefined if the process is gone. */
function pssOf(pid) {
  try {
    const [, kib] = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
    return kib === undefined ? undefined : Number(kib) / 1024;
  } catch {
    return undefined;
  }
}

/** Starts a contestant. `done` resolves to its figures. */
export function measure({ node = process.execPath, flags = [], script }, workload, folder, parameters) {
  const words = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  const spawnedAt = Date.now();
  const child = spawn(node, [...flags, script, workload, folder, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const done = new Promise((resolve, reject) => {
    child.on('close', (code, signal) => {
      if (code === 0) resolve({ ...JSON.parse(stdout.trim().split('\n').at(-1)), spawnedAt });
      else if (signal === 'SIGKILL') resolve({ killed: true, spawnedAt });
      else reject(new Error(`${script} ${workload} ended with ${code ?? signal}: ${stderr}`));
    });
  });
  return { child, done };
}

/** Runs a contestant in a new folder, and returns its figures. */
export const measureOnce = (contestant, workload, parameters) =>
  inNewFolder((folder) => measure(contestant, workload, folder, parameters).done);

/**
 * Returns the greatest sampled memory of a contestant, in MiB. It runs the contestant apart from the measurement of its speed, because
 * samples delay it: it does a quarter fewer steps in a second.
 */
export const peakMemory = (contestant, workload, parameters) =>
  inNewFolder(async (folder) => {
    const { child, done } = measure(contestant, workload, folder, parameters);
    let most = 0;
    const sampling = setInterval(() => {
      most = Math.max(most, pssOf(child.pid) ?? 0);
    }, SAMPLE_MS);
    await done.finally(() => clearInterval(sampling));
    return most;
  });

/** Returns the milliseconds that a command takes from its start to its end. */
export function timeOf(argv, options = {}) {
  const [program, ...args] = argv;
  const begun = performance.now();
  const { status, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status}: ${stderr}`);
  return performance.now() - begun;
}

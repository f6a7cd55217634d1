// Starts contestants, one process each, and reads what they found out.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** How often the memory of a process is looked at. */
const SAMPLE_MS = 15;
const FOLDERS = [];
process.on('exit', () => {
  for (const folder of FOLDERS) rmSync(folder, { recursive: true, force: true });
});
process.on('SIGINT', () => process.exit(130));

/** A folder on the disk that is measured: that of TMPDIR. */
export function newFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), 'wf-bench-'));
  FOLDERS.push(folder);
  return folder;
}

export const removeFolder = (folder) => rmSync(folder, { recursive: true, force: true });

/** Does `work` in a new one. */
export async function inNewFolder(work) {
  const folder = newFolder();
  const answer = await work(folder);
  removeFolder(folder);
  return answer;
}

/** Proportional set size in MiB; undefined where the process is gone. */
function pssOf(pid) {
  try {
    const [, kib] = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
    return kib === undefined ? undefined : Number(kib) / 1024;
  } catch {
    return undefined;
  }
}

/** Runs a contestant to its end; answers its figures. */
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

/** The same in a folder of its own. */
export const measureOnce = (contestant, workload, parameters) =>
  inNewFolder((folder) => measure(contestant, workload, folder, parameters).done);

/**
 * The greatest memory that a contestant is seen to take, in MiB. Not in the process whose speed is measured: each look holds it up, so
 * that it does a quarter fewer steps in a second.
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

/** Milliseconds that a command takes from its start to its end. */
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

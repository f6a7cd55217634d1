import path from 'node:path';
import process from 'node:process';
import type { Worker } from 'node:worker_threads';

/** In the folder of this module, or of the bundle that contains it. */
const PROGRAM = path.join(import.meta.dirname, 'interrupts.cjs');

/** A thread starts in about 30 ms. If it takes longer than this, wf continues without it. */
const START_MS = 2_000;

const IDLE = 0;
const ASKED = 1;

interface InterruptThread {
  readonly worker: Worker;
  /** State of the thread: idle, asked to watch, watching (2). */
  readonly state: Int32Array<SharedArrayBuffer>;
}

let thread: InterruptThread | undefined;

/** Starts the thread for `watchInterrupts` in the background, for a command that loads a workflow before it watches. */
export function prepareInterrupts(): void {
  thread ??= startThread();
}

/**
 * Calls `listener` at each SIGINT in place of the default exit. A second SIGINT kills the process after one second, even if this
 * thread is blocked. The returned function ends the watch.
 */
export function watchInterrupts(listener: () => void): () => void {
  // Signals arrive in this thread until the other one watches, or if it cannot be started.
  process.on('SIGINT', listener);
  const { worker, state } = thread ?? startThread();
  thread = undefined;
  worker.on('message', listener);
  Atomics.store(state, 0, ASKED);
  Atomics.notify(state, 0);
  Atomics.wait(state, 0, ASKED, START_MS);
  return () => {
    process.off('SIGINT', listener);
    void worker.terminate();
  };
}

function startThread(): InterruptThread {
  const state = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)).fill(IDLE);
  // Loaded lazily: most commands do not need it.
  const threads = process.getBuiltinModule('node:worker_threads');
  const worker = new threads.Worker(PROGRAM, { workerData: state });
  worker.unref();
  // Without the other thread, the main thread receives SIGINTs.
  worker.on('error', () => {});
  return { worker, state };
}

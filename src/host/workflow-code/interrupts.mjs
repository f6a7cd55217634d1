// Counts SIGINTs in a thread of its own, so that they also end a wf whose main thread is in an endless loop of a workflow's code.
import { writeSync } from 'node:fs';
import { Script } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';

/** How long the main thread has to end the process after the second one. */
const GRACE_MS = 1_000;

// As in interrupt-thread.ts: 0 idle, 1 asked to watch, 2 watching. SIGINTs that come while the script waits come to this thread: Node
// has no other way to hand them to any but the main one.
globalThis.state = workerData;
const untilInterrupted = new Script(`
  Atomics.store(state, 0, 2);
  Atomics.notify(state, 0);
  Atomics.wait(state, 0, 2);
`);

function nextInterrupt() {
  try {
    untilInterrupted.runInThisContext({ breakOnSigint: true });
  } catch {
    parentPort.postMessage('SIGINT');
  }
}

Atomics.wait(workerData, 0, 0);
nextInterrupt();
nextInterrupt();
Atomics.wait(workerData, 0, 2, GRACE_MS);
writeSync(2, 'SIGINT: wf does not respond, and ends at once; `wf runs` lists the run that is interrupted\n');
// Outside of the script the signal has its usual effect.
process.kill(process.pid, 'SIGINT');

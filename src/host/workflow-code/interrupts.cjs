// Counts SIGINTs in a separate thread, so that they also end a wf whose main thread is in an endless loop of workflow code.
// CommonJS: the thread starts without the loader of modules.
const { writeSync } = require('node:fs');
const { Script } = require('node:vm');
const { parentPort, workerData } = require('node:worker_threads');

/** Time for the main thread to end the process after the second one. */
const GRACE_MS = 1_000;

// See interrupt-thread.ts: 0 idle, 1 asked to watch, 2 watching. SIGINTs reach this thread while the script waits: Node has no
// other way to deliver them outside the main thread.
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
// Outside the script the signal has its default effect.
process.kill(process.pid, 'SIGINT');

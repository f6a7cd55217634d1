import { appendFileSync } from 'node:fs';
import { type CrashPoints, NO_CRASH_POINTS } from '../engine/ports/crash-points.ts';
import { signalProcess } from './own-process.ts';

/**
 * Crash points as a test asks for them: `WF_CRASH_AT` is the point at which the process kills itself, at its N-th time where
 * `@N` is added to it; `WF_HALT_AT` the one at which it stands still (SIGSTOP), the first time; `WF_CRASH_LOG` names a file to
 * which each point that is reached is appended as a line.
 */
export function createCrashPoints(env: Readonly<Record<string, string | undefined>>): CrashPoints {
  const { WF_CRASH_AT: at, WF_HALT_AT: halt, WF_CRASH_LOG: log } = env;
  if (at === undefined && halt === undefined && log === undefined) return NO_CRASH_POINTS;
  const [, fatal, times = '1'] = /^(.*?)(?:@(\d+))?$/s.exec(at ?? '') ?? [];
  let left = Number(times);
  let halted = false;
  return {
    reach(point) {
      if (log !== undefined) appendFileSync(log, `${point}\n`);
      if (point === fatal && --left === 0) dieNow();
      if (point !== halt || halted) return;
      halted = true;
      signalProcess('SIGSTOP');
    },
  };
}

/** As if killed from outside: no handler runs, nothing is flushed, nothing that comes after this is done. */
function dieNow(): never {
  signalProcess('SIGKILL');
  // Should the signal come a moment later.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

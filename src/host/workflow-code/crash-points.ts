import { appendFileSync } from 'node:fs';
import { WfError } from '../../engine/model/errors.ts';
import { type CrashPoints, NO_CRASH_POINTS } from '../../engine/ports/crash-points.ts';
import { signalProcess } from '../processes/own-process.ts';

/**
 * Returns the crash points that a test requests. `WF_CRASH_AT` lists the points, one a line, at which the process kills itself,
 * at the N-th time with `@N`; `WF_HALT_AT` is the point at which it stops (SIGSTOP) the first time; `WF_FAIL_AT` is the point at
 * which a change of the host fails; `WF_FAIL_STEP` is the step that fails before it does anything; `WF_CRASH_LOG` is a file to which
 * each reached point is appended.
 */
export function createCrashPoints(env: Readonly<Record<string, string | undefined>>): CrashPoints {
  const { WF_CRASH_AT: at, WF_HALT_AT: halt, WF_FAIL_AT: fail, WF_FAIL_STEP: failingStep, WF_CRASH_LOG: log } = env;
  if ([at, halt, fail, failingStep, log].every((asked) => asked === undefined)) return NO_CRASH_POINTS;
  const timesLeft = new Map(at?.split('\n').map(fatalPoint));
  let halted = false;
  return {
    reach(point) {
      if (log !== undefined) appendFileSync(log, `${point}\n`);
      const left = timesLeft.get(point);
      if (left === 1) dieNow();
      if (left !== undefined) timesLeft.set(point, left - 1);
      if (point === fail) throw failed(point);
      if (point !== halt || halted) return;
      halted = true;
      signalProcess('SIGSTOP');
    },
    beginStep(step) {
      if (step === failingStep) throw failed(`step ${step}`);
    },
  };
}

function fatalPoint(line: string): readonly [point: string, times: number] {
  const [, point = line, times = '1'] = /^(.*?)(?:@(\d+))?$/.exec(line) ?? [];
  return [point, Number(times)];
}

function failed(point: string): WfError {
  return new WfError('E_STEP_FAILED', `the test asked for a failure: ${point}`, {
    hint: 'Unset WF_FAIL_AT and WF_FAIL_STEP.',
  });
}

/** Kills this process like an outside SIGKILL: no handler runs and nothing is flushed. */
function dieNow(): never {
  signalProcess('SIGKILL');
  // The signal may arrive a moment later.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

import type { RunId } from '../engine/model/ids.ts';
import type { DueRun } from './due-run.ts';

const FIRST_MS = 1_000;
const LONGEST_MS = 5 * 60_000;
/** An entry without a retry for this long belongs to a run that is not due any more. */
const FORGOTTEN_MS = 10 * 60_000;
const MOST = 10_000;

interface Delay {
  /** The state of the run for which it counts. */
  readonly state: string;
  readonly delayMs: number;
  readonly retryAt: number;
  /** The error that was reported; null if none was. */
  readonly reported: string | null;
}

/** Delays between attempts to advance a run. A run whose state changes may be tried again at once. */
export interface RetryDelays {
  mayTry(due: DueRun, now: number): boolean;
  /** Doubles the delay of a run after an error. Returns the time of the next attempt, and whether the error differs from the last one. */
  failed(due: DueRun, error: string, now: number): { readonly retryAt: number; readonly isNew: boolean };
  /** Delays a run until a moment, without an error. */
  postpone(due: DueRun, until: number): void;
  succeeded(run: RunId): void;
}

export function retryDelays(): RetryDelays {
  const delays = new Map<RunId, Delay>();

  function delayOf(due: DueRun): Delay | undefined {
    const delay = delays.get(due.run);
    return delay?.state === stateOf(due) ? delay : undefined;
  }

  function forgetOld(now: number): void {
    if (delays.size < MOST) return;
    for (const [run, { retryAt }] of delays) if (now - retryAt > FORGOTTEN_MS) delays.delete(run);
  }

  return {
    mayTry: (due, now) => (delayOf(due)?.retryAt ?? now) <= now,
    failed(due, error, now) {
      forgetOld(now);
      const last = delayOf(due);
      const delayMs = last === undefined ? FIRST_MS : Math.min(LONGEST_MS, Math.max(FIRST_MS, 2 * last.delayMs));
      delays.set(due.run, { state: stateOf(due), delayMs, retryAt: now + delayMs, reported: error });
      return { retryAt: now + delayMs, isNew: last?.reported !== error };
    },
    postpone(due, until) {
      const { delayMs, reported } = delayOf(due) ?? { delayMs: 0, reported: null };
      delays.set(due.run, { state: stateOf(due), delayMs, retryAt: until, reported });
    },
    succeeded: (run) => void delays.delete(run),
  };
}

/** A takeover, another reason or another request changes the state. */
function stateOf(due: DueRun): string {
  return `${due.fence} ${due.why === 'request' ? due.request : due.why}`;
}

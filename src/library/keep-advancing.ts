import type { RunHandle, RunResult } from '../engine/engine.ts';
import type { MachineEvent } from '../engine/journal-event.ts';
import type { Clock } from '../engine/ports/clock.ts';

/** A run that is advanced; one that is rolled back takes no events. */
export type Advancing = Omit<RunHandle, 'send'> & Partial<Pick<RunHandle, 'send'>>;

/** Why a run is let go of: as the program is told, which knows nothing of rests. */
export type Stopped = Exclude<RunResult, { readonly type: 'resting' }>;

export interface KeptAdvancing {
  readonly result: Promise<Stopped>;
  send(event: MachineEvent): void;
  interrupt(signal: string): void;
}

/**
 * Follows a run to its end through all its rests: while it rests nothing of it is held in memory but this, and it is read from
 * its journal again when its timer goes off, or an event comes.
 * @param goOn resumes the run; undefined where it does not rest.
 */
export function keepAdvancing(
  first: Advancing,
  goOn: (() => Promise<RunHandle>) | undefined,
  clock: Clock,
): KeptAdvancing {
  let current: Advancing | undefined = first;
  let waiting: MachineEvent[] = [];
  let interruptedBy: string | undefined;
  let wake = () => {};

  function restUntil(until: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(Math.max(0, until - clock.now()), resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });
  }

  async function follow(): Promise<Stopped> {
    for (;;) {
      const until = await untilItRests();
      if (typeof until !== 'number') return until;
      if (waiting.length === 0 && interruptedBy === undefined) await restUntil(until);
      wake = () => {};
      // It waits in the history, and nobody advances it.
      if (interruptedBy !== undefined || goOn === undefined) return { type: 'waiting' };
    }
  }

  /** How the run has stopped, or until when it rests. In a function of its own: what its result holds on to goes with its frame. */
  async function untilItRests(): Promise<Stopped | number> {
    if (current === undefined) await takeUp();
    if (current === undefined) return { type: 'waiting' };
    const ended = await current.result;
    if (ended.type !== 'resting') return ended;
    current = undefined;
    // From here on what is sent is kept here: asked now, it has all that was sent before.
    waiting.push(...ended.missed());
    return ended.until;
  }

  /** From the moment in which there is a handle, it is given what comes, after all that has come before. */
  async function takeUp(): Promise<void> {
    const handle = await goOn?.();
    if (handle === undefined) return;
    current = handle;
    for (const event of waiting) handle.send(event);
    waiting = [];
    if (interruptedBy !== undefined) handle.interrupt(interruptedBy);
  }

  return {
    result: follow(),
    send(event) {
      if (current === undefined) waiting.push(event);
      else current.send?.(event);
      wake();
    },
    interrupt(signal) {
      interruptedBy ??= signal;
      current?.interrupt(signal);
      wake();
    },
  };
}

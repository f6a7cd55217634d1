import { runNotAdvanced } from '../../engine/machine/sent-event.ts';
import { asWfError, type WfError } from '../../engine/model/errors.ts';
import type { RunId } from '../../engine/model/ids.ts';
import type { MachineEvent } from '../../engine/model/machine-event.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import type { Lease } from '../../engine/ports/history.ts';
import type { RunHandle, RunResult } from '../../engine/run/engine.ts';

/** Why an engine stopped advancing a run; hibernation is not visible to a program. */
export type Stopped = Exclude<RunResult, { readonly type: 'hibernating' }>;

export type KeptAdvancing = Omit<RunHandle, 'id' | 'result'> & { readonly result: Promise<Stopped> };

/** The actions on a run that hibernates. */
export interface Hibernation {
  /** Resumes the run. */
  resume(hibernating: Lease): Promise<RunHandle>;
  /** Releases the lease of the run: nobody advances it from then on. */
  release(hibernating: Lease): void;
  /** Calls `onRequest` for each request to the run; the returned function ends this. */
  watch(run: RunId, onRequest: () => void): () => void;
}

/** An event that waits for a run to be resumed, and its sender. */
interface Sent {
  readonly event: MachineEvent;
  handled(): void;
  refused(why: WfError): void;
}

/**
 * Advances a run through hibernation: meanwhile only this object stays in memory, and the run is read from its journal again when its
 * timer fires or an event arrives. An event is taken once the resumed run has journaled it.
 */
export function keepAdvancing(first: RunHandle, hibernation: Hibernation, clock: Clock): KeptAdvancing {
  const { id } = first;
  let current: RunHandle | undefined = first;
  const waiting: Sent[] = [];
  let interruptedBy: string | undefined;
  let over: WfError | undefined;
  let wake = () => {};

  /** Sleeps until a moment, an event or a request. */
  async function sleepUntil(until: number): Promise<void> {
    let unwatch = () => {};
    await new Promise<void>((resolve) => {
      const cancel = clock.after(Math.max(0, until - clock.now()), resolve);
      wake = () => {
        cancel();
        resolve();
      };
      unwatch = hibernation.watch(id, () => wake());
    });
    unwatch();
  }

  async function follow(): Promise<Stopped> {
    for (;;) {
      const hibernating = await untilItHibernates();
      if ('type' in hibernating) return hibernating;
      if (waiting.length === 0 && interruptedBy === undefined) await sleepUntil(hibernating.until);
      wake = () => {};
      if (interruptedBy !== undefined) {
        hibernation.release(hibernating.lease);
        return { type: 'waiting' };
      }
      await resume(hibernating.lease);
    }
  }

  /** Waits until the run stops or hibernates. A function of its own, so that no frame keeps a reference to the result of the run. */
  async function untilItHibernates(): Promise<Stopped | { readonly until: number; readonly lease: Lease }> {
    if (current === undefined) return { type: 'waiting' };
    const result = await current.result;
    if (result.type !== 'hibernating') return result;
    current = undefined;
    const { until, lease } = result;
    return { until, lease };
  }

  /** Resumes the run, and sends it the events that have arrived meanwhile, in order. */
  async function resume(lease: Lease): Promise<void> {
    try {
      current = await hibernation.resume(lease);
    } catch (thrown) {
      // Any process may resume the run now.
      hibernation.release(lease);
      throw thrown;
    }
    if (interruptedBy !== undefined) current.interrupt(interruptedBy);
    for (const sent of waiting.splice(0)) deliver(sent);
  }

  function deliver(sent: Sent): void {
    const handle = current;
    if (over !== undefined) sent.refused(over);
    else if (handle === undefined) keep(sent);
    else {
      handle.send(sent.event).then(sent.handled, (thrown: unknown) => {
        const why = asWfError(thrown);
        if (why.code !== 'E_RUN_NOT_ADVANCED') sent.refused(why);
        // The run has just begun to hibernate, or has stopped: `follow` handles both.
        else if (over === undefined && current === handle) keep(sent);
        else deliver(sent);
      });
    }
  }

  function keep(sent: Sent): void {
    waiting.push(sent);
    wake();
  }

  function close(why: WfError): void {
    over = why;
    for (const sent of waiting.splice(0)) sent.refused(why);
  }

  return {
    result: follow().then(
      (stopped) => {
        close(runNotAdvanced(id, stopped));
        return stopped;
      },
      (thrown: unknown) => {
        close(asWfError(thrown));
        throw thrown;
      },
    ),
    send: (event) => new Promise<void>((handled, refused) => deliver({ event, handled, refused })),
    interrupt(signal) {
      interruptedBy ??= signal;
      current?.interrupt(signal);
      wake();
    },
  };
}

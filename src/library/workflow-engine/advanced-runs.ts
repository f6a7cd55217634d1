import { parseSentEvent } from '../../engine/machine/sent-event.ts';
import { WfError } from '../../engine/model/errors.ts';
import type { MachineEvent } from '../../engine/model/machine-event.ts';
import type { RunHandle } from '../../engine/run/engine.ts';
import { systemClock } from '../../host/machine/clock.ts';
import type { RunRecord } from '../../review/record/run-record.ts';
import { type Hibernation, type KeptAdvancing, keepAdvancing } from './keep-advancing.ts';
import type { AdvancedRun } from './workflow-engine.ts';

/** The runs that an engine in a program advances, until it is closed. */
export class AdvancedRuns {
  readonly #recordOf: (id: string) => RunRecord;
  readonly #advanced = new Set<AdvancedRun>();
  /** Starts, resumes and rollbacks that have not resolved to a run yet. */
  readonly #beginning = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(recordOf: (id: string) => RunRecord) {
    this.#recordOf = recordOf;
  }

  /** Calls `begin`, which may begin to advance runs; `stop` waits for it. @throws WfError E_USAGE if the engine is closed */
  async begin<Begun>(begin: () => Promise<Begun>): Promise<Begun> {
    this.requireOpen();
    const begins = begin();
    this.#beginning.add(begins);
    try {
      return await begins;
    } finally {
      this.#beginning.delete(begins);
    }
  }

  /** @throws WfError E_USAGE if the engine is closed */
  requireOpen(): void {
    if (this.#isClosed)
      throw new WfError('E_USAGE', 'the engine is closed', { hint: 'Open another one with `openEngine`.' });
  }

  /** Returns the run of a handle for the program, advanced through hibernation. */
  add(handle: RunHandle, hibernation: Hibernation): AdvancedRun {
    const { id } = handle;
    const recordOf = this.#recordOf;
    const kept = keepAdvancing(handle, hibernation, systemClock);
    const result = handled(kept.result.finally(() => this.#advanced.delete(run)));
    let record: Promise<RunRecord> | undefined;
    const run: AdvancedRun = {
      id,
      result,
      // Lazy: reading the record takes longer than a short run.
      get record() {
        record ??= handled(result.then(() => recordOf(id)));
        return record;
      },
      send: (event) => handled(sendChecked(kept, event)),
      interrupt: (signal = 'SIGTERM') => kept.interrupt(signal),
    };
    this.#advanced.add(run);
    // `stop` was called while the run began.
    if (this.#isClosed) run.interrupt();
    return run;
  }

  /** Closes the engine: interrupts all runs, and those that begin meanwhile. Resolves once all have stopped. */
  async stop(): Promise<void> {
    this.#isClosed = true;
    for (const run of this.#advanced) run.interrupt();
    await Promise.allSettled(this.#beginning);
    await Promise.allSettled([...this.#advanced].map(({ result }) => result));
  }
}

/** Marks a rejection as handled: a program may ignore the promise. */
function handled<Answer>(promise: Promise<Answer>): Promise<Answer> {
  promise.catch(() => {});
  return promise;
}

/** Checks and copies the event at once: the program may alter it while the run hibernates. */
async function sendChecked(kept: KeptAdvancing, event: MachineEvent): Promise<void> {
  await kept.send(parseSentEvent(event));
}

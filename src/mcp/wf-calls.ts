import { errorOfRecord, WfError } from '../engine/model/errors.ts';
import type { Json } from '../engine/model/json.ts';
import { type Clock, pause } from '../engine/ports/clock.ts';
import { createSlots } from '../library/commands/slots.ts';
import { errorIn, type StartedWfCommand, startWfCommand, type WfCommandEnd } from '../library/commands/wf-command.ts';

/** A command line of wf, see {@link wfCommandLine}. */
export interface Call {
  readonly argv: readonly string[];
  readonly stdin?: string;
}

/** The result of a command. */
export interface Called {
  readonly document: Json;
  /** Warnings that it printed besides. */
  readonly notes: string;
}

/** Commands of wf, each a process of its own: workflow code never runs in the server. */
export interface WfCalls {
  /** Runs a command that alters nothing; it is killed if `signal` is aborted or the server ends. @throws WfError its error */
  read(call: Call, signal: AbortSignal): Promise<Called>;
  /**
   * Starts a command that acts. It outlives the server, and a call that was given up.
   * @returns undefined if it has not ended after `waitMs`, or once `signal` is aborted
   * @throws WfError its error
   */
  act(call: Call, waitMs: number, signal: AbortSignal): Promise<Called | undefined>;
  /** Kills the commands that only read. */
  close(): void;
}

/** Commands that run at a time: each takes a processor for a fifth of a second, and 60 MB. */
const CONCURRENCY = 8;

export function createWfCalls(database: string, clock: Clock): WfCalls {
  const inSlot = createSlots(CONCURRENCY);
  const reading = new Set<StartedWfCommand>();
  return {
    read: (call, signal) =>
      inSlot(async () => {
        signal.throwIfAborted();
        const started = startWfCommand({ ...call, database });
        reading.add(started);
        signal.addEventListener('abort', started.kill);
        try {
          return calledOf(call, await started.end);
        } finally {
          signal.removeEventListener('abort', started.kill);
          reading.delete(started);
        }
      }),
    act: (call, waitMs, signal) =>
      inSlot(async () => {
        signal.throwIfAborted();
        const { end } = startWfCommand({ ...call, database });
        const over = new AbortController();
        const patience = pause(clock, waitMs, AbortSignal.any([signal, over.signal]));
        try {
          return await Promise.race([end.then((ended) => calledOf(call, ended)), patience.then(() => undefined)]);
        } finally {
          over.abort();
        }
      }),
    close() {
      for (const started of reading) started.kill();
    },
  };
}

function calledOf({ argv: [command] }: Call, { document, exitCode, isCut, stderr }: WfCommandEnd): Called {
  if (document === undefined) {
    const why = isCut
      ? 'its result is too long'
      : `it printed no result (exit code ${exitCode ?? 'none: it was killed'})`;
    throw new WfError('E_OUTPUT', `wf ${command}: ${why}`, {
      hint: isCut ? 'Ask for less: for one run, stage or step.' : (stderr.trim().split('\n').at(-1) ?? ''),
    });
  }
  const error = errorIn(document);
  if (error !== undefined) throw errorOfRecord(error);
  return { document, notes: stderr.trim() };
}

import { errorOfRecord, WfError } from '../engine/model/errors.ts';
import type { Json } from '../engine/model/json.ts';
import { type Clock, pause } from '../engine/ports/clock.ts';
import { createReadCommands } from '../library/commands/read-commands.ts';
import { createSlots } from '../library/commands/slots.ts';
import { errorIn, startWfCommand, type WfCommandEnd } from '../library/commands/wf-command.ts';

/** A command line of wf, see {@link wfCommandLine}. */
export interface Call {
  readonly argv: readonly string[];
  readonly stdin?: string;
}

/** The result of a command. */
export interface Called {
  readonly document: Json;
  /** The warnings that it printed. */
  readonly notes: string;
}

/** Commands of wf, each a process of its own: workflow code never runs in the server. */
export interface WfCalls {
  /** Whether the client may act. */
  readonly allowActions: boolean;
  /**
   * Runs a command that alters nothing; it is killed if `signal` is aborted or the server ends.
   * @throws WfError its error; E_LIMIT if it does not end in time
   */
  read(call: Call, signal: AbortSignal): Promise<Called>;
  /**
   * Starts a command that acts. It outlives the server, and a call that its client has given up.
   * @returns undefined if it has not ended after `waitMs`, or once `signal` is aborted
   * @throws WfError its error
   */
  act(call: Call, waitMs: number, signal: AbortSignal): Promise<Called | undefined>;
  /** Kills the commands that only read. */
  close(): void;
}

/** The most commands that read, and the most that act, at a time: each takes 0.2 s of a processor, and 60 MB. */
const CONCURRENCY = 8;
/** Clients give a call up after a minute, and wait_for_run takes up to 50 s. */
const READING = { atOnce: CONCURRENCY, waiting: 100, limitMs: 58_000 };

export function createWfCalls(database: string, clock: Clock, allowActions: boolean): WfCalls {
  const inSlot = createSlots(CONCURRENCY);
  const reads = createReadCommands(clock, READING);
  return {
    allowActions,
    async read(call, signal) {
      const start = () => startWfCommand({ ...call, database });
      return calledOf(call, await reads.run({ name: `wf ${call.argv[0]}`, start }, signal));
    },
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
    close: reads.close,
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

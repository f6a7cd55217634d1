import { WfError } from '../../engine/model/errors.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import { createSlots } from './slots.ts';
import type { StartedWfCommand, WfCommandEnd } from './wf-command.ts';

/** Runs commands that change nothing: a bounded number at a time, each for a bounded time. */
export interface ReadCommands {
  /**
   * Runs a command, and returns how it ended. It is killed if `signal` is aborted.
   * @throws WfError E_LIMIT if too many wait, if it has not ended in time, or after `close`
   */
  run(command: ReadCommand, signal?: AbortSignal): Promise<WfCommandEnd>;
  /** Kills those that run, and starts no more. */
  close(): void;
}

export interface ReadCommand {
  /** The command line for people, such as `wf doctor`. */
  readonly name: string;
  start(): StartedWfCommand;
}

export interface ReadLimits {
  readonly atOnce: number;
  /** Number of further ones that wait for their turn. */
  readonly waiting: number;
  /** The time for one, from the moment it is asked for: the turn of a command must not depend on one that hangs. */
  readonly limitMs: number;
}

export function createReadCommands(
  clock: Pick<Clock, 'after'>,
  { atOnce, waiting, limitMs }: ReadLimits,
): ReadCommands {
  const inSlot = createSlots(atOnce);
  const running = new Set<StartedWfCommand>();
  let asked = 0;
  let isClosed = false;

  async function runInTime({ name, start }: ReadCommand, signal: AbortSignal | undefined): Promise<WfCommandEnd> {
    let started: StartedWfCommand | undefined;
    let isLate = false;
    let cancel = () => {};
    const late = new Promise<never>((_resolve, reject) => {
      const end = () => {
        isLate = true;
        reject(tooLate(name, limitMs, started !== undefined));
        started?.kill();
      };
      cancel = clock.after(limitMs, end, true);
    });
    const kill = () => started?.kill();
    signal?.addEventListener('abort', kill, { once: true });
    const ended = inSlot(async () => {
      if (isLate || isClosed || signal?.aborted) throw cancelledEarly(name);
      started = start();
      running.add(started);
      try {
        // A killed process that the kernel still holds must not keep the slot.
        return await Promise.race([started.end, late]);
      } finally {
        running.delete(started);
      }
    });
    try {
      return await Promise.race([ended, late]);
    } finally {
      cancel();
      signal?.removeEventListener('abort', kill);
    }
  }

  return {
    async run(command, signal) {
      if (asked >= atOnce + waiting) {
        throw new WfError('E_LIMIT', `${waiting} commands wait for their turn`, { hint: AGAIN });
      }
      asked += 1;
      try {
        return await runInTime(command, signal);
      } finally {
        asked -= 1;
      }
    },
    close() {
      isClosed = true;
      for (const started of running) started.kill();
    },
  };
}

const AGAIN = 'Try again in a moment, or type the command in a terminal.';

function tooLate(name: string, limitMs: number, hasStarted: boolean): WfError {
  const seconds = limitMs / 1_000;
  if (!hasStarted)
    return new WfError('E_LIMIT', `\`${name}\` did not get its turn within ${seconds} s`, { hint: AGAIN });
  return new WfError('E_LIMIT', `\`${name}\` has not ended within ${seconds} s, and was killed`, {
    hint: `Type \`${name}\` in a terminal, where it has more time. A workflow file that does not return holds it up.`,
  });
}

function cancelledEarly(name: string): WfError {
  return new WfError('E_LIMIT', `\`${name}\` was cancelled before it began`, { hint: AGAIN });
}

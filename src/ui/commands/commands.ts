import { randomBytes } from 'node:crypto';
import { type ErrorRecord, WfError } from '../../engine/model/errors.ts';
import { commandLine } from '../../engine/model/evidence.ts';
import type { Json } from '../../engine/model/json.ts';
import { type Clock, pause } from '../../engine/ports/clock.ts';
import { createReadCommands, type ReadLimits } from '../../library/commands/read-commands.ts';
import type { StartedWfCommand } from '../../library/commands/wf-command.ts';
import { type CommandOutcome, documentOf, notStarted, outcomeOf } from './command-outcome.ts';

/** Runs commands of wf, each as a process of its own: workflow code is never executed in the server, and runs outlive it. */
export interface Commands {
  /** Runs a command that changes nothing, and waits for its end. @throws WfError its error; E_LIMIT if it does not end in time */
  read(argv: readonly string[], stdin?: Json): Promise<ReadDocument>;
  /** Starts a command that acts, and waits a moment for its outcome. @throws WfError E_LIMIT if too many have been started */
  act(argv: readonly string[], options: ActOptions): Promise<Action>;
  /** Returns an action that was started a short while ago. */
  action(id: string): Action | undefined;
  /** Kills the commands that only read. */
  close(): void;
}

export interface ReadDocument {
  readonly document: Json;
  /** The lines of its standard error. */
  readonly notes: readonly string[];
}

export interface ActOptions {
  readonly stdin?: Json;
  /** Returns the progress of a running command, by its pid. */
  progress?(pid: number): CommandProgress | Promise<CommandProgress>;
}

/** `starting`: nothing is known; `advancing`: it advances the run; otherwise its outcome, which is known before its end. */
export type CommandProgress = 'starting' | 'advancing' | CommandOutcome;

/** A command that acts, started through the page or its API. */
export interface Action {
  readonly id: string;
  /** The command line; inputs and data are never in it. */
  readonly command: string;
  readonly startedAt: number;
  readonly state: 'running' | 'done' | 'refused';
  /** The document that the command prints; null unless it is done. */
  readonly document: Json;
  /** Null unless it was refused. */
  readonly error: ErrorRecord | null;
}

/** Most commands end within this time. */
const PATIENCE_MS = 2_000;
const CHECK_MS = 50;
const CHECK_LATER_MS = 500;
/** The most commands that act and have not begun to advance a run: each is a process of 60 MB. */
const MOST_STARTING = 8;
/** Time limit of a command that reads: the server closes a connection that is idle for a minute. */
export const READ_LIMIT_MS = 45_000;
const READING: ReadLimits = { atOnce: 4, waiting: 32, limitMs: READ_LIMIT_MS };
/** Finished actions that are kept, and for how long after their end. */
const MOST_KEPT = 32;
const KEPT_MS = 10 * 60_000;

interface Entry {
  readonly id: string;
  readonly command: string;
  readonly startedAt: number;
  isAdvancing: boolean;
  outcome: CommandOutcome | undefined;
  /** When the outcome became known; undefined before. */
  endedAt: number | undefined;
}

/** @param start starts a command of wf on the database of the page */
export function createCommands(
  start: (argv: readonly string[], stdin?: Json) => StartedWfCommand,
  clock: Clock,
): Commands {
  const entries = new Map<string, Entry>();
  const reads = createReadCommands(clock, READING);

  function forget(): void {
    const finished = [...entries.values()].filter(({ outcome }) => outcome !== undefined);
    const old = finished.filter(({ endedAt = 0 }) => clock.now() - endedAt > KEPT_MS);
    for (const { id } of [...old, ...finished.slice(0, -MOST_KEPT)]) entries.delete(id);
  }

  function settle(entry: Entry, outcome: CommandOutcome): void {
    if (entry.outcome !== undefined) return;
    entry.outcome = outcome;
    entry.endedAt = clock.now();
  }

  /** Watches a command until its outcome is known. */
  async function watch(entry: Entry, pid: number, progress: NonNullable<ActOptions['progress']>): Promise<void> {
    while (entry.outcome === undefined) {
      await pause(clock, clock.now() - entry.startedAt < PATIENCE_MS ? CHECK_MS : CHECK_LATER_MS);
      const known = await progress(pid);
      if (known === 'advancing') entry.isAdvancing = true;
      else if (known !== 'starting') settle(entry, known);
    }
  }

  return {
    async read(argv, stdin) {
      const end = await reads.run({ name: commandLine(['wf', ...argv]), start: () => start(argv, stdin) });
      const notes = end.stderr.split('\n').filter((line) => line.trim() !== '');
      return { document: documentOf(outcomeOf(end)), notes };
    },
    async act(argv, { stdin, progress = () => 'starting' }) {
      forget();
      const starting = [...entries.values()].filter(
        ({ outcome, isAdvancing }) => outcome === undefined && !isAdvancing,
      );
      if (starting.length >= MOST_STARTING) throw tooMany(`${MOST_STARTING} commands of this page have not ended`);
      const entry: Entry = {
        id: randomBytes(12).toString('base64url'),
        command: commandLine(['wf', ...argv]),
        startedAt: clock.now(),
        isAdvancing: false,
        outcome: undefined,
        endedAt: undefined,
      };
      const { pid, end } = start(argv, stdin);
      entries.set(entry.id, entry);
      const ended = end.then(outcomeOf, notStarted).then((outcome) => settle(entry, outcome));
      // If the database cannot be read, the end of the command decides.
      const watched = watch(entry, pid, progress).catch(() => ended);
      await Promise.race([ended, watched, pause(clock, PATIENCE_MS)]);
      return actionOf(entry);
    },
    action(id) {
      forget();
      const entry = entries.get(id);
      return entry === undefined ? undefined : actionOf(entry);
    },
    close: reads.close,
  };
}

function actionOf({ id, command, startedAt, outcome }: Entry): Action {
  return {
    id,
    command,
    startedAt,
    state: outcome?.type ?? 'running',
    document: outcome?.type === 'done' ? outcome.document : null,
    error: outcome?.type === 'refused' ? outcome.error : null,
  };
}

function tooMany(why: string): WfError {
  return new WfError('E_LIMIT', why, { hint: 'Try again in a moment, or type the command in a terminal.' });
}

import { type Json, parseJson } from '../engine/model/json.ts';
import { startDetached } from '../host/processes/detached-process.ts';
import { wfProgram } from './program-files.ts';

/** A command line of wf with `--json`, on one database. */
export interface WfCommand {
  /** The command with its options, such as `['resume', '--', 'RUN']`; without --json and --db. */
  readonly argv: readonly string[];
  readonly database: string;
  /** Standard input of the command, such as the inputs of a run for `--input-file /dev/stdin`; empty if absent. */
  readonly stdin?: string;
}

export interface WfCommandEnd {
  /** Null if a signal ended the command. */
  readonly exitCode: number | null;
  /** The one document that it printed: its result, or its error; undefined if it printed none. */
  readonly document: Json | undefined;
  /** What it reported besides. */
  readonly stderr: string;
}

/** A command that runs in a session of its own: it outlives this process, and so does the run that it advances. */
export interface StartedWfCommand {
  readonly pid: number;
  readonly end: Promise<WfCommandEnd>;
  /** Kills it: for a command that only reads. */
  kill(): void;
}

/** Starts `wf` as a process of its own: what workflow code does there never reaches this process. */
export function startWfCommand({ argv, database, stdin = '' }: WfCommand): StartedWfCommand {
  const [command = '', ...rest] = argv;
  const started = startDetached(wfProgram(), [command, '--json', `--db=${database}`, ...rest], process.env, stdin);
  const end = started.end.then(({ exitCode, stdout, stderr }): WfCommandEnd => {
    return { exitCode, document: documentIn(stdout), stderr };
  });
  return { pid: started.pid, end, kill: () => started.kill() };
}

function documentIn(stdout: string): Json | undefined {
  try {
    return parseJson(stdout);
  } catch {
    // A killed command prints a part of its document.
    return undefined;
  }
}

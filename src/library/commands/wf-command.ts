import * as z from 'zod/mini';
import { errorRecordSchema } from '../../engine/model/error-schema.ts';
import type { ErrorRecord } from '../../engine/model/errors.ts';
import { type Json, parseJson } from '../../engine/model/json.ts';
import { lazy } from '../../engine/model/lazy.ts';
import { startDetached } from '../../host/processes/detached-process.ts';
import { wfProgram } from '../program-files.ts';

/** A command line of wf with `--json`, on one database. */
export interface WfCommand {
  /** The command with its options, such as `['resume', '--', 'RUN']`; without --json and --db. */
  readonly argv: readonly string[];
  readonly database: string;
  /** Standard input of the command, such as the inputs of a run for `--input-file -`; empty if absent. */
  readonly stdin?: string;
}

export interface WfCommandEnd {
  /** Null if a signal ended the command. */
  readonly exitCode: number | null;
  /** The one document that it printed: its result, or its error; undefined if it printed none, or one that is too long to keep. */
  readonly document: Json | undefined;
  readonly isCut: boolean;
  /** Warnings that it printed besides. */
  readonly stderr: string;
}

/** A command that runs in a session of its own: it outlives this process, and so does the run that it advances. */
export interface StartedWfCommand {
  readonly pid: number;
  readonly end: Promise<WfCommandEnd>;
  /** Stops listening: the command keeps running, and this process may end. */
  release(): void;
  /** Kills a command that only reads, with the processes that it started. */
  kill(): void;
}

/** Starts `wf` as a process of its own: what workflow code does there never reaches this process. */
export function startWfCommand({ argv, database, stdin = '' }: WfCommand): StartedWfCommand {
  const [command = '', ...rest] = argv;
  const started = startDetached(wfProgram(), [command, '--json', `--db=${database}`, ...rest], process.env, stdin);
  const end = started.end.then(({ exitCode, stdout, stderr, isCut }): WfCommandEnd => {
    return { exitCode, document: documentIn(stdout), stderr, isCut };
  });
  return { pid: started.pid, end, release: started.release, kill: started.kill };
}

function documentIn(stdout: string): Json | undefined {
  try {
    return parseJson(stdout);
  } catch {
    // A killed command prints a part of its document.
    return undefined;
  }
}

const errorDocument = lazy(() => z.strictObject({ error: errorRecordSchema() }));

/** Returns the error of a command that was refused; undefined if the document is a result. The record of a failed run is a result. */
export function errorIn(document: Json | undefined): ErrorRecord | undefined {
  const parsed = errorDocument().safeParse(document);
  return parsed.success ? parsed.data.error : undefined;
}

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import type { Argv } from '../engine/ports/command.ts';

/** The parts of the host that a test compares. */
export interface HostState {
  /** Files and folders, with their contents: type, content, mode and owner. */
  readonly files?: readonly string[];
  /** Commands whose exit codes and outputs must be equal, such as `ip -json route show`: without counters and times. */
  readonly commands?: readonly Argv[];
  /** Anything else. */
  also?(): unknown;
}

/** Returns an `observe` for TestedWorkflow that compares these parts of the host; `RUN` stands for the id of the run. */
export function hostState({ files = [], commands = [], also }: HostState): (run: string) => Promise<unknown> {
  return async (run) => {
    const state = {
      files: files.map((file) => [file, fileState(file, run)]),
      commands: commands.map((argv) => [argv, outputOf(argv)]),
      also: await also?.(),
    };
    return JSON.parse(JSON.stringify(state).replaceAll(run, 'RUN'));
  };
}

function outputOf([program, ...args]: Argv): unknown {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (error !== undefined) throw error;
  return { exitCode: status, stdout, stderr };
}

function fileState(file: string, run: string): unknown {
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  const state = { mode: stats.mode.toString(8), uid: stats.uid, gid: stats.gid };
  if (stats.isSymbolicLink()) return { ...state, leadsTo: readlinkSync(file) };
  if (stats.isFile()) return { ...state, sha256: hashOf(readFileSync(file, 'latin1').replaceAll(run, 'RUN')) };
  if (!stats.isDirectory()) return state;
  return {
    ...state,
    entries: readdirSync(file)
      .toSorted()
      .map((name) => [name, fileState(path.join(file, name), run)]),
  };
}

function hashOf(content: string): string {
  return createHash('sha256').update(content, 'latin1').digest('hex');
}

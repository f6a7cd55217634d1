import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import type { Facet } from '../engine/workflow/facets.ts';
import { createFingerprints } from '../fingerprint/create-fingerprints.ts';
import { readFingerprint } from '../fingerprint/differences/shape.ts';
import { machinePorts } from '../runtime/machine-ports.ts';

/** The parts of the host that a test compares. */
export interface HostState {
  /** Facets of the network namespace of the test and of the Docker engine, as at the end of each run; by default none. */
  readonly facets?: readonly Facet[];
  /** Files and folders, with all that is in them: type, content, mode and owner. */
  readonly files?: readonly string[];
  /** Anything else, such as the output of a command. */
  also?(): unknown;
}

/** Returns an `observe` for TestedWorkflow that compares these parts of the host; `RUN` stands for the id of the run. */
export function hostState({ facets = [], files = [], also }: HostState): (run: string) => Promise<unknown> {
  const fingerprints = createFingerprints(machinePorts(process.env, ''));
  return async (run) => {
    const { sections } = readFingerprint(await fingerprints.take(facets));
    const network = facets.length === 0 ? {} : sections;
    const state = { network, files: files.map((file) => [file, fileState(file, run)]), also: await also?.() };
    return JSON.parse(JSON.stringify(state).replaceAll(run, 'RUN'));
  };
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

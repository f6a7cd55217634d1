import { existsSync } from 'node:fs';
import path from 'node:path';
import { WfError } from '../../engine/model/errors.ts';

/** Returns the path of the program that carries out HTTP and DNS probes inside a network namespace. @throws WfError E_INTERNAL if it is missing */
export function probeAgentPath(): string {
  // Beside this module, and beside the bundle that this module is part of.
  const file = path.join(import.meta.dirname, 'probe-agent.mjs');
  if (existsSync(file)) return file;
  throw new WfError('E_INTERNAL', `probe-agent.mjs is missing: looked for ${file}`, {
    hint: 'The installation of wf is incomplete: install it again.',
  });
}

/** The Node that wf itself runs on. */
export function ownNode(): string {
  return process.execPath;
}

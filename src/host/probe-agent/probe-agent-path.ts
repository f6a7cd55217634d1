import { existsSync } from 'node:fs';
import path from 'node:path';
import { WfError } from '../../engine/model/errors.ts';

/**
 * Returns the path of the program that makes HTTP and DNS probes inside a network namespace.
 * @throws WfError E_INTERNAL if it is missing
 */
export function probeAgentPath(): string {
  // In the folder of this module, or of the bundle that contains it.
  const file = path.join(import.meta.dirname, 'probe-agent.mjs');
  if (existsSync(file)) return file;
  throw new WfError('E_INTERNAL', `${file} is missing`, {
    hint: 'Reinstall wf: the installation is incomplete.',
  });
}

/** Returns the path of the Node that runs wf. */
export function ownNode(): string {
  return process.execPath;
}

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { WfError } from '../engine/errors.ts';

/** Beside this module; beside a bundle that this module is part of; one folder above a bundle's chunks. */
const CANDIDATES = ['./probe-agent.mjs', '../probe-agent.mjs'] as const;

/** Where the program is that HTTP and DNS probes run inside a network namespace. @throws WfError E_INTERNAL when it is missing */
export function probeAgentPath(): string {
  const paths = CANDIDATES.map((candidate) => fileURLToPath(new URL(candidate, import.meta.url)));
  const found = paths.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new WfError('E_INTERNAL', `probe-agent.mjs is missing: looked for ${paths.join(' and ')}`, {
    hint: 'The installation of wf is incomplete: install it again.',
  });
}

/** The Node that wf itself runs on. */
export function ownNode(): string {
  return process.execPath;
}

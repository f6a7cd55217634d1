import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { WfError } from '../../engine/errors.ts';

/** Beside a bundle that this module is part of; one folder above a bundle's chunks; and, from the sources, in dist/. */
const CANDIDATES = ['./private-host.cjs', '../private-host.cjs', '../../../dist/private-host.cjs'] as const;

/** Where the program of a private host is. @throws WfError E_INTERNAL when it is missing */
export function privateHostProgram(): string {
  const paths = CANDIDATES.map((candidate) => fileURLToPath(new URL(candidate, import.meta.url)));
  const found = paths.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new WfError('E_INTERNAL', `private-host.cjs is missing: looked for ${paths.join(' and ')}`, {
    hint: 'The installation of wf is incomplete: install it again (in a clone: `npm run build`).',
  });
}

import { existsSync } from 'node:fs';
import path from 'node:path';
import { WfError } from '../../../engine/model/errors.ts';

/** Beside the bundle that this module is part of; for the sources, in dist/. */
const FOLDERS = ['.', '../../../../dist'] as const;

/** Returns the path of the program of a private host. @throws WfError E_INTERNAL if it is missing */
export function privateHostProgram(): string {
  const paths = FOLDERS.map((folder) => path.join(import.meta.dirname, folder, 'private-host.cjs'));
  const found = paths.find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new WfError('E_INTERNAL', `private-host.cjs is missing: looked for ${paths.join(' and ')}`, {
    hint: 'The installation of wf is incomplete: install it again (in a clone: `npm run build`).',
  });
}

import { existsSync } from 'node:fs';
import path from 'node:path';
import { WfError } from '../../../engine/model/errors.ts';

/** The folder of the bundle that contains this module; for the sources, dist/. */
const FOLDERS = ['.', '../../../../dist'] as const;

/** Returns the path of the program of a private host. @throws WfError E_INTERNAL if it is missing */
export function privateHostProgram(): string {
  const paths = FOLDERS.map((folder) => path.join(import.meta.dirname, folder, 'private-host.cjs'));
  const found = paths.find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new WfError('E_INTERNAL', `private-host.cjs is missing in ${paths.join(' and ')}`, {
    hint: 'Reinstall wf (in a clone, run `npm run build`): the installation is incomplete.',
  });
}

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../definition/package-root.ts';

/** Path of the program of the command `wf`. */
export function wfProgram(): string {
  return path.join(import.meta.dirname, 'wf.cjs');
}

/** Returns the paths that a long-running command and its programs execute, without workflows and the parts of the program. */
export function programFiles(): readonly string[] {
  const folder = path.dirname(wfProgram());
  const programs = readdirSync(folder).filter((name) => name.endsWith('.cjs') && !name.startsWith('part-'));
  return [
    process.execPath,
    ...programs.map((name) => path.join(folder, name)),
    path.join(packageRoot(), 'node_modules'),
  ];
}

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../definition/package-root.ts';

/** Path of the program of the command `wf`. */
export function wfProgram(): string {
  return path.join(import.meta.dirname, 'wf.cjs');
}

/** Returns the files that a process of the command `wf` executes, without workflows. */
export function programFiles(): readonly string[] {
  const folder = path.dirname(wfProgram());
  const parts = readdirSync(folder).filter((name) => name.endsWith('.cjs'));
  return [process.execPath, ...parts.map((name) => path.join(folder, name)), path.join(packageRoot(), 'node_modules')];
}

import path from 'node:path';
import { packageRoot } from '../definition/package-root.ts';

/** Path of the program of the command `wf`. */
export function wfProgram(): string {
  return path.join(import.meta.dirname, 'wf.cjs');
}

/** Returns the files that a process of the command `wf` executes, without workflows. */
export function programFiles(): readonly string[] {
  const program = wfProgram();
  return [
    process.execPath,
    program,
    path.join(path.dirname(program), 'program.cjs'),
    path.join(packageRoot(), 'node_modules'),
  ];
}

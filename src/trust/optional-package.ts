import { createRequire } from 'node:module';
import path from 'node:path';
import { requireTrusted } from './trusted-path.ts';

/**
 * Whether an optional package is installed beside wf. Node searches all folders upwards for one that is not, those of other users too.
 * @throws WfError E_UNTRUSTED if another user could have written it
 */
export function hasPackage(name: string): boolean {
  return findInPackage(name) !== undefined;
}

/**
 * Returns the path of a module or a file of an optional package; undefined if it is not installed.
 * @param name such as `@restatedev/restate-sdk`, or `@restatedev/restate-server/package.json`
 * @param folder searched with those above it; without it, the folder of wf
 * @throws WfError E_UNTRUSTED if another user could have written it
 */
export function findInPackage(name: string, folder?: string): string | undefined {
  const file = resolved(name, folder);
  if (file !== undefined) requireTrusted(file, `the package ${name}`);
  return file;
}

function resolved(name: string, folder: string | undefined): string | undefined {
  try {
    const from = folder === undefined ? import.meta.filename : path.join(folder, 'package.json');
    return createRequire(from).resolve(name);
  } catch {
    return undefined;
  }
}

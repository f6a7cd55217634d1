import { createRequire } from 'node:module';
import { requireTrusted } from './trusted-path.ts';

/**
 * Whether an optional package is installed beside wf. Node searches all folders upwards for one that is not, those of other users too.
 * @throws WfError E_UNTRUSTED if another user could have written it
 */
export function hasPackage(name: string): boolean {
  const file = resolved(name);
  if (file === undefined) return false;
  requireTrusted(file, `the package ${name}`);
  return true;
}

function resolved(name: string): string | undefined {
  try {
    return createRequire(import.meta.filename).resolve(name);
  } catch {
    return undefined;
  }
}

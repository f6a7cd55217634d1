import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { sharedCache } from './shared-cache.ts';

/**
 * The translations of workflow files that tests share. The translation of a file takes longer than most runs, and jiti looks for it by
 * the path of the file, which is another one in each test. A file with known content gets a copy, which jiti uses if its digest fits.
 */
const { XDG_CACHE_HOME: cache } = sharedCache();

/** The translations that wf has not made yet, with the places for their copies. */
const awaited = new Map<string, string>();

/** Looks for the translation of a workflow file that a test has written. */
export function shareTranslation(file: string, text: string): void {
  if (cache === undefined || !file.endsWith('.ts')) return;
  const translation = path.join(cache, 'wf/translated', nameByJiti(file));
  const shared = path.join(cache, 'shared', digest(text));
  awaited.delete(translation);
  if (!existsSync(shared)) awaited.set(translation, shared);
  else copyFileSync(shared, translation);
}

/** Copies the translations that wf has made meanwhile. */
export function keepTranslations(): void {
  for (const [translation, shared] of awaited) {
    if (!existsSync(translation)) continue;
    awaited.delete(translation);
    mkdirSync(path.dirname(shared), { recursive: true, mode: 0o700 });
    copyFileSync(translation, shared);
  }
}

/** If jiti changes these names, tests take longer. */
function nameByJiti(file: string): string {
  return `${path.basename(path.dirname(file))}-${path.basename(file, '.ts')}.${digest(file).slice(0, 8)}.cjs`;
}

function digest(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

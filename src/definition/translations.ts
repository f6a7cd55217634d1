import { createHash } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import type { TransformOptions } from 'jiti';
import { readCacheFile, writeCacheFile } from '../trust/cache-file.ts';

/** Translations in the cache; the oldest ones are removed. */
const MOST_KEPT = 500;

/**
 * Returns the translation of a file, from the cache if a file with the same content has been translated before: copies and
 * checkouts of a project share translations.
 * @param folder cache that only this user can write; undefined for none
 * @param translator names the version of the translator
 */
export function translated(
  asked: TransformOptions,
  translate: (asked: TransformOptions) => string,
  folder: string | undefined,
  translator: string,
): string {
  if (folder === undefined) return translate(asked);
  const { filename = '', source } = asked;
  // Translated code contains the path of its file in place of `import.meta`, between whose words a comment may be.
  const named = /\bimport\s*(?:\.|\/[*/])/.test(source) ? filename : path.extname(filename);
  const key = JSON.stringify({ ...asked, filename: named, translator });
  const file = path.join(folder, `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.cjs`);
  const known = readCacheFile(file)?.toString();
  if (known !== undefined) return known;
  const code = translate(asked);
  // The module that jiti makes of a file that it cannot translate: it throws the error, which names the file.
  if (!code.includes('__JITI_ERROR__')) keep(file, code);
  return code;
}

function keep(file: string, code: string): void {
  // If it cannot be written, the next start translates again.
  if (!writeCacheFile(file, code)) return;
  try {
    removeOldest(path.dirname(file));
  } catch {
    // Another process removes them at the same time.
  }
}

function removeOldest(folder: string): void {
  const names = readdirSync(folder);
  if (names.length <= MOST_KEPT) return;
  const files = names.map((name) => {
    const file = path.join(folder, name);
    return { file, at: statSync(file).mtimeMs };
  });
  const oldest = files.toSorted((one, other) => one.at - other.at).slice(0, -MOST_KEPT);
  for (const { file } of oldest) rmSync(file, { force: true });
}

import { readFileSync, statSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';

/** Matches `from '...'`, `import '...'`, `import('...')` and `require('...')`. */
const SPECIFIER = /\b(?:from|import|require)\s*\(?\s*(["'])([^"'\n]+)\1/g;
const ENDINGS = ['', '.ts', '.mts', '.cts', '.tsx', '.js', '.mjs', '.cjs', '.jsx', '.json'];

/**
 * Returns a workflow file with all files that it imports by path, directly or indirectly, and the folders in `node_modules` of its other
 * imports. Computed imports (`import(name)`) are not found.
 * @param shared modules that wf itself provides
 */
export function importedFiles(file: string, shared: readonly string[]): readonly string[] {
  const found = new Set<string>();
  const packages = new Set<string>();
  const left = [path.resolve(file)];
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    if (found.has(at)) continue;
    found.add(at);
    for (const specifier of specifiersIn(at)) {
      if (specifier.startsWith('.') || path.isAbsolute(specifier)) {
        const imported = fileOf(path.resolve(path.dirname(at), specifier));
        if (imported !== undefined) left.push(imported);
      } else if (!isBuiltin(specifier) && !shared.includes(specifier)) {
        const folder = packageFolder(path.dirname(at), specifier);
        if (folder !== undefined) packages.add(folder);
      }
    }
  }
  return [...found, ...packages];
}

/** Returns a text in which `rename` has replaced the specifiers of its imports. */
export function renameImports(text: string, rename: (specifier: string) => string): string {
  return text.replace(SPECIFIER, (all: string, _quote: string, specifier: string) =>
    all.replace(specifier, () => rename(specifier)),
  );
}

function specifiersIn(file: string): readonly string[] {
  if (file.endsWith('.json')) return [];
  try {
    return [...readFileSync(file, 'utf8').matchAll(SPECIFIER)].flatMap(([, , specifier]) => specifier ?? []);
  } catch {
    // The importer gets the error.
    return [];
  }
}

/** Resolves a path without its extension, of a folder with an index, or with the extension of the translated file. */
function fileOf(given: string): string | undefined {
  const source = given.replace(/\.([cm]?)js$/, '.$1ts');
  const candidates = [given, path.join(given, 'index'), source].flatMap((one) => ENDINGS.map((end) => one + end));
  return candidates.find((one) => statSync(one, { throwIfNoEntry: false })?.isFile() === true);
}

/** Returns the folder of a package, as Node resolves it. */
function packageFolder(from: string, specifier: string): string | undefined {
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  for (let folder = from; ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, 'node_modules', name);
    if (statSync(candidate, { throwIfNoEntry: false }) !== undefined) return candidate;
    if (folder === path.dirname(folder)) return undefined;
  }
}

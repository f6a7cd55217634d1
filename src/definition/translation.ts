import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

/**
 * A workflow file and all that it imports, in JavaScript, as jiti made it: what is needed to load it again without jiti, which takes
 * longer to load than all else that a start of a small run does.
 */
export interface Translation {
  /** The workflow file is the first. */
  readonly files: readonly [TranslatedFile, ...TranslatedFile[]];
}

interface TranslatedFile {
  readonly file: string;
  /** Of the text that was translated. */
  readonly digest: string;
  readonly code: string;
}

/** What jiti makes of one file. */
export type Translate = (file: string, source: string) => string;

/** The modules that a workflow file shares with wf, by the name that it imports them by. */
export const SHARED_MODULES = ['wf', 'xstate', 'zod'] as const;
export type SharedModules = Readonly<Record<(typeof SHARED_MODULES)[number], unknown>>;

export const isSharedModule = (name: string): name is keyof SharedModules => SHARED_MODULES.some((one) => one === name);

const fileSchema = z.object({ file: z.string(), digest: z.string(), code: z.string() });
const translationSchema = z.object({ files: z.tuple([fileSchema], fileSchema) });

/** What was kept of this workflow file; undefined where nothing was, or where one of its files is not what was translated. */
export function readTranslation(folder: string, file: string): Translation | undefined {
  try {
    const { files } = translationSchema.parse(JSON.parse(fs.readFileSync(keptAs(folder, file), 'utf8')));
    const isAsItWas = files.every((one) => digestOf(fs.readFileSync(one.file, 'utf8')) === one.digest);
    return isAsItWas && files[0].file === file ? { files } : undefined;
  } catch {
    // Nothing was kept, or it is damaged, or a file is gone: it is translated anew.
    return undefined;
  }
}

/** Keeps what a workflow file was translated to, where that is enough to load it again; else nothing. */
export function keepTranslation(folder: string, file: string, translate: Translate): void {
  try {
    const files = translated(file, translate, []);
    if (files === undefined) return;
    const kept = keptAs(folder, file);
    const written = `${kept}.${process.pid}`;
    fs.writeFileSync(written, JSON.stringify({ files }));
    fs.renameSync(written, kept);
  } catch {
    // A folder that cannot be written, or a file that has just been removed: the next one translates again.
  }
}

function keptAs(folder: string, file: string): string {
  return path.join(folder, `${path.basename(file)}.${digestOf(file).slice(0, 16)}.v1.json`);
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The file and all that it imports; undefined where one of them needs more of jiti than its translation. */
function translated(
  file: string,
  translate: Translate,
  importers: readonly string[],
): Translation['files'] | undefined {
  // One that imports itself, by way of others, would wait for itself.
  if (importers.includes(file) || !/\.m?ts$/.test(file)) return undefined;
  const source = fs.readFileSync(file, 'utf8');
  const code = translate(file, source);
  const names = importedNames(code);
  // What is exported as the default jiti hands on in ways of its own.
  if (names === undefined || (importers.length > 0 && code.includes('exports.default'))) return undefined;
  const files: [TranslatedFile, ...TranslatedFile[]] = [{ file, digest: digestOf(source), code }];
  for (const name of names) {
    if (isSharedModule(name) || name.startsWith('node:')) continue;
    if (!/^\.\.?\//.test(name)) return undefined;
    const imported = translated(path.resolve(path.dirname(file), name), translate, [...importers, file]);
    if (imported === undefined) return undefined;
    files.push(...imported.filter((one) => !files.some((known) => known.file === one.file)));
  }
  return files;
}

/** The modules that translated code imports; undefined where not all of them are told, or it uses more than they give. */
function importedNames(code: string): readonly string[] | undefined {
  if (/\brequire\s*[.(]|\bmodule\.|\b__(?:file|dir)name\b|\bjitiESMResolve\b/.test(code)) return undefined;
  const names = [...code.matchAll(/\bjitiImport\((["'])([^"'\\]+)\1\)/g)].flatMap(([, , name]) => name ?? []);
  return names.length === code.split('jitiImport').length - 1 ? names : undefined;
}

import { evaluateTranslation } from './evaluate-translation.ts';
import { keepTranslation, readTranslation, type SharedModules } from './translation.ts';

export interface ImportOptions {
  /** Where translated workflow files are kept, so that a file is translated once. */
  readonly cacheFolder: string;
  /** The module that workflow files import as `wf`. */
  wfModule(): Promise<unknown>;
}

/**
 * What a workflow file exports. `wf`, `xstate` and `zod` in it are the very modules that wf itself runs on, whatever lies in the folders
 * around the file.
 */
export async function importFile(file: string, { cacheFolder, wfModule }: ImportOptions): Promise<unknown> {
  const [wf, xstate, zod] = await Promise.all([wfModule(), import('xstate'), import('zod')]);
  const shared = { wf, xstate, zod };
  const translation = readTranslation(cacheFolder, file);
  if (translation !== undefined) {
    try {
      return await evaluateTranslation(translation, shared);
    } catch {
      // jiti has the last word, and tells what is wrong.
    }
  }
  return importThroughJiti(file, cacheFolder, shared);
}

async function importThroughJiti(file: string, cacheFolder: string, shared: SharedModules): Promise<unknown> {
  const { createJiti } = await import('jiti');
  const jiti = createJiti(import.meta.url, { fsCache: cacheFolder, virtualModules: { ...shared } });
  const exported = await jiti.import(file);
  // jiti has just translated them, and keeps what it made.
  keepTranslation(cacheFolder, file, (filename, source) => jiti.transform({ filename, source, ts: true, async: true }));
  return exported;
}

// Bundles already have a `createRequire`.
import { createRequire as requireFrom } from 'node:module';
import { z } from 'zod/mini';
import { WfError } from '../engine/model/errors.ts';
import { privateFolder } from '../trust/private-folder.ts';
import { requireTrusted } from '../trust/trusted-path.ts';
import { importedFiles } from './import-specifiers.ts';
import { packageRoot } from './package-root.ts';
import { translated } from './translations.ts';

export interface ImportOptions {
  /** Cache of translated workflow files. */
  readonly cacheFolder: string;
  /** Returns the exports for imports of `wf-engine` and `wf-engine/steps`. */
  wfModule(): Promise<unknown>;
  /** Runs the code of a workflow file with a time limit. */
  readonly confine: Confine;
  /** Whether this process has loaded an earlier content of the files; false if absent. */
  readonly again?: boolean;
  /** Name of the file in errors; `the workflow file` if absent. */
  readonly what?: string;
}

/** Calls `load` and returns its result. @throws any error of `load`; an Error if it does not end in time */
export type Confine = (load: () => unknown) => Promise<unknown>;

/**
 * Returns the exports of a workflow file. Its imports of `wf-engine`, `wf-engine/steps`, `xstate` and `zod` are the modules of wf itself,
 * whatever the folders around the file contain. Translations are kept in a folder that only this user can write; without such a folder
 * jiti translates each time.
 * @throws WfError E_UNTRUSTED if another user could have written the file or one that it imports; none of it was executed
 */
export async function importFile(
  file: string,
  { cacheFolder, wfModule, confine, again = false, what = 'the workflow file' }: ImportOptions,
): Promise<unknown> {
  const own = packageRoot();
  const files = importedFiles(file, ['wf-engine', 'wf-engine/steps', 'xstate', 'zod']);
  for (const one of files) {
    requireTrusted(one, one === file ? what : `a file that ${file} imports`, own);
  }
  const [wf, xstate, zod, { createJiti }] = await ownModules(wfModule);
  const cache = privateFolder(cacheFolder);
  const translator = createJiti(import.meta.filename, { fsCache: false });
  const virtualModules = { 'wf-engine': wf, 'wf-engine/steps': wf, xstate, zod };
  const jiti = createJiti(import.meta.filename, {
    // The cache of jiti finds translations by the paths of their files.
    fsCache: false,
    virtualModules,
    transform: (asked) => ({ code: translated(asked, translator.transform, cache, jitiVersion()) }),
  });
  if (again) for (const one of files) Reflect.deleteProperty(jiti.cache, one);
  try {
    // Synchronous: only a call that has not returned can be stopped.
    return await confine(() => jiti(file));
  } catch (thrown) {
    if (!mayAwait(thrown)) throw thrown;
    return confine(() => jiti.import(file));
  }
}

async function ownModules(wfModule: ImportOptions['wfModule']) {
  try {
    return await Promise.all([wfModule(), import('xstate'), import('zod'), import('jiti')]);
  } catch (cause) {
    // Node also fails to find a module if the process reaches its limit of open files.
    const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new WfError('E_LIMIT', `wf cannot load its own modules: ${why}`, {
      hint: 'Raise the limit of open files (`ulimit -n`); if that does not help, install wf again.',
      cause,
    });
  }
}

const withVersion = z.object({ version: z.string() });

function jitiVersion(): string {
  return withVersion.parse(requireFrom(import.meta.filename)('jiti/package.json')).version;
}

/** Whether the error may come from a top-level `await` in a file that is run synchronously: it is parsed as a keyword or as a name. */
function mayAwait(thrown: unknown): boolean {
  return thrown instanceof SyntaxError || (thrown instanceof ReferenceError && thrown.message.startsWith('await '));
}

import { WfError } from '../engine/model/errors.ts';
import { privateFolder } from '../trust/private-folder.ts';
import { requireTrusted } from '../trust/trusted-path.ts';
import { importedFiles } from './imported-files.ts';
import { packageRoot } from './package-root.ts';

export interface ImportOptions {
  /** Where translated workflow files are kept, so that a file is translated once. */
  readonly cacheFolder: string;
  /** Loads the module that workflow files import as `wf-engine` and as `wf-engine/steps`. */
  wfModule(): Promise<unknown>;
  /** Carries out the code of a workflow file, within limits of time. */
  readonly confine: Confine;
}

/** Calls `load`, and answers what it answers. @throws what `load` throws; an Error where it does not end in time */
export type Confine = (load: () => unknown) => Promise<unknown>;

/**
 * Returns the exports of a workflow file. `wf-engine`, `wf-engine/steps`, `xstate` and `zod` in it are the modules that wf itself runs
 * on, whatever is in the folders around the file. jiti caches its translations by the digest of the source, in a folder that only this
 * user can write; without such a folder it translates each time.
 * @throws WfError E_UNTRUSTED where another user could have written the file or what it imports; none of it was executed
 */
export async function importFile(file: string, { cacheFolder, wfModule, confine }: ImportOptions): Promise<unknown> {
  const own = packageRoot();
  for (const one of importedFiles(file, ['wf-engine', 'wf-engine/steps', 'xstate', 'zod'])) {
    requireTrusted(one, one === file ? 'the workflow file' : `a file that ${file} imports`, own);
  }
  const [wf, xstate, zod, { createJiti }] = await ownModules(wfModule);
  const fsCache = privateFolder(cacheFolder) ?? false;
  // One module for both: `wf-engine` has all that `wf-engine/steps` has.
  const virtualModules = { 'wf-engine': wf, 'wf-engine/steps': wf, xstate, zod };
  const jiti = createJiti(import.meta.filename, { fsCache, virtualModules });
  try {
    // In one go: only a call that has not returned can be stopped.
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
    // Node does not find a module, either, if the process may open no more files.
    const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new WfError('E_LIMIT', `wf cannot load its own modules: ${why}`, {
      hint: 'Let the process open more files (`ulimit -n`); if that does not help, install wf again.',
      cause,
    });
  }
}

/** Whether this is what comes of an `await` at the top level of a file that is carried out in one go: a keyword or a name, as it follows. */
function mayAwait(thrown: unknown): boolean {
  return thrown instanceof SyntaxError || (thrown instanceof ReferenceError && thrown.message.startsWith('await '));
}

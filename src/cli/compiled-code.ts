import { readFileSync } from 'node:fs';
import path from 'node:path';
import { cachedDataVersionTag } from 'node:v8';
import { Script } from 'node:vm';
import { readCacheFile, writeCacheFile } from '../trust/cache-file.ts';

/** Exit codes of commands that are refused: these have called few functions. */
const REFUSED: readonly number[] = [2, 3, 4];

/**
 * Loads a CommonJS module like `require`, with V8's compiled code of an earlier start if `folder` has it. That saves a fifth of
 * `wf show`. Node 22 has `module.enableCompileCache()` for this.
 * @param digest digest of the module's source: V8 itself only compares lengths
 * @param folder a folder that only this user can write
 */
export function loadCompiled(file: string, digest: string, folder: string, require: NodeJS.Require): unknown {
  // esbuild writes ASCII.
  const source = readFileSync(file, 'latin1');
  // V8 rejects code of another version, processor or set of its flags.
  const cache = path.join(folder, `${path.basename(file)}-${cachedDataVersionTag().toString(16)}`);
  const cachedData = readCache(cache, digest);
  const wrapped = `(function (exports, require, module, __filename, __dirname) { ${source}\n})`;
  const script = new Script(wrapped, { filename: file, ...(cachedData === undefined ? {} : { cachedData }) });
  if (cachedData === undefined || script.cachedDataRejected === true) {
    // Written at exit, when V8 has also compiled the called functions.
    process.once('exit', (exitCode) => {
      if (!REFUSED.includes(exitCode)) writeCache(cache, digest, script.createCachedData());
    });
  }
  const module = { exports: {} };
  const run: unknown = script.runInThisContext();
  if (typeof run !== 'function') throw new TypeError(`${file} is not a module`);
  Reflect.apply(run, module.exports, [module.exports, require, module, file, path.dirname(file)]);
  return module.exports;
}

/** Returns the compiled code of the source with this digest; undefined if there is none. */
function readCache(cache: string, digest: string): Buffer | undefined {
  const content = readCacheFile(cache);
  return content?.subarray(0, digest.length).equals(Buffer.from(digest)) ? content.subarray(digest.length) : undefined;
}

/** If it cannot be written, the next start compiles again. V8 itself rejects code that is cut off. */
function writeCache(cache: string, digest: string, code: Buffer): void {
  writeCacheFile(cache, Buffer.concat([Buffer.from(digest), code]));
}

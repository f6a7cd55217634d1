import { readFileSync } from 'node:fs';
import path from 'node:path';
import { cachedDataVersionTag } from 'node:v8';
import { Script } from 'node:vm';
import { readCacheFile, writeCacheFile } from '../trust/cache-file.ts';

/** Exit codes of refused commands, which call too few functions to be worth a cache. */
const REFUSED: readonly number[] = [2, 3, 4];

/**
 * Loads the program like `require`, with the code that V8 compiled at an earlier start if `folder` has it. That saves a quarter of
 * `wf show`. Node 22 has `module.enableCompileCache()` for this.
 * @param program file of its first part; names of parts change with their content
 * @param folder a folder that only this user can write
 * @param require loads the other modules
 */
export function loadCompiled(program: string, folder: string, require: NodeJS.Require): unknown {
  const name = path.basename(program);
  // V8 rejects code of another version, processor or set of flags. It compares only the length of the source.
  const cache = path.join(folder, `program-${cachedDataVersionTag().toString(16)}`);
  const parts = new Parts(path.dirname(program), readCode(cache, name), require);
  process.once('exit', (exitCode) => {
    // At exit, V8 has also compiled the called functions.
    if (!parts.areCached() && !REFUSED.includes(exitCode)) writeCode(cache, name, parts.code());
  });
  return parts.load(name);
}

/** Code that V8 compiled, by the names of the parts. */
type Code = ReadonlyMap<string, Buffer>;

/** Returns the compiled code of this program; empty if the cache has none. */
function readCode(cache: string, program: string): Code {
  const content = readCacheFile(cache) ?? Buffer.alloc(0);
  const endOfIndex = content.indexOf('\n');
  const [compiled, ...parts] = content.toString('latin1', 0, endOfIndex).trimEnd().split(' ');
  const code = new Map<string, Buffer>();
  if (compiled !== program) return code;
  let begin = endOfIndex + 1;
  for (const part of parts) {
    const [name = '', length] = part.split(':');
    const end = begin + Number(length);
    // V8 rejects truncated code.
    code.set(name, content.subarray(begin, end));
    begin = end;
  }
  return code;
}

/** Writes one line with the name of the program and the name and length of each part, then the code. */
function writeCode(cache: string, program: string, code: Code): void {
  const index = [program, ...[...code].map(([name, { length }]) => `${name}:${length}`)].join(' ');
  // V8 copies code that does not begin at a multiple of 8.
  const line = `${index.padEnd(Math.ceil((index.length + 1) / 8) * 8 - 1)}\n`;
  writeCacheFile(cache, Buffer.concat([Buffer.from(line, 'latin1'), ...code.values()]));
}

/** The parts of the program that are loaded. */
class Parts {
  readonly #folder: string;
  readonly #cached: Code;
  readonly #require: NodeJS.Require;
  readonly #scripts = new Map<string, Script>();
  readonly #modules = new Map<string, { exports: unknown }>();

  constructor(folder: string, cached: Code, require: NodeJS.Require) {
    this.#folder = folder;
    this.#cached = cached;
    this.#require = require;
  }

  load(name: string): unknown {
    const loaded = this.#modules.get(name);
    if (loaded !== undefined) return loaded.exports;
    const module = { exports: {} };
    this.#modules.set(name, module);
    const file = path.join(this.#folder, name);
    const run: unknown = this.#compile(name, file).runInThisContext();
    if (typeof run !== 'function') throw new TypeError(`${file} is not a module`);
    Reflect.apply(run, module.exports, [module.exports, this.#requireFrom, module, file, this.#folder]);
    return module.exports;
  }

  /** Returns whether V8 used cached code for each loaded part. */
  areCached(): boolean {
    return [...this.#scripts.values()].every(({ cachedDataRejected }) => cachedDataRejected === false);
  }

  /** Returns the compiled code of the loaded parts, and the cached code of the others. */
  code(): Code {
    const loaded = [...this.#scripts].map(([name, script]): [string, Buffer] => [name, script.createCachedData()]);
    return new Map([...this.#cached, ...loaded]);
  }

  readonly #requireFrom = (id: string): unknown =>
    id.startsWith('./') ? this.load(path.basename(id)) : this.#require(id);

  #compile(name: string, file: string): Script {
    const cachedData = this.#cached.get(name);
    const wrapped = `(function (exports, require, module, __filename, __dirname) { ${readFileSync(file, 'utf8')}\n})`;
    const script = new Script(wrapped, { filename: file, ...(cachedData === undefined ? {} : { cachedData }) });
    this.#scripts.set(name, script);
    return script;
  }
}

#!/usr/bin/env node
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { keepHeapSmall } from '../host/machine/small-heap.ts';
import { compiledCacheFolder } from '../host/machine/user-folders.ts';
import { version } from '../library/version.ts';
import { privateFolder } from '../trust/private-folder.ts';
import { loadCompiled } from './compiled-code.ts';

/** Names of the program's files, which the build defines. */
declare const WHOLE_PROGRAM: string;
declare const PROGRAM_IN_PARTS: string;

/**
 * Commands that can still run when wf is updated or removed: they load the whole program at their start. Each of them has its own cache
 * of compiled code, because each calls other functions. The other commands load only the parts that they use, which takes less time.
 */
const LASTING: readonly string[] = [
  'start',
  'apply',
  'resume',
  'rollback',
  'shell',
  'sweep',
  'send',
  'pause',
  'cancel',
  'confirm',
  'retry',
  'settle',
  'wait',
  'guard',
  'agent',
  'fleet',
  'ui',
  'mcp',
  '--follow',
  '-f',
];

void main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<void> {
  if (asksForVersion(argv) && printVersion(argv)) return;
  // Called before the program is loaded: V8 does not return the memory that loading takes.
  if (argv[0] === 'ui') keepHeapSmall();
  const isDebugging = process.env['WF_DEBUG'] === '1';
  if (isDebugging) process.setSourceMapsEnabled(true);
  const lasting = argv.find((word) => LASTING.includes(word));
  const isWhole = isDebugging || lasting !== undefined;
  const file = path.join(import.meta.dirname, isWhole ? WHOLE_PROGRAM : PROGRAM_IN_PARTS);
  const folder = path.join(compiledCacheFolder(process.env), lasting ?? 'parts');
  // With a cache, Node 20 would not map stack traces to the sources.
  const cache = isDebugging ? undefined : privateFolder(folder);
  await loadProgram(file, cache)(argv, version);
}

/** Prints the version. Returns false if the write fails: the program then tries again and reports the reason. */
function printVersion(argv: readonly string[]): boolean {
  try {
    writeFileSync(1, `${argv.includes('--json') ? JSON.stringify({ version: version }) : version}\n`);
    return true;
  } catch {
    return false;
  }
}

/** Returns whether `--version` comes before any command. */
function asksForVersion(given: readonly string[]): boolean {
  const command = given.findIndex((argument) => !argument.startsWith('-'));
  return (command === -1 ? given : given.slice(0, command)).some(
    (argument) => argument === '--version' || argument === '-V',
  );
}

type Program = (argv: readonly string[], version: string) => Promise<void>;

/** Loads the program. @param cache folder for its compiled code */
function loadProgram(file: string, cache: string | undefined): Program {
  const require = createRequire(import.meta.filename);
  const isCached = cache !== undefined && !usesCacheOfNode(cache);
  const loaded: unknown = isCached ? loadCompiled(file, cache, require) : require(file);
  if (isProgram(loaded)) return loaded.runProgram;
  throw new TypeError(`${file} is damaged: install wf again`);
}

/** Makes Node 22.8 and later cache the compiled code; returns whether Node does. */
function usesCacheOfNode(folder: string): boolean {
  const module: object = process.getBuiltinModule('node:module');
  if (!('enableCompileCache' in module) || typeof module.enableCompileCache !== 'function') return false;
  module.enableCompileCache(folder);
  return true;
}

function isProgram(loaded: unknown): loaded is { readonly runProgram: Program } {
  return typeof loaded === 'object' && loaded !== null && 'runProgram' in loaded;
}

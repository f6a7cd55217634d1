#!/usr/bin/env node
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { keepHeapSmall } from '../host/machine/small-heap.ts';
import { compiledCacheFolder } from '../host/machine/user-folders.ts';
import { version } from '../library/version.ts';
import { privateFolder } from '../trust/private-folder.ts';
import { loadCompiled } from './compiled-code.ts';

declare const PROGRAM_DIGEST: string | undefined;

// The build defines the digest of the program; the sources have none.
const programDigest = typeof PROGRAM_DIGEST === 'string' ? PROGRAM_DIGEST : undefined;

/** Commands that run workflows. They use twice as much of the program as the others, and each uses other parts of it. */
const RUNNING: readonly string[] = [
  'start',
  'apply',
  'resume',
  'rollback',
  'send',
  'confirm',
  'cancel',
  'retry',
  'guard',
  'agent',
];

void main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<void> {
  if (asksForVersion(argv) && printVersion(argv)) return;
  // Before the program is loaded: V8 does not return the memory that it takes for that.
  if (argv[0] === 'ui') keepHeapSmall();
  const isDebugging = process.env['WF_DEBUG'] === '1';
  if (isDebugging) process.setSourceMapsEnabled(true);
  // With a cache of Node 20, stack traces would not be mapped to the sources.
  await loadProgram(isDebugging ? undefined : privateFolder(compiledCache(argv)))(argv, version);
}

/** Returns the folder of the compiled code for a command: with that of another one, most of its functions would be compiled again. */
function compiledCache(argv: readonly string[]): string {
  return path.join(compiledCacheFolder(process.env), argv.find((word) => RUNNING.includes(word)) ?? 'others');
}

/** Prints the version. Returns false if it cannot be written: the program then tries again and reports the reason. */
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

/** Loads the program beside this file. @param cache folder for V8's compiled code of it */
function loadProgram(cache: string | undefined): Program {
  const file = path.join(import.meta.dirname, 'program.cjs');
  const require = createRequire(import.meta.filename);
  const isCached = programDigest !== undefined && cache !== undefined && !usesCacheOfNode(cache);
  const loaded: unknown = isCached ? loadCompiled(file, programDigest, cache, require) : require(file);
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

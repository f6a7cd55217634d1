#!/usr/bin/env node
import { writeFileSync } from 'node:fs';
import { compiledCacheFolder } from '../host/machine/user-folders.ts';
import { privateFolder } from '../trust/private-folder.ts';

declare const WF_VERSION: string | undefined;

// The build defines it; the sources have none.
const version = typeof WF_VERSION === 'string' ? WF_VERSION : 'development';

void main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<void> {
  if (asksForVersion(argv) && printVersion(argv)) return;
  if (process.env['WF_DEBUG'] === '1') process.setSourceMapsEnabled(true);
  keepCompiledCode();
  const { runProcess } = await import('./services/process.ts');
  await runProcess(argv, async (options) => (await import('./services/wire.ts')).openWire(options), version);
}

/** Prints the version. Returns false if it cannot be written: the program then tries again, and reports why. */
function printVersion(argv: readonly string[]): boolean {
  try {
    writeFileSync(1, `${argv.includes('--json') ? JSON.stringify({ version }) : version}\n`);
    return true;
  } catch {
    return false;
  }
}

/** Whether `--version` comes before any command. */
function asksForVersion(given: readonly string[]): boolean {
  const command = given.findIndex((argument) => !argument.startsWith('-'));
  return (command === -1 ? given : given.slice(0, command)).some(
    (argument) => argument === '--version' || argument === '-V',
  );
}

/** Has Node 22.8 and later keep V8's compiled code of wf in the user's cache folder, where nobody else can write it. */
function keepCompiledCode(): void {
  const module: object = process.getBuiltinModule('node:module');
  if (!('enableCompileCache' in module) || typeof module.enableCompileCache !== 'function') return;
  const folder = privateFolder(compiledCacheFolder(process.env));
  if (folder !== undefined) module.enableCompileCache(folder);
}

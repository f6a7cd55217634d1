#!/usr/bin/env node
import { compiledCacheFolder } from '../host/user-folders.ts';
import { privateFolder } from '../trust/private-folder.ts';
import { standardOutput } from './standard-output.ts';

declare const WF_VERSION: string | undefined;

// The build puts the version in; run from source there is none.
const version = typeof WF_VERSION === 'string' ? WF_VERSION : 'development';

void main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<void> {
  if (asksForVersion(argv) && (await isWritten(argv))) return;
  keepCompiledCode();
  // In what is built, built-program.ts stands here.
  const { runProgram } = await import('./program.ts');
  await runProgram(argv, version);
}

/** Prints the version. Answers whether it could be: whatever keeps it from being printed is told by the program. */
async function isWritten(argv: readonly string[]): Promise<boolean> {
  const out = standardOutput(1);
  let failed = false;
  out.on('error', ({ code }) => {
    // Nobody reads on (`| true`): no error.
    failed ||= code !== 'EPIPE';
  });
  out.write(`${argv.includes('--json') ? JSON.stringify({ version }) : version}\n`);
  await out.written();
  return !failed;
}

/** `--version` before any command; answered at once, with nothing loaded. */
function asksForVersion(given: readonly string[]): boolean {
  const command = given.findIndex((argument) => !argument.startsWith('-'));
  return (command === -1 ? given : given.slice(0, command)).some(
    (argument) => argument === '--version' || argument === '-V',
  );
}

/** With Node 22.8 and later, V8's compiled code of wf is kept in the user's cache folder, where nobody else can write it. */
function keepCompiledCode(): void {
  const { env, versions } = process;
  // To look whether it can takes as long as to parse what it was asked.
  if (Number.parseInt(versions.node, 10) < 22) return;
  const module: object = process.getBuiltinModule('node:module');
  if (!('enableCompileCache' in module) || typeof module.enableCompileCache !== 'function') return;
  const folder = privateFolder(compiledCacheFolder(env));
  if (folder !== undefined) module.enableCompileCache(folder);
}

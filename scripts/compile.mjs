// Keeps what V8 makes of dist/program.cjs: carries out a few commands with it, on a history of their own, and writes down what was
// compiled for them. Called by build.mjs: node scripts/compile.mjs FOLDER
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

/** One that any machine can carry out. */
const WORKFLOW = `
import { defineWorkflow, execRead } from 'wf';
import { setup } from 'xstate';
import { z } from 'zod';
export default defineWorkflow({
  name: 'one', version: '1', description: 'one command', input: z.object({}),
  machine: setup({ actors: { read: execRead } }).createMachine({
    initial: 'only',
    states: { only: { invoke: { id: 'only', src: 'read', input: { argv: ['true'] }, onDone: 'end' } }, end: { type: 'final' } },
  }),
});
`;
/** As src/cli/built-program.ts tells them apart. */
const COMMANDS = {
  advancing: [['start', 'one']],
  reading: [['show', '@latest'], ['logs', '@latest'], ['changes'], ['runs']],
};

const [, , folder, cache, ...words] = process.argv;
const bundle = path.resolve(folder, 'program.cjs');

/** In this process, which ends with the command: what was compiled before is kept. */
async function carryOut(argv) {
  const compiled = path.resolve(folder, `${cache}-${process.versions.v8}.cache`);
  // As src/cli/built-program.ts has it.
  const source = readFileSync(bundle, 'latin1');
  const cachedData = existsSync(compiled) ? readFileSync(compiled) : undefined;
  const script = new Script(source, { filename: bundle, cachedData });
  process.on('exit', () => writeFileSync(compiled, script.createCachedData()));
  const made = { exports: {} };
  script.runInThisContext()(made.exports, createRequire(bundle), made, bundle);
  await made.exports.runProgram(argv, 'compiled');
}

if (words.length > 0) await carryOut(words);
else {
  const project = mkdtempSync(path.join(tmpdir(), 'wf-build-'));
  try {
    mkdirSync(path.join(project, 'workflows'));
    writeFileSync(path.join(project, 'workflows/one.ts'), WORKFLOW);
    const env = { ...process.env, WF_DB: path.join(project, 'wf.db'), XDG_CACHE_HOME: path.join(project, 'cache') };
    for (const [name, commands] of Object.entries(COMMANDS)) {
      for (const command of commands) {
        const argv = [fileURLToPath(import.meta.url), path.resolve(folder), name, ...command];
        execFileSync(process.execPath, argv, { cwd: project, env, stdio: ['ignore', 'ignore', 'pipe'] });
      }
    }
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

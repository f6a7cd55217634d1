// Keeps what V8 makes of dist/program.cjs and what lies beside it: carries out a few commands, on a history of their own, and writes down
// what was compiled for them. Called by build.mjs: node scripts/compile.mjs FOLDER
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
import { defineWorkflow, execRead } from 'wf-engine';
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
  // The first translates the workflow, the second finds that done.
  advancing: [
    ['start', 'one'],
    ['start', 'one'],
  ],
  reading: [['show', '@latest'], ['logs', '@latest'], ['changes'], ['runs']],
};

/** As src/library/load-compiled.ts has them. */
const APART = ['dockerode', 'execa'];

const [, , folder, cache, ...words] = process.argv;

/** Loads NAME.cjs into this process; when that ends, what was compiled is kept, with what was compiled before. */
function load(name, compiledAs, given = {}) {
  const file = path.resolve(folder, `${name}.cjs`);
  const compiled = path.resolve(folder, `${compiledAs}-${process.versions.v8}.cache`);
  // As src/library/load-compiled.ts has it.
  const source = readFileSync(file, 'latin1');
  const cachedData = existsSync(compiled) ? readFileSync(compiled) : undefined;
  // The name goes with what is compiled, into stack traces, wherever wf is installed.
  const script = new Script(source, { filename: `wf/dist/${name}.cjs`, cachedData });
  process.on('exit', () => writeFileSync(compiled, script.createCachedData()));
  const made = { exports: {} };
  const nodeRequire = createRequire(file);
  const apart = new Map();
  const require = (wanted) => {
    if (wanted in given) return given[wanted];
    if (!APART.includes(wanted)) return nodeRequire(wanted);
    if (!apart.has(wanted)) apart.set(wanted, load(wanted, wanted));
    return apart.get(wanted);
  };
  script.runInThisContext()(made.exports, require, made, file);
  return made.exports;
}

/** What a program does that embeds the engine: one run is started, paused and gone on with. */
async function embed(database) {
  const [xstate, zod] = await Promise.all([import('xstate'), import('zod')]);
  const { defineWorkflow, execRead, openEngine } = load('library', 'library', { xstate, zod });
  const invoke = (id, onDone) => ({ invoke: { id, src: 'read', input: { argv: ['true'] }, onDone } });
  const workflow = defineWorkflow({
    name: 'two',
    version: '1',
    description: 'two commands',
    input: zod.z.object({}),
    machine: xstate.setup({ actors: { read: execRead } }).createMachine({
      initial: 'first',
      states: { first: invoke('first', 'second'), second: invoke('second', 'end'), end: { type: 'final' } },
    }),
  });
  const engine = await openEngine({ database, workflows: [workflow] });
  const { id, result } = await engine.start(workflow, {}, { pauseAfter: 'first' });
  await result;
  engine.runs();
  await (await engine.resume(id)).record;
  await engine.close();
}

if (cache === 'library') await embed(...words);
else if (words.length > 0) await load('program', cache).runProgram(words, 'compiled');
else if (cache !== undefined) load(cache, cache);
else {
  const project = mkdtempSync(path.join(tmpdir(), 'wf-build-'));
  try {
    mkdirSync(path.join(project, 'workflows'));
    writeFileSync(path.join(project, '.wf'), '');
    writeFileSync(path.join(project, 'workflows/one.ts'), WORKFLOW);
    const env = { ...process.env, WF_DB: path.join(project, 'wf.db'), XDG_CACHE_HOME: path.join(project, 'cache') };
    const inProcess = (...words) => {
      const argv = [fileURLToPath(import.meta.url), path.resolve(folder), ...words];
      execFileSync(process.execPath, argv, { cwd: project, env, stdio: ['ignore', 'ignore', 'pipe'] });
    };
    // No command does so for certain on a machine without Docker.
    inProcess('dockerode');
    inProcess('library', path.join(project, 'embedded.db'));
    for (const [name, commands] of Object.entries(COMMANDS)) {
      for (const command of commands) inProcess(name, ...command);
    }
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

import process from 'node:process';

/** What lies beside the command; see `scripts/build.mjs`. */
const BUNDLE = new URL('./program.cjs', import.meta.url);

/** These load most of wf. For all others V8 would be given much more than they use. */
const ADVANCES: readonly string[] = ['start', 'resume', 'rollback'];

/**
 * Takes the place of `program.ts` in what is built: the same in one file, with what V8 made of it when wf was built. To resolve and
 * compile its modules one by one takes longer than to do what most commands are for. Another Node than that of the build compiles it.
 */
export async function runProgram(argv: readonly string[], version: string): Promise<void> {
  const advances = argv.some((argument) => ADVANCES.includes(argument));
  const program = precompiled(advances ? 'advancing' : 'reading') ?? required();
  const run = typeof program === 'object' && program !== null && 'runProgram' in program && program.runProgram;
  if (typeof run !== 'function') throw new Error(`${BUNDLE.pathname} is damaged: install wf again`);
  await run(argv, version);
}

const moduleOfNode = () => process.getBuiltinModule('node:module');

function required(): unknown {
  return moduleOfNode().createRequire(import.meta.url)('./program.cjs');
}

/** Undefined where this is another V8 than that of the build, or does not take what was made for another reason (its flags). */
function precompiled(name: string): unknown {
  const fs = process.getBuiltinModule('node:fs');
  const compiled = new URL(`./${name}-${process.versions.v8}.cache`, import.meta.url);
  if (!fs.existsSync(compiled)) return undefined;
  const file = process.getBuiltinModule('node:url').fileURLToPath(BUNDLE);
  // As scripts/compile.mjs has it. All of it is ASCII.
  const source = `(function (exports, require, module, __filename) {${fs.readFileSync(file, 'latin1')}\n})`;
  const { Script } = process.getBuiltinModule('node:vm');
  const script = new Script(source, { filename: file, cachedData: fs.readFileSync(compiled) });
  if (script.cachedDataRejected === true) return undefined;
  const made = { exports: {} };
  const load: unknown = script.runInThisContext();
  if (typeof load !== 'function') return undefined;
  load(made.exports, moduleOfNode().createRequire(file), made, file);
  return made.exports;
}

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
  const { createRequire } = process.getBuiltinModule('node:module');
  const advances = argv.some((argument) => ADVANCES.includes(argument));
  const load = precompiled(advances ? 'advancing' : 'reading') ?? createRequire(import.meta.url)('./program.cjs');
  const made: { exports: { runProgram?: (argv: readonly string[], version: string) => Promise<void> } } = {
    exports: {},
  };
  if (typeof load === 'function') load(made.exports, createRequire(BUNDLE), made, fileOfBundle());
  if (made.exports.runProgram === undefined) throw new Error(`${BUNDLE.pathname} is damaged: install wf again`);
  await made.exports.runProgram(argv, version);
}

const fileOfBundle = () => process.getBuiltinModule('node:url').fileURLToPath(BUNDLE);

/** Undefined where this is another V8 than that of the build, or does not take what was made for another reason (its flags). */
function precompiled(name: string): unknown {
  const fs = process.getBuiltinModule('node:fs');
  const compiled = new URL(`./${name}-${process.versions.v8}.cache`, import.meta.url);
  if (!fs.existsSync(compiled)) return undefined;
  const file = fileOfBundle();
  // All of it is ASCII, and it is taken as it is: V8 copies what is put together of pieces.
  const source = fs.readFileSync(file, 'latin1');
  const { Script } = process.getBuiltinModule('node:vm');
  const script = new Script(source, { filename: file, cachedData: fs.readFileSync(compiled) });
  return script.cachedDataRejected === true ? undefined : script.runInThisContext();
}

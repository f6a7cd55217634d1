import process from 'node:process';

/** These load most of wf. For all others V8 would be given much more than they use. */
const ADVANCES: readonly string[] = ['start', 'resume', 'rollback'];

/** Packages in files of their own: most commands need none of them. */
const APART: readonly string[] = ['dockerode', 'execa'];

interface Made {
  exports: { runProgram?: (argv: readonly string[], version: string) => Promise<void> };
}

/**
 * Takes the place of `program.ts` in what is built, see `scripts/build.mjs`: the same in one file, with what V8 made of it when wf was
 * built. To resolve and compile its modules one by one takes longer than to do what most commands are for. Another Node than that of
 * the build compiles it.
 */
export async function runProgram(argv: readonly string[], version: string): Promise<void> {
  const advances = argv.some((argument) => ADVANCES.includes(argument));
  const made = load('program', advances ? 'advancing' : 'reading');
  if (made.exports.runProgram === undefined) throw new Error(`${fileOf('program')} is damaged: install wf again`);
  await made.exports.runProgram(argv, version);
}

/** What lies beside the command as NAME.cjs; what V8 made of it may be there more than once. */
function load(name: string, compiledAs: string): Made {
  const made: Made = { exports: {} };
  const nodeRequire = process.getBuiltinModule('node:module').createRequire(new URL('./program.cjs', import.meta.url));
  const apart = new Map<string, Made>();
  const require = (wanted: string): unknown => {
    if (!APART.includes(wanted)) return nodeRequire(wanted);
    const loaded = apart.get(wanted) ?? load(wanted, wanted);
    apart.set(wanted, loaded);
    return loaded.exports;
  };
  const make = precompiled(name, compiledAs) ?? nodeRequire(`./${name}.cjs`);
  if (typeof make === 'function') make(made.exports, require, made, fileOf(name));
  return made;
}

const fileOf = (name: string) =>
  process.getBuiltinModule('node:url').fileURLToPath(new URL(`./${name}.cjs`, import.meta.url));

/** Undefined where this is another V8 than that of the build, or does not take what was made for another reason (its flags). */
function precompiled(name: string, compiledAs: string): unknown {
  const fs = process.getBuiltinModule('node:fs');
  const compiled = new URL(`./${compiledAs}-${process.versions.v8}.cache`, import.meta.url);
  if (!fs.existsSync(compiled)) return undefined;
  const file = fileOf(name);
  // All of it is ASCII, and it is taken as it is: V8 copies what is put together of pieces.
  const source = fs.readFileSync(file, 'latin1');
  const { Script } = process.getBuiltinModule('node:vm');
  const script = new Script(source, { filename: file, cachedData: fs.readFileSync(compiled) });
  return script.cachedDataRejected === true ? undefined : script.runInThisContext();
}

import { damaged, loadCompiled } from '../library/load-compiled.ts';

/** These load most of wf. For all others V8 would be given much more than they use. */
const ADVANCES: readonly string[] = ['start', 'resume', 'rollback'];

interface Program {
  readonly runProgram: (argv: readonly string[], version: string) => Promise<void>;
}

/**
 * Takes the place of `program.ts` in what is built, see `scripts/build.mjs`: the same in one file, and compiled. To resolve and compile
 * its modules one by one takes longer than to do what most commands are for.
 */
export async function runProgram(argv: readonly string[], version: string): Promise<void> {
  const advances = argv.some((argument) => ADVANCES.includes(argument));
  const compiledAs = advances ? 'advancing' : 'reading';
  // What is built is CommonJS: these are there, and an address of this file would have to be made.
  const program = loadCompiled({ folder: __dirname, require, name: 'program', compiledAs });
  if (!isProgram(program)) throw damaged(__dirname, 'program');
  await program.runProgram(argv, version);
}

function isProgram(loaded: unknown): loaded is Program {
  return typeof loaded === 'object' && loaded !== null && 'runProgram' in loaded;
}

/** Packages in files of their own: most of what is done needs none of them. */
const APART: readonly string[] = ['dockerode', 'execa'];

interface CompiledFile {
  /** The folder where it lies, with what V8 made of it beside it. */
  readonly folder: string;
  /** Of a file in that folder: for what is not in it. */
  readonly require: (wanted: string) => unknown;
  /** NAME.cjs */
  readonly name: string;
  /** COMPILED-VERSION.cache: one file may have been compiled for several uses. */
  readonly compiledAs: string;
  /** Modules that it shares with whoever loads it. */
  readonly given?: Readonly<Record<string, unknown>>;
}

/**
 * Loads a file that scripts/build.mjs has made, with what V8 made of it when wf was built: to compile it takes longer than to carry it
 * out. Another Node than that of the build compiles it.
 */
export function loadCompiled(file: CompiledFile): unknown {
  const { folder, require: nodeRequire, name, given = {} } = file;
  const nothing = {};
  const made: { exports: unknown } = { exports: nothing };
  const apart = new Map<string, unknown>();
  const require = (wanted: string): unknown => {
    if (Object.hasOwn(given, wanted)) return given[wanted];
    if (!APART.includes(wanted)) return nodeRequire(wanted);
    if (!apart.has(wanted))
      apart.set(wanted, loadCompiled({ folder, require: nodeRequire, name: wanted, compiledAs: wanted }));
    return apart.get(wanted);
  };
  const make = precompiled(file) ?? nodeRequire(`./${name}.cjs`);
  if (typeof make === 'function') make(made.exports, require, made, pathOf(folder, name));
  if (made.exports === nothing) throw damaged(folder, name);
  return made.exports;
}

export function damaged(folder: string, name: string): Error {
  return new Error(`${pathOf(folder, name)} is damaged: install wf again`);
}

/** Undefined where this is another V8 than that of the build, or does not take what was made for another reason (its flags). */
function precompiled({ folder, name, compiledAs }: CompiledFile): unknown {
  const fs = process.getBuiltinModule('node:fs');
  const compiled = `${folder}/${compiledAs}-${process.versions.v8}.cache`;
  if (!fs.existsSync(compiled)) return undefined;
  const filename = pathOf(folder, name);
  // All of it is ASCII, and it is taken as it is: V8 copies what is put together of pieces.
  const source = fs.readFileSync(filename, 'latin1');
  const { Script } = process.getBuiltinModule('node:vm');
  const script = new Script(source, { filename, cachedData: fs.readFileSync(compiled) });
  return script.cachedDataRejected === true ? undefined : script.runInThisContext();
}

function pathOf(folder: string, name: string): string {
  return `${folder}/${name}.cjs`;
}

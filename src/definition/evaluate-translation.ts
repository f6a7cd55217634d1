import path from 'node:path';
import { Script } from 'node:vm';
import { isSharedModule, type SharedModules, type Translation } from './translation.ts';

type Exports = Record<string, unknown>;
type Import = (name: string) => Promise<unknown>;

/** Carries out the translation of a workflow file, as jiti would; answers what the file exports. */
export function evaluateTranslation({ files }: Translation, shared: SharedModules): Promise<unknown> {
  const codes = new Map(files.map(({ file, code }) => [file, code]));
  const evaluated = new Map<string, Promise<Exports>>();

  const importFrom =
    (importer: string): Import =>
    async (name) => {
      if (isSharedModule(name)) return asModule(shared[name]);
      return name.startsWith('node:') ? import(name) : evaluate(path.resolve(path.dirname(importer), name));
    };

  function evaluate(file: string): Promise<Exports> {
    const known = evaluated.get(file);
    if (known !== undefined) return known;
    const exported = evaluateFile(file, codes.get(file), importFrom(file));
    evaluated.set(file, exported);
    return exported;
  }

  return evaluate(files[0].file);
}

async function evaluateFile(file: string, code: string | undefined, importModule: Import): Promise<Exports> {
  if (code === undefined) throw new Error(`${file} is missing from what was translated`);
  // On the line that jiti puts it on: errors tell where they are thrown.
  const made: unknown = new Script(`(async function (exports, jitiImport) { ${code}\n});`, {
    filename: file,
  }).runInThisContext();
  const exported: Exports = {};
  if (typeof made === 'function') await made(exported, importModule);
  return exported;
}

/** As jiti gives it to whoever imports it: one without a default export is its own. */
function asModule(module: unknown): unknown {
  if (typeof module !== 'object' || module === null) return module;
  return new Proxy(module, {
    get(target, name) {
      if (name === '__esModule') return true;
      const value: unknown = Reflect.get(target, name);
      return name === 'default' ? (value ?? target) : value;
    },
  });
}

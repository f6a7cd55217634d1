// An esbuild plugin: gives a module whose exports are each made when they are asked for, instead of all of them when it is loaded.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { exportsOf } from './exports-of.mjs';

/** `export { a, type B } from './x.ts';` and `export * from './x.ts';`: all that such a module may consist of. */
const REEXPORT = /^export (type )?(?:\{([^}]*)\}|\*) from '([^']+)';$/gm;

/** Which file each name comes from. */
function originsIn(file) {
  const source = readFileSync(file, 'utf8');
  return [...source.matchAll(REEXPORT)].flatMap(([, areTypes, names, from]) => {
    const origin = path.resolve(path.dirname(file), from);
    if (areTypes !== undefined) return [];
    if (names === undefined) return originsIn(origin);
    const values = names.split(',').map((name) => name.trim());
    return values.filter((name) => name !== '' && !name.startsWith('type ')).map((name) => [name, origin]);
  });
}

/** What esbuild calls the module that this plugin gives. */
export const LAZY_WF_MODULE = 'lazy-exports:wf';

/** @param importer whose import of the module `file` is given this one instead */
export function lazyExports(importer, file) {
  return {
    name: 'lazy-exports',
    setup(plugin) {
      plugin.onResolve({ filter: /^\./ }, (asked) => {
        const found = path.resolve(asked.resolveDir, asked.path);
        return found === file && asked.importer === importer ? { path: 'wf', namespace: 'lazy-exports' } : undefined;
      });
      plugin.onLoad({ filter: /.*/, namespace: 'lazy-exports' }, async () => {
        const origins = originsIn(file);
        const names = origins.map(([name]) => name).sort();
        if (names.join() !== [...(await exportsOf(file))].sort().join())
          throw new Error(`${file} does not only consist of exports of other modules, each named once`);
        const getters = origins.map(
          ([name, from]) => `get ${name}() { return require(${JSON.stringify(from)}).${name}; }`,
        );
        return { contents: `module.exports = { ${getters.join(',\n')} };`, resolveDir: path.dirname(file) };
      });
    },
  };
}

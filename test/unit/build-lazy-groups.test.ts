import vm from 'node:vm';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
// @ts-expect-error: a script of the build, without types
import { inLazyGroups } from '../../scripts/lazy-groups.mjs';
// @ts-expect-error: as well
import { withQuickModules } from '../../scripts/quick-modules.mjs';

/** Modules of a program by their names; `log` tells when one is carried out, or a function of one is called. */
const MODULES: Readonly<Record<string, string>> = {
  entry: `
    import { inBase } from 'base';
    inBase();
    export const first = async () => (await import('first')).run();
    export const second = async () => (await import('second')).run();
    export const legacy = async () => (await import('legacy')).default.run();`,
  base: `export function inBase() { log('base used'); } log('base');`,
  first: `
    import { inBase } from 'base';
    import { counted, next } from 'shared';
    import { only } from 'only-functions';
    import { there } from 'circle';
    export let times = 0;
    export function run() { times += 1; inBase(); next(); return [times, counted, only('first'), there()]; }
    log('first');`,
  second: `
    import { counted, next } from 'shared';
    import { only } from 'only-functions';
    export class Result { constructor(value) { this.value = value; } }
    export function run() { next(); return [new Result(counted).value, only('second')]; }
    log('second');`,
  shared: `export let counted = 10; export function next() { counted += 1; } log('shared');`,
  'only-functions': `export function only(name) { return 'only ' + name; }`,
  circle: `import { back } from 'circle-back'; export function there() { return 'there and ' + back(); } export const word = 'back';`,
  'circle-back': `import { word } from 'circle'; export function back() { return word; }`,
  legacy: `const { counted } = require('shared'); exports.run = () => ['legacy', counted]; log('legacy');`,
};

const inMemory = {
  name: 'in-memory',
  setup(plugin: import('esbuild').PluginBuild) {
    plugin.onResolve({ filter: /.*/ }, ({ path }) => ({
      path,
      namespace: 'memory',
      // What carries it out is then left out.
      sideEffects: path !== 'only-functions',
    }));
    plugin.onLoad({ filter: /.*/ }, ({ path }) => ({ contents: MODULES[path] ?? '' }));
  },
};

async function bundle() {
  const { outputFiles, metafile } = await build({
    entryPoints: ['entry'],
    plugins: [inMemory],
    bundle: true,
    write: false,
    metafile: true,
    format: 'cjs',
    // As the build has it.
    minifySyntax: true,
    supported: { 'dynamic-import': false },
  });
  const code = outputFiles[0]?.text ?? '';
  const grouped: unknown = inLazyGroups(
    withQuickModules(code, metafile.inputs),
    metafile.inputs,
    'memory:entry',
    () => false,
  );
  return { code, grouped: String(grouped) };
}

/** Carries a bundle out, and asks it for things in this order. */
async function told(code: string, asked: readonly ('first' | 'second' | 'legacy')[]) {
  const said: unknown[] = [];
  const module: { exports: Record<string, () => Promise<unknown>> } = { exports: {} };
  vm.runInNewContext(code, { module, exports: module.exports, log: (what: string) => said.push(what) });
  for (const name of asked) said.push(JSON.stringify(await module.exports[name]?.()));
  return said;
}

test('in groups a program does the same, whatever is asked for first', async () => {
  const { code, grouped } = await bundle();
  expect(await told(grouped, ['first', 'second', 'first', 'legacy'])).toEqual([
    'base',
    'base used',
    'shared',
    'first',
    'base used',
    '[1,11,"only first","there and back"]',
    'second',
    '[12,"only second"]',
    'base used',
    '[2,13,"only first","there and back"]',
    'legacy',
    '["legacy",13]',
  ]);
  for (const asked of [
    ['first'],
    ['second', 'first'],
    ['legacy', 'second'],
    ['legacy', 'first', 'second', 'first'],
  ] as const) {
    expect(await told(grouped, asked)).toEqual(await told(code, asked));
  }
});

test('nothing of a group is made before one of its modules is asked for, and what is always needed is in none', async () => {
  const { grouped } = await bundle();
  // As source, which calling makes functions of: with each there is one that makes it.
  const made = [...grouped.matchAll(/^function make(Group\d+)\(\) \{\n([\s\S]*?)\nreturn \{/gm)].map(
    ([, , text]) => text,
  );
  const groupWith = (text: string) => made.findIndex((group) => group?.includes(text));
  expect(groupWith('base used')).toBe(-1);
  const places = ["log('first')", 'log("first")', '"only "', 'log("second")', 'log("legacy")'].map(groupWith);
  expect(new Set(places).size).toBe(5);
  expect(places[1]).not.toBe(-1);
});

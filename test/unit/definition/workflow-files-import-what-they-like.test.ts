import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { importFile } from '../../../src/definition/import-file.ts';
import { confineCode } from '../../../src/host/workflow-code/confine-code.ts';
import { wfModule } from '../../../src/library/wf-module.ts';

let root: string;
let folder: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'wf-imported-'));
});
beforeEach(() => {
  folder = mkdtempSync(path.join(root, 'project-'));
  for (const name of ['parts', 'node_modules', 'node_modules/nanoid']) mkdirSync(path.join(folder, name));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const cache = () => path.join(folder, 'cache');
const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text);

/** Returns the default export of the workflow file. */
async function load(name = 'main.ts'): Promise<unknown> {
  const exported = await importFile(path.join(folder, name), {
    cacheFolder: cache(),
    wfModule,
    confine: confineCode,
  });
  return typeof exported === 'object' && exported !== null ? Reflect.get(exported, 'default') : undefined;
}

const PARTS = `
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as xstate from 'xstate';
import zod, { z } from 'zod';
import { defineStep, WfError } from 'wf-engine';
import { double } from './parts/double.ts';
export * from './parts/double.ts';
interface Typed { readonly a: number }
const typed: Typed = { a: double(21) };
export default async () => ({
  ...typed,
  shared: [WfError, z.ZodObject, xstate.setup, defineStep, zod.ZodObject],
  base: path.basename('/x/y'),
  reads: typeof readFileSync,
  later: (await import('./parts/later.ts')).later,
});
`;

test('a file finds step runners under wf-engine too', async () => {
  write(
    'main.ts',
    `import * as wf from 'wf-engine'; import { execRead } from 'wf-engine/steps'; export default wf.execRead === execRead;`,
  );
  expect(await load()).toBe(true);
});

test('a file shares wf, xstate and zod with the wf that loads it', async () => {
  write('main.ts', PARTS);
  write('parts/double.ts', `export const double = (n: number): number => 2 * n;`);
  write('parts/later.ts', `import { double } from './double.ts'; export const later = double(2);`);
  const exported = await load();
  if (typeof exported !== 'function') throw new Error('not what it exports');
  const { WfError } = await import('../../../src/engine/model/errors.ts');
  const { ZodObject } = await import('zod');
  const { setup } = await import('xstate');
  const { defineStep } = await import('../../../src/engine/workflow/define-step.ts');
  const value: unknown = await exported();
  expect(value).toEqual({
    a: 42,
    later: 4,
    base: 'y',
    reads: 'function',
    shared: [WfError, ZodObject, setup, defineStep, ZodObject],
  });
  expect(readdirSync(cache())).not.toEqual([]);
});

test.each([
  ['requires', `export default { n: require('node:path').sep === '/' ? 1 : 0 };`],
  ['is JavaScript', `export default { n: 1 };`, 'main.mjs'],
  ['imports a package', `import { nanoid } from 'nanoid'; export default { n: nanoid() };`],
  ['imports a package that awaits', `import { slow } from 'nanoid/slow.js'; export default { n: slow };`],
  ['imports a computed path', `const name = './parts/n.ts'; export default { n: (await import(name)).n };`],
  ['awaits at its top level', `const n = await Promise.resolve(1); export default { n };`],
  ['imports a file that awaits', `import { n } from './parts/awaits.ts'; export default { n };`],
  ['imports JSON', `import data from './parts/data.json'; export default { n: data.n };`],
  ['imports a file without its extension', `import { n } from './parts/n'; export default { n };`],
  ['imports the default export of a file', `import n from './parts/default.ts'; export default { n };`],
  [
    'imports itself through another file',
    `import { m } from './parts/back.ts'; export const k = 1; export default { get n() { return m(); } };`,
  ],
])('a file that %s is loaded', async (_what, text, name = 'main.ts') => {
  write('node_modules/nanoid/package.json', '{"name":"nanoid","type":"module"}');
  write('node_modules/nanoid/index.js', 'export const nanoid = () => 1;');
  write('node_modules/nanoid/slow.js', 'export const slow = await Promise.resolve(1);');
  write('parts/n.ts', `export const n = 1;`);
  write('parts/awaits.ts', `export const n = await Promise.resolve(1);`);
  write('parts/data.json', `{"n":1}`);
  write('parts/default.ts', `export default 1;`);
  write('parts/back.ts', `import { k } from '../main.ts'; export const m = () => k;`);
  write(name, text);
  expect(await load(name)).toEqual({ n: 1 });
});

test('a copy of a file is loaded by the translation of the first one', async () => {
  // The form of states of machines.
  const meta = 'export const meta = { meta: 1 };\n';
  write('main.ts', `${meta}export default { n: 1 };`);
  await load();
  const [translation = ''] = readdirSync(cache());
  const file = path.join(cache(), translation);
  writeFileSync(file, readFileSync(file, 'utf8').replace('n: 1', 'n: 2'));
  write('copy.ts', `${meta}export default { n: 1 };`);
  expect(await load('copy.ts')).toEqual({ n: 2 });
  write('changed.ts', `${meta}export default { n: 1, m: 1 };`);
  expect(await load('changed.ts')).toEqual({ n: 1, m: 1 });
  write('copy.mjs', `${meta}export default { n: 1 };`);
  expect(await load('copy.mjs')).toEqual({ n: 1 });
});

test.for([
  'import.meta.filename',
  'import . meta.filename',
  'import\n.meta.filename',
  'import/* here */.meta.filename',
  'import // here\n. /* there */ meta.filename',
])('a copy of a file knows its own place: %j', async (place) => {
  for (const name of ['main.ts', 'copy.ts']) {
    write(name, `export default [${place}, __filename];`);
    const file = path.join(folder, name);
    expect(await load(name)).toEqual([file, file]);
  }
});

test('a copy of a file knows its address and its folder', async () => {
  for (const name of ['main.ts', 'copy.ts']) {
    write(name, 'export default [import.meta.url, import.meta.dirname];');
    expect(await load(name)).toEqual([pathToFileURL(path.join(folder, name)).href, folder]);
  }
});

test('a file that cannot be translated is named, even if a copy of it was tried before', async () => {
  for (const name of ['first.ts', 'second.ts']) {
    write(name, 'export default {');
    await expect(load(name)).rejects.toThrow(name);
  }
});

test('the cache keeps the latest 500 translations', async () => {
  mkdirSync(cache(), { mode: 0o700 });
  for (let index = 0; index < 500; index++) {
    const file = path.join(cache(), `${index}.cjs`);
    writeFileSync(file, '');
    utimesSync(file, index, index);
  }
  write('main.ts', `export default { n: 1 };`);
  await load();
  const kept = readdirSync(cache());
  expect(kept).toHaveLength(500);
  expect(kept).not.toContain('0.cjs');
  expect(kept).toContain('1.cjs');
});

test('a workflow file can neither exit the embedding program nor write to its standard output', async () => {
  const { exit } = process;
  const stdout = Object.getOwnPropertyDescriptor(process, 'stdout');
  write('main.ts', `process.exit(0);`);
  write('streams.ts', `export default { n: process.stdout === process.stderr };`);
  await expect(load()).rejects.toThrow('process.exit(0)');
  expect(await load('streams.ts')).toEqual({ n: true });
  expect(process.exit).toBe(exit);
  expect(Object.getOwnPropertyDescriptor(process, 'stdout')).toEqual(stdout);
});

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { importFile } from '../../src/definition/import-file.ts';

const createJiti = vi.hoisted(() => vi.fn());
vi.mock(import('jiti'), async (original) => {
  const jiti = await original();
  createJiti.mockImplementation(jiti.createJiti);
  return { ...jiti, createJiti };
});

let root: string;
let folder: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'wf-translated-'));
});
beforeEach(() => {
  createJiti.mockClear();
  folder = mkdtempSync(path.join(root, 'project-'));
  mkdirSync(path.join(folder, 'parts'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const cache = () => path.join(folder, 'cache');
const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text);
const kept = () => readdirSync(cache()).filter((name) => name.endsWith('.json'));

/** What the workflow file then exports as its default, and whether jiti was needed. */
async function load(name = 'main.ts') {
  createJiti.mockClear();
  const exported = await importFile(path.join(folder, name), {
    cacheFolder: cache(),
    wfModule: () => import('../../src/index.ts'),
  });
  const value: unknown =
    typeof exported === 'object' && exported !== null ? Reflect.get(exported, 'default') : undefined;
  return { value, throughJiti: createJiti.mock.calls.length > 0 };
}

const PARTS = `
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as xstate from 'xstate';
import zod, { z } from 'zod';
import { defineStep, WfError } from 'wf';
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
  source: double.toString(),
  here: import.meta.url,
});
`;

test('a file that is as it was is not translated again, and gives the same', async () => {
  write('main.ts', PARTS);
  write('parts/double.ts', `export const double = (n: number): number => 2 * n;`);
  write('parts/later.ts', `import { double } from './double.ts'; export const later = double(2);`);
  const first = await load();
  const again = await load();
  expect([first.throughJiti, again.throughJiti]).toEqual([true, false]);
  if (typeof first.value !== 'function' || typeof again.value !== 'function') throw new Error('not what it exports');
  const [one, other]: unknown[] = [await first.value(), await again.value()];
  expect(other).toEqual(one);
  const { WfError } = await import('../../src/engine/errors.ts');
  const { ZodObject } = await import('zod');
  const { setup } = await import('xstate');
  const { defineStep } = await import('../../src/engine/define-step.ts');
  expect(other).toMatchObject({
    a: 42,
    later: 4,
    base: 'y',
    shared: [WfError, ZodObject, setup, defineStep, ZodObject],
  });
});

test.each([
  ['the file itself', 'main.ts', `import { n } from './parts/n.ts'; export default { n: n + 100 };`, { n: 101 }],
  ['what it imports', 'parts/n.ts', `export const n = 7;`, { n: 7 }],
])('once %s is altered it is translated again', async (_what, altered, text, expected) => {
  write('main.ts', `import { n } from './parts/n.ts'; export default { n };`);
  write('parts/n.ts', `export const n = 1;`);
  await load();
  write(altered, text);
  // In this process jiti keeps what it has loaded; the next one finds what is there now.
  vi.resetModules();
  const { throughJiti } = await load();
  expect(throughJiti).toBe(true);
  expect(JSON.parse(readFileSync(path.join(cache(), kept()[0] ?? ''), 'utf8'))).toMatchObject({
    files: [{ file: path.join(folder, 'main.ts') }, { file: path.join(folder, 'parts/n.ts') }],
  });
  const again = await load();
  expect(again.throughJiti).toBe(false);
  expect(again.value).toEqual(expected);
});

test.each([
  ['is gone', () => rmSync(path.join(folder, 'parts/n.ts'))],
  ['is damaged where it is kept', () => writeFileSync(path.join(cache(), kept()[0] ?? ''), '{"files":[')],
  ['is kept for another file', () => writeFileSync(path.join(cache(), kept()[0] ?? ''), '{"files":[]}')],
])('what %s is left to jiti', async (_what, spoil) => {
  write('main.ts', `import { n } from './parts/n.ts'; export default { n };`);
  write('parts/n.ts', `export const n = 1;`);
  await load();
  spoil();
  expect(await load()).toEqual({ value: { n: 1 }, throughJiti: true });
});

test('what throws where it is carried out again is left to jiti, which tells why', async () => {
  write(
    'main.ts',
    `if (process.env['WF_TEST_THROWS'] === 'yes') throw new Error('as it is now'); export default { n: 1 };`,
  );
  await load();
  vi.stubEnv('WF_TEST_THROWS', 'yes');
  // jiti has it loaded already; that it was asked is what is looked at.
  expect((await load()).throughJiti).toBe(true);
  vi.unstubAllEnvs();
});

test.each([
  ['requires', `export default { n: require('node:path').sep };`],
  ['is JavaScript', `export default { n: 1 };`, 'main.mjs'],
  ['imports a package', `import { nanoid } from 'nanoid'; export default { n: typeof nanoid };`],
  ['imports what it names as it runs', `const name = './parts/n.ts'; export default { n: (await import(name)).n };`],
  ['imports JSON', `import data from './parts/data.json'; export default { n: data.n };`],
  ['imports a file without its ending', `import { n } from './parts/n'; export default { n };`],
  ['imports the default of another', `import n from './parts/default.ts'; export default { n };`],
  [
    'imports itself by way of another',
    `import { m } from './parts/back.ts'; export const k = 1; export default { n: m };`,
  ],
])('a file that %s is loaded by jiti each time', async (_what, text, name = 'main.ts') => {
  mkdirSync(path.join(folder, 'node_modules'));
  mkdirSync(path.join(folder, 'node_modules/nanoid'));
  write('node_modules/nanoid/package.json', '{"name":"nanoid","type":"module","exports":"./index.js"}');
  write('node_modules/nanoid/index.js', 'export const nanoid = () => "id";');
  write('parts/n.ts', `export const n = 1;`);
  write('parts/data.json', `{"n":1}`);
  write('parts/default.ts', `export default 1;`);
  write('parts/back.ts', `import { k } from '../main.ts'; export const m = () => k;`);
  write(name, text);
  await load(name);
  expect(kept()).toEqual([]);
  expect((await load(name)).throughJiti).toBe(true);
});

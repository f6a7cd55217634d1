import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';

const names = z.record(z.string(), z.string()).default({});
const lock = z
  .object({
    packages: z.record(
      z.string(),
      z.object({ resolved: z.string().optional(), dependencies: names, optionalDependencies: names }),
    ),
  })
  .parse(JSON.parse(readFileSync(new URL('../../../package-lock.json', import.meta.url), 'utf8')));

/** The folders in which a package looks for its dependencies, nearest first. */
function foldersOf(folder: string): readonly string[] {
  const parts = folder === '' ? [] : folder.split('/node_modules/');
  return [...parts.map((_, index) => `${parts.slice(0, parts.length - index).join('/node_modules/')}/`), ''];
}

test('package-lock.json has every dependency of every platform, so that npm ci works on all of them', () => {
  const missing = Object.entries(lock.packages).flatMap(([folder, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((name) => !foldersOf(folder).some((above) => `${above}node_modules/${name}` in lock.packages))
      .map((name) => `${name} of ${folder}`),
  );
  expect(missing).toEqual([]);
});

test('package-lock.json names no registry but that of npm', () => {
  const resolved = Object.values(lock.packages).flatMap((one) => one.resolved ?? []);
  expect(resolved.filter((url) => !url.startsWith('https://registry.npmjs.org/'))).toEqual([]);
});

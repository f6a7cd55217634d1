import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** The most names that a reader can scan. Names of tests are sentences, so a reader searches them for one. */
const MOST = { src: 16, test: 20, workflows: 16 };

test.for(['src', 'test', 'workflows'] as const)('no folder in %s has too many files', (top) => {
  const counts = new Map<string, number>();
  for (const entry of readdirSync(path.join(ROOT, top), { recursive: true, withFileTypes: true })) {
    const folder = path.relative(ROOT, entry.parentPath);
    if (entry.isFile() && !folder.includes('node_modules')) counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  expect(counts.size).toBeGreaterThan(0);
  expect([...counts].filter(([, count]) => count > MOST[top])).toEqual([]);
});

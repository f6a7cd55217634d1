import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = ['README.md', 'CONTRIBUTING.md', ...readdirSync(path.join(root, 'docs')).map((name) => `docs/${name}`)];

test.for(pages)('every link of %s leads to a file that is there', (page) => {
  const file = path.join(root, page);
  const links = [...readFileSync(file, 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = '']) => link);
  expect(links.filter((link) => !existsSync(path.resolve(path.dirname(file), link)))).toEqual([]);
});

test('README.md leads to every page', () => {
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
  for (const page of pages.filter((page) => page.startsWith('docs/'))) expect(readme).toContain(`(${page})`);
});

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { DOC_PAGES, REPOSITORY } from '../../support/command/doc-page.ts';

test.for(DOC_PAGES)('every link of %s leads to a file and a heading that exist', (page) => {
  expect(linksOf(page).filter((link) => !leadsSomewhere(link))).toEqual([]);
});

test('README.md leads to every page, directly or through other pages', () => {
  const reached = new Set(['README.md']);
  for (const page of reached) {
    for (const { file } of page.endsWith('.md') ? linksOf(page) : []) reached.add(path.relative(REPOSITORY, file));
  }
  expect(DOC_PAGES.filter((page) => !reached.has(page))).toEqual([]);
});

interface Link {
  readonly file: string;
  readonly heading: string;
}

/** Links and images, except those to other sites. */
function linksOf(page: string): readonly Link[] {
  const folder = path.join(REPOSITORY, path.dirname(page));
  return [...readFileSync(path.join(REPOSITORY, page), 'utf8').matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)].map(
    ([, file = '', heading = '']) => ({
      file: file === '' ? path.join(REPOSITORY, page) : path.resolve(folder, file),
      heading,
    }),
  );
}

function leadsSomewhere({ file, heading }: Link): boolean {
  if (!existsSync(file)) return false;
  if (heading === '') return true;
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].some(([, title = '']) => anchorOf(title) === heading);
}

/** Returns the anchor that GitHub gives a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

import { describe, expect, test } from 'vitest';
import { htmlOf } from '../../../../src/review/report/html.ts';
import { recordedReport } from '../../../fixtures/review/recorded-lab-run.ts';
import { contrast } from '../../../support/page/contrast.ts';
import { type Element, elementsIn, named, only, readPage, textIn } from '../../../support/page/html-tree.ts';

describe.each(['en', 'fr'] as const)('the page in %s', (language) => {
  const open = () => readPage(htmlOf(recordedReport(language)));

  test('declares its language, and that of words in another', () => {
    const page = open();
    expect(only(page, 'html').attributes.get('lang')).toBe(language);
    for (const pre of named(page, 'pre')) expect(pre.attributes.get('lang')).toBe('en');
    const parts = named(page, 'span').filter((span) => span.attributes.has('lang'));
    expect(parts.length > 0).toBe(language === 'fr');
  });

  test('has a title, one h1, and no heading that skips a level', () => {
    const page = open();
    expect(textIn(only(only(page, 'head'), 'title'))).toBe(textIn(only(page, 'h1')));
    const levels = named(page, 'h1', 'h2', 'h3', 'h4', 'h5', 'h6').map(({ name }) => Number(name[1]));
    expect(levels[0]).toBe(1);
    expect(levels.filter((level, index) => level > (levels[index - 1] ?? 0) + 1)).toEqual([]);
    for (const heading of named(page, 'h1', 'h2', 'h3')) expect(textIn(heading).trim()).not.toBe('');
  });

  test('has each landmark once, all content in one of them, and named sections', () => {
    const page = open();
    const body = only(page, 'body');
    const places = body.children.filter((child) => typeof child !== 'string').map(({ name }) => name);
    expect(places).toEqual(['a', 'header', 'nav', 'main', 'footer']);
    const stray = body.children.filter((child) => typeof child === 'string' && child.trim() !== '');
    expect(stray).toEqual([]);
    for (const section of named(page, 'section', 'nav')) expect(labelOf(section, page)).not.toBe('');
  });

  test('begins with a link past the contents, and every link leads somewhere', () => {
    const page = open();
    const [first] = named(page, 'a');
    expect(first?.attributes.get('href')).toBe('#report');
    const ids = idsOf(page);
    for (const link of named(page, 'a')) {
      expect(ids).toContain(link.attributes.get('href')?.slice(1));
      expect(textIn(link).trim()).not.toBe('');
    }
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('has tables with a caption, and headers with a scope', () => {
    const tables = named(open(), 'table');
    expect(tables.length).toBeGreaterThan(5);
    for (const table of tables) {
      expect(textIn(only(table, 'caption')).trim()).not.toBe('');
      const columns = named(only(table, 'thead'), 'th');
      for (const column of columns) expect(column.attributes.get('scope')).toBe('col');
      for (const row of named(only(table, 'tbody'), 'tr')) {
        const [head, ...cells] = elementsIn(row).filter(({ name }) => name === 'th' || name === 'td');
        expect([head?.name, head?.attributes.get('scope')]).toEqual(['th', 'row']);
        expect(cells.map(({ name }) => name)).toEqual(columns.slice(1).map(() => 'td'));
      }
    }
  });

  test('has pictures with a name, and a description with all their texts', () => {
    const page = open();
    const pictures = named(page, 'svg');
    expect(pictures).toHaveLength(2);
    for (const picture of pictures) {
      expect(picture.attributes.get('role')).toBe('img');
      expect(labelOf(picture, page)).toContain(textIn(only(picture, 'title')));
      const words = textIn(only(picture, 'desc'));
      for (const text of named(picture, 'text').map(textIn)) expect(words).toContain(text);
    }
  });

  test('conveys nothing by colour alone: a path has its state in words, and a blocked one a dashed line', () => {
    const page = open();
    const labels = named(page, 'text').filter((text) => text.attributes.get('class')?.startsWith('label'));
    expect(labels).toHaveLength(4);
    const words = { en: { open: '✓ open', blocked: '✗ blocked' }, fr: { open: '✓ ouvert', blocked: '✗ bloqué' } };
    for (const text of labels) {
      const state = text.attributes.get('class') === 'label open' ? 'open' : 'blocked';
      expect(textIn(text).startsWith(words[language][state])).toBe(true);
    }
    const css = textIn(only(page, 'style'));
    expect(css).toMatch(/\.path\.blocked \{[^}]*stroke-dasharray/);
    expect(css).not.toMatch(/\.path\.open \{[^}]*stroke-dasharray/);
  });
});

describe('the style sheet', () => {
  const css = () => textIn(only(readPage(htmlOf(recordedReport('en'))), 'style'));
  const schemes = () =>
    [...css().matchAll(/:root \{([^}]*)\}/g)].map(
      ([, properties = '']) =>
        new Map([...properties.matchAll(/--(\w+): (#[0-9a-f]{6});/g)].map(([, k = '', v = '']) => [k, v])),
    );
  const used = (property: string) =>
    new Set(
      [...css().matchAll(new RegExp(`[;{\\s]${property}:[^;}]*var\\(--(\\w+)\\)`, 'g'))].map(([, name = '']) => name),
    );

  test('has a light, a dark and a print scheme, each with every colour', () => {
    expect(css()).toContain('@media (prefers-color-scheme: dark)');
    expect(css()).toContain('@media print');
    const [light, dark, print, ...more] = schemes();
    expect(more).toEqual([]);
    expect([...(dark?.keys() ?? [])]).toEqual([...(light?.keys() ?? [])]);
    expect(print).toEqual(light);
    const names = [...css().matchAll(/var\(--(\w+)\)/g)].map(([, name = '']) => name);
    for (const name of names) expect(light?.has(name)).toBe(true);
  });

  test('sets colours by name only', () => {
    const rules = css().replace(/:root \{[^}]*\}/g, '');
    expect(rules.match(/#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(/gi)).toBeNull();
  });

  test('has a contrast of at least 4.5 between each text and each background, and of 3 for each line', () => {
    const backgrounds = [...used('background')];
    expect(backgrounds.toSorted()).toEqual(['page', 'surface']);
    // In a picture, `fill` is a text's colour or the background of a box.
    const texts = [...used('color'), ...used('fill')].filter((name) => !backgrounds.includes(name));
    const lines = [
      ...used('stroke'),
      ...used('border'),
      ...used('border-top'),
      ...used('border-left'),
      ...used('outline'),
    ];
    expect(texts).toEqual(expect.arrayContaining(['text', 'muted', 'link', 'open', 'blocked', 'unclear']));
    for (const scheme of schemes()) {
      const between = (a: string, b: string) => contrast(scheme.get(a) ?? '', scheme.get(b) ?? '');
      for (const background of backgrounds) {
        for (const text of texts)
          expect(between(text, background), `${text} on ${background}`).toBeGreaterThanOrEqual(4.5);
        for (const line of lines)
          expect(between(line, background), `${line} on ${background}`).toBeGreaterThanOrEqual(3);
      }
    }
  });

  test('lets every cell wrap, with a minimum width (1.4.10)', () => {
    expect(css()).toMatch(/^th, td \{ overflow-wrap: anywhere; min-width: 5rem; \}$/m);
    expect(css()).toMatch(/@media \(max-width: 45rem\) \{[^@]* th, td \{[^}]*min-width: 2\.75rem; \}/);
    expect(css().match(/nowrap/)).toBeNull();
  });

  test('prints each stage on a new page, and keeps rows, pictures and headings together', () => {
    const print = css().slice(css().indexOf('@media print'));
    expect(print).toMatch(/\.chapter \{ break-before: page; \}/);
    expect(print).toMatch(/figure, svg, table, tr[^{]*\{ break-inside: avoid; \}/);
    expect(print).toMatch(/h1, h2, h3[^{]*\{ break-after: avoid; \}/);
    expect(print).toMatch(/thead \{ display: table-header-group; \}/);
    const page = readPage(htmlOf(recordedReport('en')));
    expect(named(page, 'section').filter((section) => section.attributes.get('class') === 'chapter')).toHaveLength(6);
  });
});

test('the page is self-contained: no script, no external address, no handler', () => {
  const page = readPage(htmlOf(recordedReport('en')));
  expect(named(page, 'script', 'link', 'img', 'iframe', 'object', 'embed', 'form', 'base')).toEqual([]);
  for (const { attributes } of elementsIn(page)) {
    for (const [key, value] of attributes) {
      expect(key.startsWith('on')).toBe(false);
      if (key === 'href') expect(value.startsWith('#')).toBe(true);
      expect(['src', 'srcset', 'action', 'style']).not.toContain(key);
    }
  }
  expect(textIn(only(page, 'style'))).not.toMatch(/url\(|@import/);
  const policy = named(page, 'meta').find((meta) => meta.attributes.get('http-equiv') === 'Content-Security-Policy');
  expect(policy?.attributes.get('content')).toContain("default-src 'none'");
});

function idsOf(page: Element): readonly string[] {
  return elementsIn(page).flatMap(({ attributes }) => attributes.get('id') ?? []);
}

/** Returns the text of the elements that label an element; each must exist. */
function labelOf(element: Element, page: Element): string {
  const ids = element.attributes.get('aria-labelledby')?.split(' ') ?? [];
  return ids
    .map((id) => {
      const label = elementsIn(page).find(({ attributes }) => attributes.get('id') === id);
      if (label === undefined) throw new Error(`no element has the id ${id}`);
      return textIn(label);
    })
    .join(' ');
}

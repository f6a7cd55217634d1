import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const source = fileURLToPath(new URL('../../src/', import.meta.url));

/** What each folder of src/ may import from the others. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  engine: [],
  host: ['engine'],
  history: ['engine'],
  definition: ['engine'],
  review: ['engine'],
  steps: ['engine', 'host'],
  cli: ['engine', 'host', 'history', 'definition', 'review', 'steps', 'index.ts'],
  'index.ts': ['engine', 'steps'],
};

/** What only src/host may reach: processes, sockets, /proc and the clock. */
const ONLY_HOST = [
  { what: 'processes', pattern: /from '(?:node:)?child_process'|from 'execa'|import\('execa'\)/ },
  { what: 'Docker', pattern: /from 'dockerode'|import\('dockerode'\)/ },
  { what: 'sockets', pattern: /from 'node:(?:net|http|https|dns|dgram|tls)'/ },
  { what: '/proc', pattern: /(?:readFileSync|openSync|readlinkSync|readFile|readlink|statSync)\([`']\/proc/ },
  { what: 'the clock', pattern: /\bDate\.now\(|new Date\(\)|\bsetTimeout\(|\bsetInterval\(|performance\.now\(/ },
  { what: 'randomness', pattern: /Math\.random\(/ },
];

interface SourceFile {
  readonly name: string;
  readonly folder: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const files: readonly SourceFile[] = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(?:ts|mjs|cjs)$/.test(name))
  .map((name) => {
    const text = readFileSync(path.join(source, name), 'utf8');
    const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, found = '']) => found);
    const imports = specifiers.map((found) => path.join(path.dirname(name), found));
    return { name, folder: name.split('/')[0] ?? '', text, imports };
  });

describe('the sources', () => {
  test('are found, and every folder has its rule', () => {
    expect(files.length).toBeGreaterThan(50);
    expect([...new Set(files.map((file) => file.folder))].sort()).toEqual(Object.keys(MAY_IMPORT).sort());
  });

  test('import in one direction only', () => {
    const wrong = files.flatMap(({ name, folder, imports }) => {
      const allowed = [folder, ...(MAY_IMPORT[folder] ?? [])];
      return imports
        .filter((imported) => !allowed.includes(imported.split('/')[0] ?? ''))
        .map((imported) => `${name} imports ${imported}`);
    });
    expect(wrong).toEqual([]);
  });

  test('reach processes, sockets, /proc, the clock and chance only in src/host', () => {
    const wrong = files
      .filter(({ folder }) => folder !== 'host')
      .flatMap(({ name, text }) =>
        ONLY_HOST.filter(({ pattern }) => pattern.test(text)).map(({ what }) => `${name} reaches ${what}`),
      );
    expect(wrong).toEqual([]);
  });

  test('join the real parts in one place only', () => {
    const joins = files.filter(({ imports }) =>
      imports.some((imported) => imported === 'history/open.ts' || imported === 'host/docker/create-docker.ts'),
    );
    const outside = joins.filter(({ folder }) => folder !== 'host' && folder !== 'history');
    expect(outside.map((file) => file.name)).toEqual(['cli/wire.ts']);
  });
});

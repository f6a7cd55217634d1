import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const source = fileURLToPath(new URL('../../../src/', import.meta.url));

/** The other folders that each folder of src/ may import from. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  engine: [],
  sqlite: [],
  // Checks the owners of files that wf executes and opens.
  trust: ['engine'],
  host: ['engine', 'trust', 'sqlite'],
  history: ['engine', 'trust', 'sqlite'],
  docker: ['engine', 'trust', 'host'],
  fingerprint: ['engine', 'host', 'docker'],
  definition: ['engine', 'trust'],
  // Returns configs for XState: it needs nothing of wf.
  flow: [],
  review: ['engine'],
  // Turns journals into traces.
  telemetry: ['engine', 'trust', 'review'],
  steps: ['engine', 'host', 'docker', 'fingerprint'],
  runtime: ['engine', 'trust', 'host', 'docker', 'fingerprint', 'steps'],
  sweep: ['engine', 'host', 'docker', 'steps', 'runtime'],
  // Composes the services for a program, as cli does for a person. It imports index.ts, which workflow files import, by import() only.
  library: [
    'engine',
    'trust',
    'host',
    'docker',
    'fingerprint',
    'history',
    'definition',
    'review',
    'steps',
    'runtime',
    'telemetry',
    'index.ts',
  ],
  agent: ['engine', 'history'],
  // The page reads the history and the fleet, and acts on runs by separate commands.
  ui: ['engine', 'trust', 'host', 'history', 'definition', 'review', 'library', 'fleet'],
  // The status of a run, and names as people read them, are those of review.
  metrics: ['engine', 'history', 'review'],
  // Fleet runs, and the agent of a host, which acts by separate commands.
  fleet: ['engine', 'trust', 'host', 'history', 'review', 'library'],
  // Calls commands of wf: it needs their schemas, and nothing of the host.
  mcp: ['engine', 'definition', 'review', 'library'],
  // Runs the command as a user does.
  testing: ['engine', 'definition'],
  cli: [
    'engine',
    'trust',
    'host',
    'docker',
    'fingerprint',
    'history',
    'definition',
    'review',
    'steps',
    'runtime',
    'sweep',
    'telemetry',
    'library',
    'agent',
    'ui',
    'metrics',
    'mcp',
    'fleet',
    'index.ts',
  ],
  // From review, the types that `library` returns.
  'index.ts': ['engine', 'flow', 'steps', 'library', 'review'],
};

/** Only these may reach processes, sockets, /proc and the clock; `ui/client` runs in a browser. */
const REACHES_THE_MACHINE = /^(?:host|docker|runtime\/embedded|testing|ui\/client)\//;

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
  .filter((name) => /\.(?:tsx?|mjs|cjs)$/.test(name))
  .map((name) => {
    const text = readFileSync(path.join(source, name), 'utf8');
    const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, found = '']) => found);
    const imports = specifiers.map((found) => path.join(path.dirname(name), found));
    return { name, folder: name.split('/')[0] ?? '', text, imports };
  });

describe('the sources', () => {
  test('have one import rule for each folder', () => {
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

  test('use processes, Docker, sockets, /proc, the clock and randomness only in the allowed folders', () => {
    const wrong = files
      // `testing` starts wf from another program: nothing of it is in wf.
      .filter(({ name }) => !REACHES_THE_MACHINE.test(name))
      .flatMap(({ name, text }) =>
        ONLY_HOST.filter(({ pattern }) => pattern.test(text)).map(({ what }) => `${name} reaches ${what}`),
      );
    expect(wrong).toEqual([]);
  });

  test('load no history, workflow loader or command when wf-engine is imported', () => {
    const visit = (name: string, seen: Set<string>): ReadonlySet<string> => {
      const file = files.find((candidate) => candidate.name === name);
      if (file === undefined || seen.has(name)) return seen;
      seen.add(name);
      for (const [, found = ''] of file.text.matchAll(/^(?:import|export) (?!type )[^;]*?from '(\.[^']+)'/gm)) {
        visit(path.join(path.dirname(name), found), seen);
      }
      return seen;
    };
    const loaded = [...visit('index.ts', new Set())];
    expect(loaded).toContain('library/open-engine.ts');
    const back = files.filter(({ folder, text }) => folder === 'library' && /from '\.\.\/index\.ts'/.test(text));
    expect(back).toEqual([]);
    expect(
      loaded.filter((name) => /^(?:history|definition|cli)\/|create-docker|create-workflow-engine/.test(name)),
    ).toEqual([]);
  });

  test('compose the real services in two files only: for the command and for programs', () => {
    const real = ['history/open.ts', 'history/open-read-only.ts', 'docker/create-docker.ts'];
    const joins = files.filter(({ imports }) => imports.some((imported) => real.includes(imported)));
    const outside = joins.filter(({ folder }) => !['runtime', 'docker', 'history'].includes(folder));
    expect(outside.map((file) => file.name).toSorted()).toEqual([
      'cli/services/open-services.ts',
      'library/workflow-engine/create-workflow-engine.ts',
    ]);
  });
});

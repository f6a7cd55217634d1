import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';
import { beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
let inputs: Metafile['inputs'];

beforeAll(async () => {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/cli/main.ts', 'src/cli/program.ts'],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    outdir: 'never-written',
    write: false,
    metafile: true,
  });
  inputs = metafile.inputs;
});

/** Returns the packages that these files import statically. */
function packagesOf(...files: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const { path, kind, external } of inputs[file]?.imports ?? []) {
      if (kind === 'dynamic-import') continue;
      if (external) packages.add(path);
      else visit(path);
    }
  };
  for (const file of files) visit(file);
  return [...packages].filter((name) => !name.startsWith('node:')).toSorted();
}

test('`wf --version` loads nothing', () => {
  expect(packagesOf('src/cli/main.ts')).toEqual([]);
});

test.each(['runs', 'show', 'logs', 'changes'])(
  '`wf %s` loads neither a Docker client, nor XState, nor all of zod',
  (command) => {
    const loaded = packagesOf(
      'src/cli/main.ts',
      'src/cli/services/process.ts',
      'src/cli/services/open-services.ts',
      `src/cli/commands/${command}.ts`,
      'src/history/open-read-only.ts',
    );
    expect(loaded).toEqual([
      'better-sqlite3',
      'commander',
      'fast-string-width',
      'picocolors',
      'zod/mini',
      'zod/v4/locales/en.js',
    ]);
  },
);

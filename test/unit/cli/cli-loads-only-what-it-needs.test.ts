import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ModuleInfo, rolldown } from 'rolldown';
import { beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const modules = new Map<string, ModuleInfo>();

beforeAll(async () => {
  const bundle = await rolldown({
    cwd: root,
    input: ['src/cli/main.ts', 'src/cli/program.ts'],
    platform: 'node',
    external: /^[^./]/,
    plugins: [{ name: 'modules', moduleParsed: (module) => void modules.set(module.id, module) }],
  });
  await bundle.generate();
  await bundle.close();
});

/** Returns the packages that these files import statically. */
function packagesOf(...files: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const imported of modules.get(file)?.importedIds ?? []) {
      if (path.isAbsolute(imported)) visit(imported);
      else packages.add(imported);
    }
  };
  for (const file of files) visit(path.join(root, file));
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

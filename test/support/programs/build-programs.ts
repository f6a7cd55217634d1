import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const FIXTURES = path.join(root, 'test/fixtures');
/** The folders of programs that tests start. */
const FOLDERS = ['history', 'host', 'cli', 'engines'];

/** Bundles the programs of the fixtures: hundreds are started, and each would translate the sources of wf again. Returns their removal. */
export default async function buildPrograms(): Promise<() => void> {
  // Several projects of one vitest need them.
  if (process.env['WF_TEST_PROGRAMS'] !== undefined) return () => {};
  const programs = mkdtempSync(path.join(root, 'dist-test-'));
  // Other users start them too.
  chmodSync(programs, 0o755);
  const leftOut = path.join(root, 'scripts/left-out.cjs');
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(path.join(FIXTURES, folder))
      .map((name) => path.join(FIXTURES, folder, name))
      .filter((file) => file.endsWith('.ts') && isProgram(file)),
  );
  await build({
    input: Object.fromEntries(files.map((file) => [path.relative(FIXTURES, file).slice(0, -'.ts'.length), file])),
    platform: 'node',
    external: ['better-sqlite3', 'jiti'],
    resolve: { alias: { '@grpc/grpc-js': leftOut, '@grpc/proto-loader': leftOut, ssh2: leftOut } },
    transform: {
      target: 'node20.19',
      define: {
        // As if they were in dist/: the programs that wf starts are there.
        'import.meta.dirname': JSON.stringify(path.join(root, 'dist')),
        'import.meta.filename': JSON.stringify(path.join(root, 'dist/index.js')),
      },
    },
    logLevel: 'silent',
    output: { dir: programs, format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' },
  });
  process.env['WF_TEST_PROGRAMS'] = programs;
  return () => rmSync(programs, { recursive: true, force: true });
}

/** A module exports something. */
function isProgram(file: string): boolean {
  return !/^export /m.test(readFileSync(file, 'utf8'));
}

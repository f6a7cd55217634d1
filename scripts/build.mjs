// Bundles wf into dist/: the command (wf.cjs), the library (index.js, steps.js, testing.js), the programs that they start, and the types of the library.
// `--no-types` leaves the types out.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const dist = path.join(root, 'dist');
/** Renamed to dist/ at the end: a wf that starts during a build finds a whole one. */
const out = path.join(root, `dist-${process.pid}`);

const common = {
  absWorkingDir: root,
  outdir: out,
  platform: 'node',
  target: 'node20.19',
  legalComments: 'none',
  // Node compiles the source text of each command anew.
  minify: true,
  sourcemap: 'linked',
  sourcesContent: false,
};
/** Modules behind `import()` are in files of their own, which a command loads when it needs them. */
const split = {
  ...common,
  bundle: true,
  splitting: true,
  format: 'esm',
  // A native addon; a translator that reads files beside itself; the client of ssh:// engines, which wf refuses.
  external: ['better-sqlite3', 'jiti', 'ssh2', 'cpu-features'],
  alias: {
    '@grpc/grpc-js': path.join(root, 'scripts/no-buildkit.cjs'),
    '@grpc/proto-loader': path.join(root, 'scripts/no-buildkit.cjs'),
  },
};

rmSync(out, { recursive: true, force: true });

/**
 * All of zod, in a file of its own: workflow files may use any part of it. The commands that only read bundle the parts of zod/mini that
 * they use, and never load it.
 */
const wholeZod = {
  name: 'whole-zod',
  setup({ onResolve }) {
    onResolve({ filter: /^zod$/ }, () => ({ path: './zod.cjs', external: true }));
  },
};
await build({ ...common, bundle: true, entryPoints: { zod: 'zod' }, format: 'cjs', outExtension: { '.js': '.cjs' } });

const { metafile } = await build({
  ...split,
  plugins: [wholeZod],
  entryPoints: { wf: 'src/cli/main.ts' },
  outExtension: { '.js': '.cjs' },
  define: { WF_VERSION: JSON.stringify(version) },
  metafile: true,
});
// Node starts CommonJS in half the time of ES modules, and esbuild splits ES modules only.
await build({
  ...common,
  entryPoints: Object.keys(metafile.outputs).filter((file) => !file.endsWith('.map')),
  allowOverwrite: true,
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
  supported: { 'dynamic-import': false },
});

await build({
  ...split,
  entryPoints: { index: 'src/index.ts', steps: 'src/steps/index.ts', testing: 'src/testing/index.ts' },
  // The program that embeds wf writes machines and schemas with them: both must be its own.
  external: [...split.external, 'xstate', 'zod'],
  banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
});

await build({
  ...common,
  bundle: true,
  entryPoints: {
    'private-host': 'src/runtime/embedded/server/main.ts',
    container: 'src/runtime/embedded/container/main.ts',
  },
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
});
for (const program of [
  'workflow-code/interrupts.mjs',
  'probe-agent/probe-agent.mjs',
  'probe-agent/probe-questions.mjs',
]) {
  cpSync(path.join(root, 'src/host', program), path.join(out, path.basename(program)));
}
chmodSync(path.join(out, 'wf.cjs'), 0o755);
if (!process.argv.includes('--no-types')) {
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', path.join(out, 'types')], {
    cwd: root,
    stdio: 'inherit',
  });
}
rmSync(dist, { recursive: true, force: true });
renameSync(out, dist);

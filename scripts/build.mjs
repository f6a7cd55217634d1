// Bundles wf into dist/: the command (wf.cjs), the library (index.js, steps.js, testing.js), the programs that they start, and the types of the library.
// `--no-types` leaves the types out.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const leftOut = path.join(root, 'scripts/left-out.cjs');
const dist = path.join(root, 'dist');
/** Renamed to dist/ at the end: a wf that starts during a build finds a whole one. */
const out = path.join(root, `dist-${process.pid}`);

const common = {
  absWorkingDir: root,
  outdir: out,
  platform: 'node',
  target: 'node20.19',
  legalComments: 'none',
  bundle: true,
  minify: true,
  sourcemap: 'linked',
  sourcesContent: false,
  jsx: 'automatic',
  jsxImportSource: 'preact',
  // A native addon; a translator that reads files beside itself; optional peers.
  external: ['better-sqlite3', 'jiti', '@opentelemetry/*', '@restatedev/*'],
  define: { WF_VERSION: JSON.stringify(version) },
  alias: {
    '@grpc/grpc-js': leftOut,
    '@grpc/proto-loader': leftOut,
    ssh2: leftOut,
    ajv: leftOut,
    'ajv-formats': leftOut,
  },
};
/** One file for each program: what a command does not use is neither compiled nor executed. Node starts CommonJS in half the time of ES modules. */
const program = {
  ...common,
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  supported: { 'dynamic-import': false },
  define: {
    ...common.define,
    'import.meta.dirname': '__dirname',
    'import.meta.filename': '__filename',
  },
};

rmSync(out, { recursive: true, force: true });
await build({
  ...program,
  entryPoints: {
    program: 'src/cli/program.ts',
    'private-host': 'src/runtime/embedded/server/main.ts',
    'named-host': 'src/runtime/embedded/server/named-host.ts',
    container: 'src/runtime/embedded/container/main.ts',
  },
});
const programDigest = createHash('sha256')
  .update(readFileSync(path.join(out, 'program.cjs')))
  .digest('hex');
await build({
  ...program,
  define: { ...program.define, PROGRAM_DIGEST: JSON.stringify(programDigest) },
  entryPoints: { wf: 'src/cli/main.ts' },
});
// The library is in modules: a program that embeds wf loads the parts that it uses.
await build({
  ...common,
  splitting: true,
  format: 'esm',
  entryPoints: { index: 'src/index.ts', steps: 'src/steps/index.ts', testing: 'src/testing/index.ts' },
  // The program that embeds wf writes machines and schemas with them: both must be its own.
  external: [...common.external, 'xstate', 'zod'],
  banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
});

// The page: what the browser loads.
await build({
  ...common,
  outdir: path.join(out, 'ui'),
  platform: 'browser',
  target: 'es2022',
  format: 'esm',
  external: [],
  alias: {},
  entryPoints: { app: 'src/ui/client/main.tsx' },
});
await build({ ...common, outdir: path.join(out, 'ui'), entryPoints: { app: 'src/ui/pages/styles/app.css' } });
cpSync(path.join(root, 'src/ui/pages/icon.svg'), path.join(out, 'ui/icon.svg'));

for (const copied of [
  'workflow-code/interrupts.cjs',
  'probe-agent/probe-agent.mjs',
  'probe-agent/probe-questions.mjs',
]) {
  cpSync(path.join(root, 'src/host', copied), path.join(out, path.basename(copied)));
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

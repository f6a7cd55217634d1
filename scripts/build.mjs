// Bundles wf into dist/: the command (wf.cjs and its program), the library (index.js, steps.js, testing.js), the programs that they start,
// and the types of the library.
// `--no-types` omits the types.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from 'lightningcss';
import { build } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const leftOut = path.join(root, 'scripts/left-out.cjs');
const dist = path.join(root, 'dist');
/** Renamed to dist/ at the end, so that a wf that starts during a build finds a complete one. */
const out = path.join(root, `dist-${process.pid}`);

const output = {
  dir: out,
  minify: true,
  // V8 then keeps one byte for each character, not two.
  charset: 'ascii',
  comments: false,
  sourcemap: true,
  sourcemapExcludeSources: true,
};
const common = {
  cwd: root,
  platform: 'node',
  // A native addon; a transpiler that reads files beside itself; optional peers.
  external: ['better-sqlite3', 'jiti', /^@opentelemetry\//, /^@restatedev\//],
  transform: { target: 'node20.19', define: { WF_VERSION: JSON.stringify(version) } },
  resolve: {
    alias: {
      '@grpc/grpc-js': leftOut,
      '@grpc/proto-loader': leftOut,
      ssh2: leftOut,
      ajv: leftOut,
      'ajv-formats': leftOut,
    },
  },
};

/**
 * Bundles a program as CommonJS, which Node starts in half the time of ES modules. Returns its file name.
 * @param defined constants that the build defines
 */
async function buildProgram(input, outputOptions, defined = {}) {
  const { target, define } = common.transform;
  const here = { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' };
  const { output: files } = await build({
    ...common,
    input,
    transform: { target, define: { ...define, ...here, ...defined } },
    output: { ...output, ...outputOptions, format: 'cjs', dynamicImportInCjs: false },
  });
  return files[0].fileName;
}

rmSync(out, { recursive: true, force: true });
// Built twice, under names that change with the content: as one file, and in parts, of which a command loads those that it uses.
const whole = await buildProgram('src/cli/program.ts', { entryFileNames: 'program-[hash].cjs', codeSplitting: false });
const partNames = { entryFileNames: 'part-[hash].cjs', chunkFileNames: 'part-[hash].cjs' };
const parts = await buildProgram('src/cli/program.ts', { ...partNames, sourcemap: false });
for (const [file, input, defined] of [
  ['wf.cjs', 'src/cli/main.ts', { WHOLE_PROGRAM: JSON.stringify(whole), PROGRAM_IN_PARTS: JSON.stringify(parts) }],
  ['private-host.cjs', 'src/runtime/embedded/server/main.ts'],
  ['named-host.cjs', 'src/runtime/embedded/server/named-host-process.ts'],
  ['container.cjs', 'src/runtime/embedded/container/main.ts'],
]) {
  await buildProgram(input, { entryFileNames: file, codeSplitting: false }, defined);
}
// The library consists of modules: a program that embeds wf loads those that it uses.
await build({
  ...common,
  input: { index: 'src/index.ts', steps: 'src/steps/index.ts', testing: 'src/testing/index.ts' },
  // A program that embeds wf writes machines and schemas with these packages, so both must be its own copies.
  external: [...common.external, /^xstate(\/|$)/, /^zod(\/|$)/],
  output: { ...output, format: 'esm' },
});

// The page, which the browser loads.
await build({
  cwd: root,
  platform: 'browser',
  transform: { target: 'es2022' },
  input: { app: 'src/ui/client/main.tsx' },
  output: { ...output, dir: path.join(out, 'ui'), format: 'esm' },
});
const { code } = bundle({ filename: path.join(root, 'src/ui/pages/styles/app.css'), minify: true });
writeFileSync(path.join(out, 'ui/app.css'), code);
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

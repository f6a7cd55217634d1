// Bundles wf into dist/: a small entry for the command and one for the library, all that each may load in a few files, with what V8 makes
// of them. Types are emitted beside them.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';
import { exportsOf } from './exports-of.mjs';
import { LAZY_WF_MODULE, lazyExports } from './lazy-exports.mjs';
import { inLazyGroups } from './lazy-groups.mjs';
import { withQuickModules } from './quick-modules.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const dist = path.join(root, 'dist');
/** Built aside, then put in place: a wf that is called meanwhile finds the old one. */
const out = path.join(root, `dist-${process.pid}`);

/** dockerode requires gRPC for BuildKit sessions, at its own loading: two thirds of its start-up, for what wf never does. */
const withoutBuildKit = {
  name: 'without-buildkit',
  setup(plugin) {
    plugin.onLoad({ filter: /dockerode[/\\]lib[/\\]session\.js$/ }, () => ({
      contents: 'module.exports = () => { throw new Error("BuildKit sessions are not part of this bundle"); };',
    }));
  },
};

/** zod's messages in some fifty languages are half of it; wf speaks English. */
const englishOnly = {
  name: 'english-only',
  setup(plugin) {
    plugin.onLoad({ filter: /zod[/\\]v4[/\\]locales[/\\]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
    }));
  },
};

/**
 * Intl.Segmenter, the table of all emoji and those of other signs take 18 ms of each command, and hardly any text needs them: they
 * are made when one does.
 */
const lazyStringWidth = {
  name: 'lazy-string-width',
  setup(plugin) {
    plugin.onLoad({ filter: /[/\\]string-width[/\\]index\.js$/ }, ({ path: file }) => {
      const source = readFileSync(file, 'utf8');
      const tables = [...source.matchAll(/^const (\w+) = (new Intl\.Segmenter\(\)|\/.*\\p\{.*\/\w+);$/gm)];
      if (tables.length !== 5)
        throw new Error('string-width is not what it was: look again at what it makes when it is loaded');
      const contents = tables.reduce((text, [declared, name, table]) => {
        const asked = text.replace(declared, '').replaceAll(new RegExp(`\\b${name}\\b`, 'g'), `${name}()`);
        return `${asked}\nlet ${name}Made; function ${name}() { return (${name}Made ??= ${table}); }`;
      }, source);
      return { contents };
    });
  },
};

/** Whether its standard output is a terminal wf finds out itself; to look takes 3 ms where it is none. */
const picocolorsWithoutStdout = {
  name: 'picocolors-without-stdout',
  setup(plugin) {
    plugin.onLoad({ filter: /[/\\]picocolors[/\\]picocolors\.js$/ }, ({ path: file }) => {
      const source = readFileSync(file, 'utf8');
      const contents = source.replace('(p.stdout || {}).isTTY', 'false');
      if (contents === source) throw new Error('picocolors is not what it was: look again at what it loads');
      return { contents };
    });
  },
};

/** Commander starts no programs for wf; to load what could takes a millisecond of each command. */
const lazyChildProcess = {
  name: 'lazy-child-process',
  setup(plugin) {
    plugin.onLoad({ filter: /[/\\]commander[/\\]lib[/\\]command\.js$/ }, ({ path: file }) => {
      const source = readFileSync(file, 'utf8');
      const contents = source.replace(
        "const childProcess = require('node:child_process');",
        "const childProcess = { get spawn() { return require('node:child_process').spawn; } };",
      );
      if (contents === source) throw new Error('commander is not what it was: look again at what it loads');
      return { contents };
    });
  },
};

/** The SQLite addon itself, where its installation puts it, first of all beside wf: to look for it takes longer than to load it. */
const addonInItsPlace = {
  name: 'addon-in-its-place',
  setup(plugin) {
    plugin.onLoad({ filter: /[/\\]node_modules[/\\]bindings[/\\]bindings\.js$/ }, () => ({
      contents: `
        const { dirname } = require('node:path');
        const addon = 'better-sqlite3/build/Release/better_sqlite3.node';
        const beside = \`\${dirname(dirname(__filename))}/node_modules/\${addon}\`;
        module.exports = () => {
          if (!require('node:fs').existsSync(beside)) return require(addon);
          const loaded = { exports: {} };
          process.dlopen(loaded, beside);
          return loaded.exports;
        };`,
    }));
  },
};

/** Modules are resolved and compiled one by one; in one file, and compiled already, they are there three times as soon. */
const builtProgram = {
  name: 'built-program',
  setup(plugin) {
    plugin.onResolve({ filter: /^\.\/program\.ts$/ }, () => ({ path: path.join(root, 'src/cli/built-program.ts') }));
  },
};

/** All step runners and their schemas take 9 ms to make; a workflow uses a few of them. */
const lazyWfModule = lazyExports(path.join(root, 'src/cli/wf-module.ts'), path.join(root, 'src/index.ts'));

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  minifySyntax: true,
  sourcemap: false,
  legalComments: 'none',
  // A native addon, and a translator that reads files beside itself. docker-modem would load ssh2 for ssh:// engines, which wf refuses.
  external: ['better-sqlite3', 'jiti', 'ssh2', 'cpu-features'],
  plugins: [withoutBuildKit, englishOnly, lazyStringWidth, picocolorsWithoutStdout, lazyChildProcess],
};
/** Of this kind Node starts a program 10 ms sooner: its loader of modules, and `process` as one of them, are not needed. */
const cjs = {
  outdir: out,
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  define: { 'import.meta.url': 'wfFile.url', 'import.meta.dirname': 'wfFile.dirname' },
  banner: {
    js: `const wfFile = {
      get url() { return require('node:url').pathToFileURL(__filename).href; },
      get dirname() { return require('node:path').dirname(__filename); },
    };`,
  },
};

rmSync(out, { recursive: true, force: true });
await build({
  ...common,
  entryPoints: { wf: 'src/cli/main.ts' },
  ...cjs,
  define: { ...cjs.define, WF_VERSION: JSON.stringify(version) },
  plugins: [builtProgram],
});
// In one file with the rest, V8 would take them over for each command.
const APART = ['dockerode', 'execa'];
const apart = {
  name: 'apart',
  setup(plugin) {
    plugin.onResolve({ filter: /^(dockerode|execa)$/ }, ({ path: name, kind }) =>
      kind === 'entry-point' ? undefined : { path: name, external: true },
    );
  },
};
const { metafile: ofProgram } = await build({
  ...common,
  metafile: true,
  entryPoints: { program: 'src/cli/program.ts', ...Object.fromEntries(APART.map((name) => [name, name])) },
  ...cjs,
  external: [...common.external.filter((name) => name !== 'better-sqlite3'), '*.node'],
  plugins: [apart, ...common.plugins, addonInItsPlace, lazyWfModule],
  // Compiled beforehand, it has no way to import anything but what is in it: the rest is required.
  supported: { 'dynamic-import': false },
});
// Whoever embeds the engine writes machines and schemas, and has loaded XState and zod: once is enough. They are given to it.
const SHARED = ['xstate', 'zod'];
const { metafile: ofLibrary } = await build({
  ...common,
  metafile: true,
  entryPoints: { library: 'src/index.ts' },
  ...cjs,
  external: [...common.external, ...SHARED, ...APART],
  supported: { 'dynamic-import': false },
});
await build({
  ...common,
  stdin: {
    resolveDir: root,
    contents: `
      ${SHARED.map((name) => `import * as ${name} from '${name}';`).join('\n')}
      import { createRequire } from 'node:module';
      import { fileURLToPath } from 'node:url';
      import { loadCompiled } from './src/library/load-compiled.ts';
      export const { ${(await exportsOf(path.join(root, 'src/index.ts'))).join(', ')} } = loadCompiled({
        folder: fileURLToPath(new URL('.', import.meta.url)).slice(0, -1), require: createRequire(import.meta.url),
        name: 'library', compiledAs: 'library', given: { ${SHARED.join(', ')} },
      });`,
  },
  outfile: path.join(out, 'index.js'),
  format: 'esm',
  external: SHARED,
});
const namesOfSteps = await exportsOf(path.join(root, 'src/steps/index.ts'));
writeFileSync(path.join(out, 'steps.js'), `export { ${namesOfSteps.join(', ')} } from './index.js';\n`);
await build({ ...common, entryPoints: { testing: 'src/testing/index.ts' }, outdir: out, format: 'esm' });
const quickened = (inputs, entry) => (code) =>
  inLazyGroups(withQuickModules(code, inputs), inputs, entry, (module) => module === LAZY_WF_MODULE);
const BUNDLES = {
  program: quickened(ofProgram.inputs, 'src/cli/program.ts'),
  library: quickened(ofLibrary.inputs, 'src/index.ts'),
  ...Object.fromEntries(APART.map((name) => [name, (code) => code])),
};
for (const [name, made] of Object.entries(BUNDLES)) {
  const file = path.join(out, `${name}.cjs`);
  // esbuild leaves regular expressions and comments as they are. What is all ASCII is read in no time.
  const escaped = (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const bundled = made(readFileSync(file, 'utf8'));
  // Each command reads all of it.
  const { code } = await transform(bundled, { minifyWhitespace: true, lineLimit: 140, target: common.target });
  const content = code.replace(/[^\0-\x7f]/g, escaped);
  // A function that makes the module: what a script evaluates to, and what is exported to those who require it.
  writeFileSync(
    file,
    `(typeof module === 'object' ? module : {}).exports = (function (exports, require, module, __filename) {${content}\n})`,
  );
}
// The programs of the embedded runtime: small, each in one file, and of the kind that Node starts quickest.
await build({
  absWorkingDir: root,
  entryPoints: { 'private-host': 'src/host/embedded/inside/main.ts', container: 'src/host/embedded/container/main.ts' },
  outdir: out,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20.19',
  minifySyntax: true,
  legalComments: 'none',
});
for (const asset of ['host/interrupts.mjs', 'host/probe-agent.mjs', 'host/probe-questions.mjs']) {
  cpSync(path.join(root, 'src', asset), path.join(out, path.basename(asset)));
}
chmodSync(path.join(out, 'wf.cjs'), 0o755);
execFileSync(process.execPath, [path.join(root, 'scripts/compile.mjs'), out], { cwd: root, stdio: 'inherit' });
if (!process.argv.includes('--no-types')) {
  const types = ['-p', 'tsconfig.build.json', '--outDir', path.join(out, 'types')];
  execFileSync(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), ...types], {
    cwd: root,
    stdio: 'inherit',
  });
}
rmSync(dist, { recursive: true, force: true });
renameSync(out, dist);

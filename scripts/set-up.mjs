// Installs the dependencies of the lock file, compiles the native addon among them and builds dist/, each only if it is out of date.
// `--dependencies-only` skips the addon and dist/, which checks of the sources do not need. `--build-only` installs nothing, for tests
// without a network.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const at = (name) => path.join(root, name);
const OLDEST_NODE = [20, 19];

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  process.stderr.write(`wf needs Node.js ${OLDEST_NODE.join('.')} or newer; this is ${process.versions.node}.\n`);
  process.exit(3);
}

const changedAt = (name) => statSync(at(name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
const newestBelow = (name) =>
  Math.max(
    0,
    ...readdirSync(at(name), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(path.join(entry.parentPath, entry.name)).mtimeMs),
  );

/** Sends all output to standard error, because `npm start -- --json` reserves standard output for wf. */
const output = { cwd: root, stdio: ['ignore', 2, 2] };
const installs = !process.argv.includes('--build-only');
const builds = !process.argv.includes('--dependencies-only');

if (installs && changedAt('node_modules/.package-lock.json') < changedAt('package-lock.json')) {
  process.stderr.write('Installing dependencies ...\n');
  run('npm', 'ci', '--ignore-scripts', '--no-fund', '--no-audit');
}
if (builds) {
  const compiling = installs && !hasAddon() ? compileAddon() : undefined;
  const sources = Math.max(newestBelow('src'), changedAt('scripts/build.mjs'), changedAt('package.json'));
  if (!existsSync(at('dist/wf.cjs')) || changedAt('dist/wf.cjs') < sources) {
    process.stderr.write('Building dist/ ...\n');
    run(process.execPath, at('scripts/build.mjs'));
  }
  await compiling;
}

function run(file, ...args) {
  const { status } = spawnSync(file, args, output);
  if (status !== 0) stop(status, file, ...args);
}

/**
 * Returns whether the addon of better-sqlite3 exists for this version of Node. Tests it in another process, whose exit code does not count:
 * Node 24.21 aborts at the end of a process that has opened a database.
 */
function hasAddon() {
  const open = "new (require('better-sqlite3'))(':memory:'); process.stdout.write('opened')";
  const { stdout } = spawnSync(process.execPath, ['-e', open], { cwd: root, encoding: 'utf8' });
  return stdout === 'opened';
}

function compileAddon() {
  process.stderr.write('Installing SQLite (this takes a minute if it must be compiled) ...\n');
  const command = ['npm', 'rebuild', 'better-sqlite3'];
  // With the default -O3 of gcc, compiling takes twice as long, but commits and reads are not faster than with -O1.
  const env = { CFLAGS: '-O1', CXXFLAGS: '-O1', ...process.env };
  return new Promise((resolve) => {
    spawn(command[0], command.slice(1), { ...output, env }).once('close', (status) =>
      status === 0 ? resolve() : stop(status, ...command),
    );
  });
}

function stop(status, file, ...args) {
  process.stderr.write(
    `\nSetting up wf failed: \`${[path.basename(file), ...args].join(' ')}\` ended with ${status}; see above.\n`,
  );
  process.exit(3);
}

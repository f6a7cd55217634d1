// Installs the dependencies of the lock file and builds dist/, each only if it is out of date. `--build-only` installs nothing: tests run
// without a network. `--for-tests` also installs what tests need, meanwhile.
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

/** Sends all that is printed to standard error: `npm start -- --json` leaves standard output to wf. */
function run(file, ...args) {
  const { status } = spawnSync(file, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  process.stderr.write(
    `\nSetting up wf failed: \`${[path.basename(file), ...args].join(' ')}\` ended with ${status}; see above.\n`,
  );
  process.exit(3);
}

const forTests = process.argv.includes('--for-tests')
  ? spawn(process.execPath, [at('scripts/test-packages.mjs')], { stdio: ['ignore', 2, 2] })
  : undefined;
const install =
  !process.argv.includes('--build-only') &&
  changedAt('node_modules/.package-lock.json') < changedAt('package-lock.json');
if (install) {
  process.stderr.write('Installing dependencies (once; this takes a few minutes if a binary must be compiled) ...\n');
  // The script "prepare" builds dist/ too.
  run('npm', 'ci', '--no-fund', '--no-audit');
}
const sources = Math.max(newestBelow('src'), changedAt('scripts/build.mjs'), changedAt('package.json'));
if (!existsSync(at('dist/wf.cjs')) || changedAt('dist/wf.cjs') < sources) {
  process.stderr.write('Building dist/ ...\n');
  run(process.execPath, at('scripts/build.mjs'));
}
forTests?.on('close', (status) => {
  process.exitCode = status === 0 ? 0 : 3;
});

// Starts wf a hundred times on each supported version of Node, and counts the starts with a wrong result:
//   npm run every-node -- [--starts 100] [20 22 24 26]
// Installs each Node from npm, and compiles the native addons if no prebuilt ones exist.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({ options: { starts: { type: 'string' } }, allowPositionals: true });
const starts = Number(values.starts ?? 100);
const versions = positionals.length === 0 ? ['20', '22', '24', '26'] : positionals;

const folder = mkdtempSync(path.join(tmpdir(), 'wf-every-node-'));
try {
  let wrong = 0;
  for (const version of versions) wrong += startOn(version);
  process.exitCode = wrong === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Returns the number of failed starts. */
function startOn(version) {
  const home = path.join(folder, version);
  const installed = path.join(home, 'wf');
  mkdirSync(installed, { recursive: true });
  // The package `node` links its binary in an install script, which newer versions of npm run only if allowed.
  writeFileSync(
    path.join(home, 'package.json'),
    JSON.stringify({ allowScripts: { node: true, 'better-sqlite3': true } }),
  );
  run('npm', ['install', '--no-audit', '--no-fund', `node@${version}`], { cwd: home });
  for (const part of ['dist', 'package.json', 'node_modules']) {
    cpSync(path.join(ROOT, part), path.join(installed, part), { recursive: true, verbatimSymlinks: true });
  }
  const bin = path.join(home, 'node_modules/node/bin');
  const env = {
    ...process.env,
    PATH: `${bin}:${process.env.PATH}`,
    npm_config_nodedir: headersIn(path.join(home, 'node_modules')),
  };
  run('npm', ['rebuild', 'better-sqlite3'], { cwd: installed, env });
  mkdirSync(path.join(home, 'workflows'));
  writeFileSync(path.join(home, '.wf'), '');
  cpSync(path.join(ROOT, 'test/fixtures/workflows/note.ts'), path.join(home, 'workflows/note.ts'));
  const node = path.join(bin, 'node');
  const ends = new Map();
  for (let start = 1; start <= starts; start += 1) {
    const args = [path.join(installed, 'dist/wf.cjs'), 'start', 'note', '--db', path.join(home, 'wf.db')];
    const { status, signal } = spawnSync(node, [...args, '--input', `file=${path.join(home, 'note')}`], {
      cwd: home,
      env,
    });
    const end = signal ?? status;
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  const found = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
  const counted = [...ends].map(([end, times]) => `${times} ended with ${end}`).join(', ');
  process.stdout.write(`Node ${found}: of ${starts} starts ${counted}\n`);
  return starts - (ends.get(0) ?? 0);
}

/** Returns the folder of the package with the headers of Node, which npm installs beside the package `node` or inside it. */
function headersIn(modules) {
  const name = `node-linux-${process.arch}`;
  const places = [path.join(modules, name), path.join(modules, 'node/node_modules', name)];
  return places.find((place) => existsSync(path.join(place, 'include/node/node.h')));
}

function run(program, args, options = {}) {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', ...options });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}:\n${stderr}`);
}

// Runs all tests in parallel lanes. A lane has its own network, processes, /run and /tmp, and its own engine if it needs one.
// Without root there is one lane, the machine itself, and no engine.
//   node test/support/in-lanes.mjs [--report FILE] [FILTER]...
// FILE gets the counts, as vitest's JSON reporter writes them; a FILTER is a part of the paths of the test files to run.
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { freemem } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createJiti } from 'jiti';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const VITEST = path.join(ROOT, 'node_modules/vitest/vitest.mjs');

const projects = (...names) => names.flatMap((name) => ['--project', name]);
/**
 * More test files at a time than there are processors: tests of an engine and of probes mostly wait. All lanes take about as long; the
 * steps on an engine are in a lane with an engine of its own.
 */
const LANES = {
  docker: [...projects('docker', 'browser', 'contract'), '--maxWorkers=1', '--exclude=test/docker/steps/**'],
  machine: [...projects('host', 'crash'), '--exclude=test/host/private-host/**'],
  command: [
    ...projects('cli', 'host'),
    ...['--maxWorkers=1', '--exclude=test/cli/{ui,plans,refusals}/**', '--exclude=test/host/!(private-host)/**'],
  ],
  rest: [
    ...projects('exhaustive', 'docker', 'cli'),
    ...['--maxWorkers=1', '--exclude=test/docker/!(steps)/**', '--exclude=test/cli/!(ui|plans|refusals)/**'],
  ],
};
/** On the machine itself: `place` needs it, `unit` needs no lane. */
const OUTSIDE = { outside: [...projects('place', 'unit', 'definition'), '--maxWorkers=1'] };

/** Replaces /tmp by a folder of its own, in memory if `where` is `memory`; the repository stays in place. */
const OWN_TMP = `
set -e
where=$1; tmp=$2; root=$3; shift 3
if [ "$where" = memory ]; then mount -t tmpfs -o mode=1777 wf-test "$tmp"; fi
case $root in /tmp/*) mkdir -p "$tmp\${root#/tmp}"; mount --bind "$root" "$tmp\${root#/tmp}";; esac
mount --rbind "$tmp" /tmp
`;
/** Gives the lane an empty /run and a network. As first process, the shell reaps orphans. */
const OWN_MACHINE = `${OWN_TMP}
mount -t tmpfs -o mode=755 wf-test /run
mkdir -m 755 /run/lock
ip link set lo up
"$@" &
wait "$!"
`;
const OWN_MOUNTS = ['--mount', '--propagation', 'private'];
const OWN_NAMESPACES = [...OWN_MOUNTS, '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
/** In memory, the unit tests need a quarter less processor time. The files of all lanes have 0.5 GiB, and their processes need 4. */
const MEMORY_OF_LANES = 6 * 2 ** 30;

const { values, positionals: filters } = parseArgs({ options: { report: { type: 'string' } }, allowPositionals: true });
/** Not below /tmp, which differs in each lane. */
const folder = mkdtempSync('/var/tmp/wf-lanes-');
chmodSync(folder, 0o711);
const blobs = path.join(folder, 'blobs');
/** Every user has a cache here: a wf that a test kills would never write its own. */
process.env.WF_TEST_CACHES = folderForAll('caches');
/** For the tests of what a file system does. */
process.env.WF_TEST_DISK = folderForAll('disk');

/** Tests use no TLS, and Node would read these certificates at each of its thousands of starts. */
const { NODE_EXTRA_CA_CERTS: _certificates, ...inherited } = process.env;
/** Chooses what the tests try of many cases: see rotation.ts. The same for all lanes. */
const { WF_TEST_SEED: seed = String(Math.floor(Date.now() / 60_000)) } = inherited;
const environment = { ...inherited, WF_TEST_SEED: seed };
process.stdout.write(`WF_TEST_SEED=${seed}\n`);

/** The kernel ends all processes of a lane with the first one. */
const children = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    for (const child of children) child.kill('SIGKILL');
  });
}

process.exitCode = await runAll();

async function runAll() {
  let removePrograms = () => {};
  try {
    await run([process.execPath, path.join(ROOT, 'scripts/set-up.mjs'), '--build-only']);
    const support = createJiti(import.meta.url, { fsCache: false });
    const { default: buildPrograms } = await support.import('./programs/build-programs.ts');
    removePrograms = await buildPrograms();
    const { fillCaches } = await support.import('./command/fill-caches.ts');
    await fillCaches();
    // All lanes start the same ones.
    environment.WF_TEST_PROGRAMS = process.env.WF_TEST_PROGRAMS;
    const [lanes, outside] = process.getuid() === 0 ? [LANES, OUTSIDE] : [{}, { all: [] }];
    const ends = await Promise.all([
      ...Object.entries(lanes).map(([name, tests]) => runLane(name, tests, true)),
      ...Object.entries(outside).map(([name, tests]) => runLane(name, tests, false)),
    ]);
    const { report } = values;
    const reporters = report === undefined ? [] : ['--reporter=json', `--outputFile.json=${report}`];
    const merged = await run([process.execPath, VITEST, `--merge-reports=${blobs}`, '--reporter=dot', ...reporters]);
    return Math.max(merged, ...ends);
  } finally {
    removePrograms();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Creates a folder in which every user may write, regardless of the umask: tests also act as other users. */
function folderForAll(name) {
  const created = path.join(folder, name);
  mkdirSync(created);
  chmodSync(created, 0o1777);
  return created;
}

async function runLane(name, tests, hasMachine) {
  const tmp = folderForAll(name);
  const blob = ['--reporter=default', '--reporter=blob', `--outputFile.blob=${path.join(blobs, `${name}.json`)}`];
  const command = [process.execPath, VITEST, 'run', ...filters, ...tests, '--passWithNoTests', ...blob];
  // Linux ends a lane with this process, even if it is killed.
  const inNamespaces = (namespaces, script) => [
    ...['setpriv', '--pdeathsig', 'KILL', '--', 'unshare', ...namespaces, '--', 'sh', '-c', script, 'sh'],
    ...[freemem() > MEMORY_OF_LANES ? 'memory' : 'disk', tmp, ROOT],
  ];
  const withEngine = [process.execPath, path.join(environment.WF_TEST_PROGRAMS, 'engines/with-engine.mjs'), '--'];
  const startedAt = performance.now();
  const around = hasMachine
    ? [...inNamespaces(OWN_NAMESPACES, OWN_MACHINE), ...withEngine]
    : process.getuid() === 0
      ? inNamespaces(OWN_MOUNTS, `${OWN_TMP}exec "$@"`)
      : withEngine;
  const exitCode = await run([...around, ...command], `${name}: `);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  process.stdout.write(`== lane ${name}: exit code ${exitCode}, ${seconds} s\n`);
  return exitCode;
}

/** Resolves to the exit code of the command. Prints each line of its output whole, after `prefix`. */
function run([file, ...args], prefix = '') {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: ROOT, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    children.add(child);
    for (const [from, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      let rest = '';
      from.setEncoding('utf8').on('data', (text) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop();
        to.write(lines.map((line) => `${prefix}${line}\n`).join(''));
      });
      from.on('end', () => to.write(rest === '' ? '' : `${prefix}${rest}\n`));
    }
    child.once('error', (error) => {
      process.stderr.write(`${file}: ${error.message}\n`);
      resolve(127);
    });
    child.once('close', (code) => {
      children.delete(child);
      resolve(code ?? 128);
    });
  });
}

// Measures the cost of each step runner on this machine (its commands, the milliseconds of its step), and of many items in one run.
//   npm run build && node bench/runners.mjs [--rounds 7] [--items 100,250,500,1000] [--links 25,50,100]
// Needs root. It works in its own network namespaces, below TMPDIR, and does not change the machine.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const wf = path.join(root, 'dist/wf.cjs');
const { values: given } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    items: { type: 'string', default: '100,250,500,1000' },
    links: { type: 'string', default: '25,50,100' },
    inside: { type: 'boolean', default: false },
  },
});
/** The programs that steps run. */
const TOOLS =
  'ip bridge tc nft iptables ip6tables iptables-save nsenter unshare tee test tar cat cp mkdir rm grep sysctl'.split(
    ' ',
  );
const numbers = (text) => text.split(',').map(Number);
const print = (line) => process.stdout.write(`${line}\n`);

if (process.getuid() !== 0) {
  process.stderr.write('bench/runners.mjs needs root: it makes network namespaces.\n');
  process.exit(3);
}
if (!given.inside) {
  const own = ['--net', '--mount', '--propagation', 'private', process.execPath, ...process.argv.slice(1), '--inside'];
  process.exit(spawnSync('unshare', own, { stdio: 'inherit' }).status ?? 1);
}

const folder = mkdtempSync(path.join(tmpdir(), 'wf-bench-'));
const env = { ...process.env, WF_DB: path.join(folder, 'wf.db'), DOCKER_HOST: 'unix:///nonexistent/docker.sock' };
// Named namespaces of the runs are not those of the machine.
run('mount', '-t', 'tmpfs', 'none', '/run');
try {
  costOfRunners();
  await costOfItems('file.write', numbers(given.items));
  await costOfItems('net.link', numbers(given.links));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function run(program, ...args) {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}

/** The fixtures of the test kit: one step of each step runner, and the objects that they need. */
function families() {
  for (const batch of [
    ['link set lo up', 'link add kit0 up type bridge', 'link add kit1 up type bridge'],
    ['link add theirs type veth peer name others', 'link set theirs up', 'link set others up'],
    ['address add 10.7.0.2/24 dev theirs', 'route add default via 10.7.0.1'],
  ].flat()) {
    run('ip', ...batch.split(' '));
  }
  run('tc', ...'qdisc replace dev kit1 root handle 5: pfifo limit 77'.split(' '));
  run('nft', 'table inet theirs {\n chain input {\n type filter hook input priority 0;\n accept\n}\n}');
  const files = path.join(folder, 'files');
  mkdirSync(files);
  for (const name of ['old', 'kept', 'conf']) writeFileSync(path.join(files, name), 'text=0\n');
  return {
    files: { root: files },
    commands: { folder },
    kernel: {},
    network: { namespace: 'bench' },
  };
}

function costOfRunners() {
  print('| step runner | step | commands | ms (median of all rounds) |');
  print('|---|---|---|---|');
  for (const [name, input] of Object.entries(families())) {
    const file = path.join(root, `test/fixtures/kit/${name}.ts`);
    const start = ['start', file, '--json', ...inputWords(input)];
    const counted = countedCommands(start);
    const rounds = Array.from({ length: Number(given.rounds) }, () => record(start, env));
    for (const { id, kind } of rounds[0].steps) {
      const ms = rounds.map(({ steps }) => steps.find((step) => step.id === id).durationMs).sort((a, b) => a - b);
      print(`| ${kind} | ${id} | ${counted.get(id) ?? 0} | ${ms[Math.floor(ms.length / 2)]} |`);
    }
  }
}

function inputWords(input) {
  return Object.entries(input).flatMap(([name, value]) => ['--input', `${name}=${value}`]);
}

/** Starts a run, and undoes it. Returns its record. */
function record(args, environment) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [wf, ...args], { env: environment, encoding: 'utf8' });
  if (status !== 0) throw new Error(`wf ${args.join(' ')} ended with ${status}\n${stderr}`);
  const started = JSON.parse(stdout);
  run(process.execPath, wf, '--db', env.WF_DB, 'rollback', started.id);
  return started;
}

/** Runs a workflow once with programs that first write the mark of their process to a file. Returns the commands by step. */
function countedCommands(start) {
  const tools = mkdtempSync(path.join(folder, 'tools-'));
  const log = path.join(tools, 'log');
  for (const tool of TOOLS) {
    const real = spawnSync('sh', ['-c', 'command -v "$0"', tool], { encoding: 'utf8' }).stdout.trim();
    if (real === '') continue;
    const script = `#!/bin/sh\nprintf '%s\\n' "$WF_PROCESS" >>${log}\nPATH=${process.env.PATH} exec ${real} "$@"\n`;
    writeFileSync(path.join(tools, tool), script);
    chmodSync(path.join(tools, tool), 0o755);
  }
  writeFileSync(log, '');
  record(start, { ...env, PATH: `${tools}:${process.env.PATH}` });
  const counts = new Map();
  for (const line of readFileSync(log, 'utf8')
    .split('\n')
    .filter((text) => text.startsWith('{'))) {
    const { step, attempt } = JSON.parse(line);
    if (attempt !== 'undo') counts.set(step, (counts.get(step) ?? 0) + 1);
  }
  return counts;
}

/** Measures one run with a `forEach` over this number of items. */
async function costOfItems(kind, counts) {
  const file = path.join(folder, `many-${kind.replace('.', '-')}.ts`);
  writeFileSync(file, manyItems(kind));
  print(`\n| ${kind}, items in one run | s | ms an item | MiB (peak of the process) | rollback, s |`);
  print('|---|---|---|---|---|');
  for (const count of counts) {
    const id = `bench-${kind.replace('.', '-')}-${count}`;
    const args = ['start', file, '--id', id, '--quiet', ...inputWords({ count, folder })];
    const { seconds, peakMiB } = await timed(args);
    const back = await timed(['rollback', id, '--quiet']);
    const cells = [seconds.toFixed(2), ((seconds * 1000) / count).toFixed(1), peakMiB.toFixed(0)];
    print(`| ${count} | ${cells.join(' | ')} | ${back.seconds.toFixed(2)} |`);
  }
}

function timed(args) {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn(process.execPath, [wf, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let peakMiB = 0;
    const sample = setInterval(() => {
      try {
        const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
        if (kib !== undefined) peakMiB = Math.max(peakMiB, Number(kib) / 1024);
      } catch {
        // The process has ended.
      }
    }, 15);
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('close', (code) => {
      clearInterval(sample);
      const seconds = (performance.now() - startedAt) / 1000;
      if (code === 0) resolve({ seconds, peakMiB });
      else reject(new Error(`wf ${args.join(' ')} ended with ${code}\n${stderr}`));
    });
  });
}

function manyItems(kind) {
  const [runner, item] = {
    'file.write': ['writeFile', "({ path: folder + '/item-' + index, content: 'item ' + index })"],
    'net.link': ['createLink', "({ name: 'item' + index, kind: 'bridge' })"],
  }[kind];
  return `import { defineWorkflow, forEach } from 'wf-engine';
import { ${runner} } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';
const input = z.object({ count: z.coerce.number().int(), folder: z.string() });
const machine = setup({
  types: { context: {} as z.output<typeof input>, input: {} as z.output<typeof input> },
  actors: { each: forEach(${runner}) },
}).createMachine({
  context: ({ input }) => input,
  initial: 'make',
  states: {
    make: {
      invoke: {
        id: 'make',
        src: 'each',
        input: ({ context: { count, folder } }) => ({ items: Array.from({ length: count }, (_none, index) => ${item}) }),
        onDone: 'done',
      },
    },
    done: { type: 'final' },
  },
});
export default defineWorkflow({ name: 'many-${kind.replace('.', '-')}', version: '1', description: 'Many items', input, machine, keepsChanges: true });
`;
}

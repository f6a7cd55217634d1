// Fleets of wf on Restate beside the same fleets of a peer, DBOS on PostgreSQL: the time of a fleet run, CPU and memory of each piece, the
// cost of idle agents, and the recovery after a kill. The same agents represent all hosts, and their parts do nothing. The engines take
// turns, and only one of them has agents at a time.
//   node bench/fleet-peer.mjs [--hosts 3,100,1000] [--rounds 3] [--seconds 60]
import { loadavg } from 'node:os';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { range, short, shortRange } from './lib/figures.mjs';
import { aboveSlowest, cpuDuring, memoryOfEach, recovery } from './lib/fleet-figures.mjs';
import { fleetOnDbos, missingForDbos } from './lib/fleet-on-dbos.mjs';
import { fleetOnRestate } from './lib/fleet-on-restate.mjs';
import { cpuWithEndedOf } from './lib/process.mjs';
import { killed } from './lib/programs.mjs';
import { startStubs } from './lib/stub-hosts.mjs';

const { values: given } = parseArgs({
  options: {
    hosts: { type: 'string', default: '3,100,1000' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '60' },
  },
});
const counts = given.hosts.split(',').map(Number);
const [rounds, seconds] = [Number(given.rounds), Number(given.seconds)];
const most = Math.max(...counts);
const CANARY = { canary: 1, atOnce: null };
const TEN_WAVES = { canary: null, atOnce: 10 };
/** Longer than a long poll: the polls of killed agents have ended, and those of all agents have spread. */
const SETTLE_MS = 25_000;
const print = (line = '') => process.stdout.write(`${line}\n`);
const load = () => loadavg()[0].toFixed(1);

const missing = missingForDbos();
if (missing !== undefined) {
  print(missing);
  process.exit(1);
}
const engines = [await fleetOnRestate(), await fleetOnDbos()];

let runs = 0;
function run(engine, hosts, waves) {
  runs += 1;
  return engine.run(`run${runs}`, hosts, waves);
}

/** Does `work` while an engine has agents. */
async function withAgents(engine, work) {
  const stubs = await startStubs(engine.url, most);
  const pieces = () => ({ ...engine.pieces(), agents: [stubs.agents.pid] });
  await pause(SETTLE_MS);
  await work(stubs, pieces);
  await killed(stubs.agents);
}

const measured = new Map(engines.map((engine) => [engine, new Map(counts.map((count) => [count, []]))]));
async function measureFleets(engine, isCounted) {
  await withAgents(engine, async ({ hosts }, pieces) => {
    for (const count of counts) {
      const work = () => run(engine, hosts.slice(0, count), CANARY);
      const { result, cpu } = await cpuDuring(pieces, work, cpuWithEndedOf);
      const figures = { s: aboveSlowest(result) / 1000, cpu, mib: memoryOfEach(pieces) };
      if (isCounted) measured.get(engine).get(count).push(figures);
      // A run takes long: each figure is printed at once.
      process.stderr.write(`${engine.name}, ${count} hosts, load ${load()}: ${short(figures.s)} s\n`);
    }
  });
}

const loads = [load()];
for (const engine of engines) await measureFleets(engine, false);
for (let round = 0; round < rounds; round += 1) {
  // The engines take turns as the first.
  for (const engine of round % 2 === 0 ? engines : engines.toReversed()) await measureFleets(engine, true);
  loads.push(load());
}

/** Formats the median of each piece. */
const medians = (all, unit = 1) =>
  Object.keys(all[0])
    .map((piece) => short(range(all.map((each) => each[piece] / unit)).median))
    .join('; ');
print(
  `load ${loads.join(', ')}; ${engines.map((engine) => Object.keys(engine.pieces()).join('; ')).join(' / ')}; agents\n`,
);
print('| hosts | engine | s above the slowest part | CPU of each piece, s | memory (PSS) of each piece, MiB |');
print('|---|---|---|---|---|');
for (const count of counts) {
  for (const engine of engines) {
    const all = measured.get(engine).get(count);
    const cpu = medians(
      all.map((each) => each.cpu),
      1_000,
    );
    const mib = medians(all.map((each) => each.mib));
    print(`| ${count} | ${engine.name} | ${shortRange(range(all.map(({ s }) => s)))} | ${cpu} | ${mib} |`);
  }
}
print();

for (const engine of engines) {
  await withAgents(engine, async ({ hosts, starts }, pieces) => {
    const { cpu } = await cpuDuring(pieces, () => pause(seconds * 1_000), cpuWithEndedOf);
    const perMinute = Object.entries(cpu).map(([name, ms]) => `${name} ${short((ms / 1000) * (60 / seconds))}`);
    print(`${engine.name}, load ${load()}: ${most} idle agents, CPU a minute, s: ${perMinute.join('; ')}`);
    const some = hosts.slice(0, 100);
    for (const [name, kill] of Object.entries(engine.kills)) {
      const times = [];
      for (let round = 0; round < rounds; round += 1) {
        times.push((await recovery(starts, some, () => run(engine, some, TEN_WAVES), kill)) / 1000);
      }
      print(`${engine.name}, load ${load()}: ${name} killed and started again at once: ${shortRange(range(times))} s`);
    }
  });
}
process.exit(0);

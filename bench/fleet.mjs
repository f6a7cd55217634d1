// Fleets of hosts through a server of Restate: the time of a fleet run above its slowest part, CPU and memory of each piece, the cost of
// idle agents, and the recovery after a kill. Up to 10 hosts have their own agents and parts; one process represents the others, and
// their parts do nothing.
//   node bench/fleet.mjs [--real 3,10] [--stub 100,1000] [--rounds 3] [--seconds 60]
import { loadavg } from 'node:os';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { range, short, shortRange } from './lib/figures.mjs';
import { aboveSlowest, cpuDuring, memoryOfEach, recovery } from './lib/fleet-figures.mjs';
import { fleetOnRestate, newProject, WF } from './lib/fleet-on-restate.mjs';
import { killed, started } from './lib/programs.mjs';
import { startStubs } from './lib/stub-hosts.mjs';

const { values: given } = parseArgs({
  options: {
    real: { type: 'string', default: '3,10' },
    stub: { type: 'string', default: '100,1000' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '60' },
  },
});
const numbers = (text) => text.split(',').filter(Boolean).map(Number);
const [rounds, seconds] = [Number(given.rounds), Number(given.seconds)];
const print = (line) => process.stdout.write(`${line}\n`);

const engine = await fleetOnRestate();
const piecesWith = (agents) => () => ({ ...engine.pieces(), agents: agents.map(({ pid }) => pid) });

let runs = 0;
function run(hosts, { atOnce = null } = {}) {
  runs += 1;
  return engine.run(`run${runs}`, hosts, { canary: null, atOnce });
}

async function measureFleet(kind, hosts, agents) {
  const pieces = piecesWith(agents);
  await run(hosts);
  const times = [];
  const cpus = [];
  for (let round = 0; round < rounds; round += 1) {
    const { result, cpu } = await cpuDuring(pieces, () => run(hosts));
    times.push(aboveSlowest(result) / 1000);
    cpus.push(cpu);
  }
  const cpu = Object.keys(cpus[0]).map((piece) => short(range(cpus.map((of) => of[piece] / 1000)).median));
  const mib = Object.values(memoryOfEach(pieces)).map((of) => short(Math.round(of)));
  print(`| ${hosts.length} (${kind}) | ${shortRange(range(times))} | ${cpu.join('; ')} | ${mib.join('; ')} |`);
}

const realHosts = [];
for (let index = 0; index < Math.max(0, ...numbers(given.real)); index += 1) {
  const name = `real${index}`;
  const argv = [WF, 'agent', '--fleet', engine.url, '--name', name, '--json', '--db', 'wf.db'];
  realHosts.push({ name, agent: await started(argv, newProject(), '"did":"joined"') });
}

const load = loadavg()[0].toFixed(1);
print(`load ${load}; Restate; handlers; agents\n`);
print('| hosts | s above the slowest part | CPU, s | memory (PSS), MiB |');
print('|---|---|---|---|');
for (const count of numbers(given.real)) {
  const some = realHosts.slice(0, count);
  await measureFleet(
    'parts of wf',
    some.map(({ name }) => name),
    some.map(({ agent }) => agent),
  );
}
for (const { agent } of realHosts) await killed(agent);

const most = Math.max(...numbers(given.stub));
const { agents, hosts: stubs, starts } = await startStubs(engine.url, most);
for (const count of numbers(given.stub)) await measureFleet('no-op parts', stubs.slice(0, count), [agents]);

const idle = await cpuDuring(piecesWith([agents]), () => pause(seconds * 1_000));
const perMinute = Object.values(idle.cpu).map((ms) => short((ms / 1000) * (60 / seconds)));
print(`\n${most} idle agents, CPU a minute, s: ${perMinute.join('; ')}`);

const some = stubs.slice(0, 100);
for (const [name, kill] of Object.entries(engine.kills)) {
  const times = [];
  for (let round = 0; round < rounds; round += 1) {
    times.push((await recovery(starts, some, () => run(some, { atOnce: 10 }), kill)) / 1000);
  }
  print(`${name} killed and started again at once: ${shortRange(range(times))} s to the next start of a part`);
}
process.exit(0);

// Measures wf beside the floor (the disk and better-sqlite3 alone) and other engines. Each has one process, in turn, round after round, so
// that the drifting speed of a disk affects all of them.
//   npm run bench [-- --rounds 5] [-- --only sequence,side,killed,cold] [-- --json FILE]
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { coldStarts } from './lib/cold.mjs';
import { range, short, shortRange } from './lib/figures.mjs';
import { killedAndResumed } from './lib/killed.mjs';
import { measureOnce, peakMemory } from './lib/measure.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const { values: given } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: 'sequence,side,killed,cold' },
    json: { type: 'string', default: path.join(here, 'results/engine.json') },
  },
});
const rounds = Number(given.rounds);
const wanted = given.only.split(',');
const print = (line = '') => process.stdout.write(`${line}\n`);

// OpenWorkflow needs Node 22. On an older one, wf runs on an older V8 than its peers.
const isNode22 = Number.parseInt(process.versions.node, 10) >= 22;
const peerNode = isNode22 ? process.execPath : path.join(here, 'peers/node_modules/.bin/node');
const contestants = {
  floor: { script: path.join(here, 'contestants/floor.mjs') },
  wf: { script: path.join(here, 'contestants/wf.mjs') },
  ...(existsSync(path.join(here, 'peers/node_modules/openworkflow'))
    ? { OpenWorkflow: { node: peerNode, script: path.join(here, 'peers/open-workflow.mjs') } }
    : {}),
  ...(existsSync(peerNode) && existsSync(path.join(here, '../test/servers/node_modules'))
    ? {
        Restate: {
          node: peerNode,
          script: path.join(here, 'contestants/restate.mjs'),
          workloads: ['sequence', 'side'],
        },
      }
    : {}),
};
if (!('OpenWorkflow' in contestants)) print('OpenWorkflow is skipped: `npm ci --prefix bench/peers` installs it.');

/** The workloads. `measure` returns the figures of a contestant in one round. */
const workloads = {
  sequence: {
    title: 'W1  runs of 100 steps in sequence',
    async measure(contestant) {
      const fresh = await measureOnce(contestant, 'sequence', { runs: 5, steps: 100 });
      const warm = await measureOnce(contestant, 'sequence', { runs: 40, steps: 100 });
      return {
        'fresh p50 ms': fresh.p50,
        'fresh p50, in raw commits': fresh.p50 / fresh.raw,
        'fresh p99 ms': fresh.p99,
        'warm p50 ms': warm.p50,
        'warm p50, in raw commits': warm.p50 / warm.raw,
        'warm p99 ms': warm.p99,
        'raw commit ms': (fresh.raw + warm.raw) / 2,
      };
    },
  },
  side: {
    title: 'W2  500 runs of 10 steps side by side',
    async measure(contestant) {
      const parameters = { runs: 500, steps: 10 };
      const { stepsPerSecond, raw } = await measureOnce(contestant, 'side', parameters);
      const pssMiB = await peakMemory(contestant, 'side', parameters);
      return {
        'steps/s': stepsPerSecond,
        'steps per raw commit': (stepsPerSecond * raw) / 1000,
        'peak PSS MiB': pssMiB,
      };
    },
  },
  killed: {
    title: 'W3  200 runs of 10 steps of 20 ms, killed half way, resumed by a new process',
    async measure(contestant) {
      const { toFirstStep, toTheEnd, begunAgain } = await killedAndResumed(contestant);
      return { 'to the first step ms': toFirstStep, 'to the end of all ms': toTheEnd, 'steps begun again': begunAgain };
    },
  },
};

const results = {};
const keep = (workload, name, figures) => {
  for (const [figure, value] of Object.entries(figures)) {
    results[workload] ??= {};
    results[workload][name] ??= {};
    results[workload][name][figure] ??= [];
    results[workload][name][figure].push(value);
  }
};

for (let round = 1; round <= rounds; round += 1) {
  for (const [key, { title, measure: measureOne }] of Object.entries(workloads)) {
    if (!wanted.includes(key)) continue;
    for (const [name, contestant] of Object.entries(contestants)) {
      if (contestant.workloads?.includes(key) === false) continue;
      const figures = await measureOne(contestant);
      keep(title, name, figures);
      print(
        `round ${round}  ${key}  ${name.padEnd(14)}${Object.entries(figures)
          .map(([figure, value]) => `${figure} ${short(value)}`)
          .join('  ')}`,
      );
    }
  }
  if (wanted.includes('cold')) {
    for (const [name, figures] of Object.entries(coldStarts(round)))
      keep('W5  from the start of the process to its end', name, figures);
  }
}

print();
for (const [title, byName] of Object.entries(results)) {
  print(title);
  const figures = [...new Set(Object.values(byName).flatMap((one) => Object.keys(one)))];
  for (const figure of figures) {
    const cells = Object.entries(byName).flatMap(([name, one]) =>
      one[figure] === undefined ? [] : [`${name} ${shortRange(range(one[figure]))}`],
    );
    print(`  ${figure.padEnd(28)}${cells.map((cell) => cell.padEnd(38)).join('')}`);
  }
}
const [cpu] = os.cpus();
const machine = {
  cpu: cpu?.model,
  cores: os.cpus().length,
  memoryGiB: os.totalmem() / 2 ** 30,
  kernel: os.release(),
  node: process.version,
};
mkdirSync(path.dirname(given.json), { recursive: true });
const summary = Object.fromEntries(
  Object.entries(results).map(([title, byName]) => [
    title,
    Object.fromEntries(
      Object.entries(byName).map(([name, figures]) => [
        name,
        Object.fromEntries(Object.entries(figures).map(([figure, all]) => [figure, { ...range(all), values: all }])),
      ]),
    ),
  ]),
);
writeFileSync(
  given.json,
  `${JSON.stringify({ machine, rounds, loadAverage: os.loadavg(), results: summary }, null, 2)}\n`,
);
print();
print(`written to ${path.relative(process.cwd(), given.json)}; load average ${os.loadavg().map(short).join(' ')}`);

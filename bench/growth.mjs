// Measures how the cost grows with the number of concurrent runs and with the steps of one run (advanced, and replayed from its journal),
// and the memory of waiting runs. Each point has its own process.
//   npm run bench:growth [-- --quick] [-- --json FILE] [-- --plots FOLDER]
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { short } from './lib/figures.mjs';
import { inNewFolder, measure, measureOnce, peakMemory } from './lib/measure.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const { values: given } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string', default: path.join(here, 'results/growth.json') },
    plots: { type: 'string', default: path.join(here, 'plots') },
  },
});
const most = (all) => (given.quick ? all.slice(0, -1) : all);
const contestants = {
  wf: { script: path.join(here, 'contestants/wf.mjs') },
  floor: { script: path.join(here, 'contestants/floor.mjs') },
};
const waiting = { flags: ['--expose-gc'], script: path.join(here, 'contestants/wf-waiting.mjs') };
const print = (line) => process.stdout.write(`${line}\n`);

const points = { runs: [], steps: [], waiting: [] };
for (const runs of most([1, 10, 100, 1_000, 10_000])) {
  for (const [engine, contestant] of Object.entries(contestants)) {
    const parameters = { runs, steps: 10 };
    const { ms } = await measureOnce(contestant, 'side', parameters);
    const pssMiB = await peakMemory(contestant, 'side', parameters);
    const point = { engine, runs, ms, usPerStep: (ms * 1000) / (runs * 10), pssMiB };
    points.runs.push(point);
    print(
      `${engine.padEnd(6)}${short(runs)} runs of 10 steps: ${short(ms)} ms, ${short(point.usPerStep)} us per step, PSS ${short(pssMiB)} MiB`,
    );
  }
}
for (const steps of most([10, 100, 1_000, 5_000])) {
  for (const [engine, contestant] of Object.entries(contestants)) {
    const { ms, definitionMs, replayMs } = await measureOnce(contestant, 'long', { steps });
    const point = {
      engine,
      steps,
      ms,
      usPerStep: (ms * 1000) / steps,
      definitionMs,
      replayUsPerStep: replayMs && (replayMs * 1000) / steps,
    };
    points.steps.push(point);
    print(
      `${engine.padEnd(6)}1 run of ${short(steps)} steps: ${short(ms)} ms, ${short(point.usPerStep)} us per step` +
        (replayMs === undefined
          ? ''
          : `; machine created in ${short(definitionMs)} ms; resumed by replay: ${short(point.replayUsPerStep)} us per step`),
    );
  }
}
for (const gate of ['event', 'timer']) {
  for (const runs of most([10, 1_000, 10_000])) {
    const [first, again] = await inNewFolder(async (folder) => [
      await measure(waiting, gate, folder, { runs }).done,
      await measure(waiting, `${gate}-again`, folder, { runs }).done,
    ]);
    const point = { gate, runs, ...first, againMs: again.ms, againHeapMiB: again.heapMiB, againRssMiB: again.rssMiB };
    points.waiting.push(point);
    print(
      `${short(runs)} runs that wait for ${gate === 'event' ? 'an event' : 'a timer'}: ${short(first.ms)} ms, ${short(first.heapMiB)} MiB of heap more than with none, RSS ${short(first.rssMiB)} MiB; ` +
        `after a restart ${short(again.ms)} ms, ${short(again.heapMiB)} MiB, RSS ${short(again.rssMiB)} MiB`,
    );
  }
}
mkdirSync(path.dirname(given.json), { recursive: true });
writeFileSync(
  given.json,
  `${JSON.stringify({ node: process.version, cores: os.cpus().length, loadAverage: os.loadavg(), points }, null, 2)}\n`,
);
try {
  const { plot } = await import('./lib/plot.mjs');
  mkdirSync(given.plots, { recursive: true });
  for (const file of await plot(points, given.plots)) print(`drawn: ${path.relative(process.cwd(), file)}`);
} catch (thrown) {
  if (thrown.code !== 'ERR_MODULE_NOT_FOUND') throw thrown;
  print('No plot is drawn: `npm ci --prefix bench` installs Vega-Lite.');
}

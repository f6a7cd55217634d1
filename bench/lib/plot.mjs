// Draws the growth of costs with Vega-Lite. Both axes are logarithmic: a cost that grows linearly is a level line per step.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse, View } from 'vega';
import { compile } from 'vega-lite';

const log = (field, title) => ({
  field,
  type: 'quantitative',
  title,
  scale: { type: 'log' },
  axis: { grid: true, format: '~s' },
});

function lines(title, values, x, y, colour) {
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title,
    background: 'white',
    width: 420,
    height: 240,
    data: { values },
    mark: { type: 'line', point: true },
    encoding: {
      x: log(...x),
      y: log(...y),
      color: { field: colour, type: 'nominal', title: null },
    },
    config: { font: 'sans-serif' },
  };
}

/** Returns the files that it writes. */
export async function plot({ runs, steps, waiting }, folder) {
  const replayed = steps.flatMap(({ replayUsPerStep, ...point }) =>
    replayUsPerStep === undefined ? [] : [{ ...point, engine: 'wf, replayed', usPerStep: replayUsPerStep }],
  );
  const remembered = waiting.map(({ gate, runs: count, rssMiB }) => ({ gate, runs: count, MiB: rssMiB }));
  const drawings = {
    'growth-runs': lines(
      'Time per step by runs under way',
      runs,
      ['runs', 'runs of 10 steps, side by side'],
      ['usPerStep', 'us per step'],
      'engine',
    ),
    'growth-steps': lines(
      'Time per step by length of the run',
      [...steps, ...replayed],
      ['steps', 'steps of one run'],
      ['usPerStep', 'us per step'],
      'engine',
    ),
    'growth-waiting': lines(
      'Memory by runs that wait',
      remembered,
      ['runs', 'runs that wait'],
      ['MiB', 'RSS of the process, MiB'],
      'gate',
    ),
  };
  const files = [];
  for (const [name, drawing] of Object.entries(drawings)) {
    const view = new View(parse(compile(drawing).spec), { renderer: 'none' });
    const file = path.join(folder, `${name}.svg`);
    writeFileSync(file, `${await view.toSVG()}\n`);
    view.finalize();
    files.push(file);
  }
  return files;
}

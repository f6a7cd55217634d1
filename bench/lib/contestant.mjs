// The common part of the contestants. Each is a process that gets the workload and a folder, and prints one line of JSON.
// A contestant provides `open(folder, steps, work)`, which returns an engine that runs and resumes chains of steps.
import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { percentile } from './figures.mjs';
import { openRaw } from './raw.mjs';

const [, , workload, folder, ...rest] = process.argv;
const parameters = Object.fromEntries(rest.map((one) => one.split('=')).map(([name, value]) => [name, Number(value)]));

/** Runs one chain after the other, whose steps do nothing. Returns the milliseconds from one step to the next. */
async function oneAfterTheOther({ open }) {
  const times = [];
  let last = 0;
  const engine = await open(folder, parameters.steps, async () => {
    const now = performance.now();
    times.push(now - last);
    last = now;
  });
  for (let run = 0; run < parameters.runs; run += 1) {
    // The first step of a run waits for no earlier one.
    last = Number.NaN;
    await engine.run(1);
  }
  await engine.close();
  const between = times.filter((time) => !Number.isNaN(time));
  return { p50: percentile(between, 0.5), p99: percentile(between, 0.99), steps: times.length };
}

/** Runs many chains side by side. */
async function sideBySide({ open }) {
  let done = 0;
  const engine = await open(folder, parameters.steps, async () => {
    done += 1;
  });
  const begun = performance.now();
  await engine.run(parameters.runs);
  const ms = performance.now() - begun;
  await engine.close();
  if (done !== parameters.runs * parameters.steps) throw new Error(`${done} steps were done`);
  return { stepsPerSecond: (done / ms) * 1000, ms };
}

/** Runs one chain of many steps. If the engine can replay, the same run is then resumed from its journal before its last step. */
async function oneLongRun({ open, reopen }) {
  const begun = performance.now();
  const engine = await open(folder, parameters.steps, async () => {});
  const definitionMs = performance.now() - begun;
  const started = performance.now();
  await engine.run(1);
  const ms = performance.now() - started;
  await engine.close();
  return { ms, definitionMs, replayMs: await reopen?.(folder, parameters.steps) };
}

/** Logs each step with its time: the process that kills this one reads when to kill it, and which steps ran twice. */
async function slowSteps({ open }, resumed) {
  const log = path.join(folder, 'steps.log');
  const engine = await open(folder, parameters.steps, async (step, run) => {
    appendFileSync(log, `${resumed ? 'resumed' : 'begun'} ${run} ${step} ${Date.now()}\n`);
    await new Promise((resolve) => setTimeout(resolve, parameters.stepMs));
  });
  await (resumed ? engine.resume() : engine.run(parameters.runs));
  await engine.close();
  return { finishedAt: Date.now() };
}

export async function contestant(engine) {
  const answer = (figures) => process.stdout.write(`${JSON.stringify(figures)}\n`);
  // The restart is measured from the start of the process, so no raw commit is measured before it.
  if (workload === 'slow' || workload === 'resume') {
    answer(await slowSteps(engine, workload === 'resume'));
    return;
  }
  const raw = await openRaw(folder);
  const before = raw.measure();
  const figures = await { sequence: oneAfterTheOther, side: sideBySide, long: oneLongRun }[workload](engine);
  const after = raw.measure();
  raw.close();
  answer({ ...figures, raw: (before + after) / 2 });
}

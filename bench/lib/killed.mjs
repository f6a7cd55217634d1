// W3: many runs of slow steps, killed when half of the steps have begun, then resumed by another process.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { measure, newFolder, removeFolder } from './measure.mjs';

const RUNS = 200;
const STEPS = 10;
const STEP_MS = 20;
const PARAMETERS = { runs: RUNS, steps: STEPS, stepMs: STEP_MS };

function stepsIn(folder) {
  const log = path.join(folder, 'steps.log');
  if (!existsSync(log)) return [];
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [life, run, step, at] = line.split(' ');
      return { life, step: `${run} ${step}`, at: Number(at) };
    });
}

/** Returns the milliseconds from the start of the second process to the first step that begins again, and to the end of all runs. */
export async function killedAndResumed(contestant) {
  const folder = newFolder();
  const first = measure(contestant, 'slow', folder, PARAMETERS);
  while (stepsIn(folder).length < (RUNS * STEPS) / 2) await new Promise((resolve) => setTimeout(resolve, 5));
  first.child.kill('SIGKILL');
  await first.done;
  const { spawnedAt, finishedAt } = await measure(contestant, 'resume', folder, PARAMETERS).done;
  const steps = stepsIn(folder);
  const resumed = steps.filter(({ life }) => life === 'resumed');
  const lost = RUNS * STEPS - new Set(steps.map(({ step }) => step)).size;
  // The step of a run that was under way at the kill begins again: at most one of each run.
  const again = steps.length - new Set(steps.map(({ step }) => step)).size;
  removeFolder(folder);
  if (lost > 0) throw new Error(`${lost} steps were lost`);
  if (again > RUNS) throw new Error(`${again} steps ran twice: more than were under way`);
  return {
    toFirstStep: Math.min(...resumed.map(({ at }) => at)) - spawnedAt,
    toTheEnd: finishedAt - spawnedAt,
    begunAgain: again,
  };
}

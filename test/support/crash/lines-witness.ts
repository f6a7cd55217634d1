import { readFileSync } from 'node:fs';
import type { RunOnDisk } from './run-on-disk.ts';

/**
 * What the file that the small lab's steps append to says against "no completed step ran twice". Exactly: each step has
 * written at most one `+`, just one where it completed, and each `+` is followed by just one `-` once the run has ended. A
 * line is written by one `write`, and there is a check: what was killed in between was either done or not begun.
 */
export function linesWitness(file: string, { run, steps }: RunOnDisk): readonly string[] {
  const written = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.includes(`"run":${JSON.stringify(run.id)}`));
  return ['first', 'second', 'third'].flatMap((name) => {
    const own = written.filter((line) => line.split(' ')[1] === name);
    const signs = own.map((line) => line.slice(0, 1)).join('');
    const completed = steps.some((step) => step.id === name && step.status === 'succeeded');
    const allowed = completed ? ['+-'] : ['', '+-'];
    return allowed.includes(signs) ? [] : [`step ${name} (completed: ${completed}) wrote:\n${own.join('\n')}`];
  });
}

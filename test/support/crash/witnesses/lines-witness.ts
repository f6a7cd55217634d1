import { readFileSync } from 'node:fs';
import type { RunOnDisk } from '../run-on-disk.ts';

/**
 * Returns the contradictions between the file to which the steps of the small lab append and "no completed step ran twice". Each
 * step has written at most one `+`, exactly one if it completed, and exactly one `-` follows each `+` once the run has ended. One
 * `write` writes a line, and each step has a check: a killed step was either done or not begun.
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

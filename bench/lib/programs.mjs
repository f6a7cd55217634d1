// Programs of Node that a benchmark starts, and that end with it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';

const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

/** Starts a program, and calls `onLine` with each line that it prints. */
function start(argv, cwd, onLine) {
  // Handlers report each call that a kill has cut off.
  const child = spawn(process.execPath, argv, { cwd, stdio: ['ignore', 'pipe', 'ignore'] });
  children.add(child);
  child.once('exit', () => children.delete(child));
  createInterface(child.stdout).on('line', onLine);
  return child;
}

/** Starts a program, and waits for a line. */
export function started(argv, cwd, words, onLine = () => {}) {
  return new Promise((resolve, reject) => {
    const child = start(argv, cwd, (line) => {
      if (line.includes(words)) resolve(child);
      onLine(line);
    });
    child.once('exit', (code) => reject(new Error(`${argv.join(' ')} has ended with ${code}`)));
  });
}

export async function killed(child) {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

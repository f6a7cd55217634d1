import { type ChildProcess, execFileSync, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { testProgram } from '../../../support/programs/test-program.ts';

function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'wf-output-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a process that writes `count` lines of `size` bytes. */
function write({ size, count, to }: { size: number; count: number; to: number | 'pipe' }) {
  const stdio: StdioOptions = ['ignore', to, 'pipe'];
  const child: ChildProcess = spawn(process.execPath, [testProgram('cli/writer'), String(size), String(count)], {
    stdio,
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  child.stderr?.on('data', (chunk) => {
    output += String(chunk);
  });
  return {
    child,
    async untilPrinted(words: string) {
      while (!output.includes(words)) await once(child.stderr ?? child, 'data');
      return output;
    },
  };
}

const expected = (size: number, count: number) =>
  Array.from({ length: count }, (_, line) => `${String(line).padStart(size - 1, '.')}\n`).join('');

test.each([
  ['a short output', 100, 20],
  ['an output larger than a pipe, in one write', 1_000_000, 1],
  ['an output larger than a pipe, in many writes', 1_000, 500],
])(
  'a process continues while nobody reads its output, and %s arrives complete and in order',
  async (_, size, count) => {
    const { child, untilPrinted } = write({ size, count, to: 'pipe' });
    // Node reads ahead unless the stream is paused.
    child.stdout?.pause();
    await untilPrinted('continued');
    expect(child.stdout === null ? '' : await text(child.stdout)).toBe(expected(size, count));
    expect(await untilPrinted('written')).toBe('continued\nwritten\n');
  },
);

test('output to a file is complete', async () => {
  const file = path.join(newFolder(), 'out');
  const descriptor = openSync(file, 'w');
  const { child } = write({ size: 1_000, count: 100, to: descriptor });
  closeSync(descriptor);
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(readFileSync(file, 'utf8')).toBe(expected(1_000, 100));
});

test('output to a full, non-blocking pipe is complete', async () => {
  const fifo = path.join(newFolder(), 'pipe');
  execFileSync('mkfifo', [fifo]);
  const descriptor = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  onTestFinished(() => closeSync(descriptor));
  let filled = 0;
  try {
    for (;;) filled += writeSync(descriptor, Buffer.alloc(4_096));
  } catch {
    expect(filled).toBeGreaterThan(0);
  }
  const { untilPrinted } = write({ size: 100, count: 3, to: descriptor });
  await untilPrinted('continued');
  for (let left = filled; left > 0; ) left -= readSync(descriptor, Buffer.alloc(left));
  await untilPrinted('written');
  const rest = Buffer.alloc(1_000);
  expect(rest.subarray(0, readSync(descriptor, rest)).toString()).toBe(expected(100, 3));
});

test('a closed pipe is reported as EPIPE and does not end the process', async () => {
  const { child, untilPrinted } = write({ size: 100, count: 2, to: 'pipe' });
  child.stdout?.destroy();
  expect(await untilPrinted('written')).toBe('continued\nEPIPE\nwritten\n');
});

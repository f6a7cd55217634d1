import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Argv, CommandOptions } from '../../../src/engine/ports/command.ts';
import { createCommandPort } from '../../../src/host/commands/command.ts';
import { sharingReads } from '../../../src/host/commands/sharing-reads.ts';
import { execaStarter } from '../../../src/host/commands/start-command.ts';
import { systemClock } from '../../../src/host/machine/clock.ts';

const READ: CommandOptions = { timeoutMs: 10_000, isRead: true };

/** A port, and a command that writes a line to a file at each of its runs, and prints how many there are. */
function counting() {
  const folder = mkdtempSync(path.join(tmpdir(), 'wf-reads-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'runs');
  const argv: Argv = ['sh', '-c', 'echo >> "$1"; wc -l < "$1"; exit "$2"', 'sh', file];
  return {
    command: sharingReads(createCommandPort(systemClock, execaStarter)),
    read: [...argv, '0'] as const satisfies Argv,
    failing: [...argv, '3'] as const satisfies Argv,
    runs: () => readFileSync(file, 'utf8').length,
  };
}

test('equal reads that are requested at the same moment share one command', async () => {
  const { command, read, runs } = counting();
  const results = await Promise.all([1, 2, 3].map(() => command.run(read, READ)));
  expect(results.map(({ stdout }) => stdout.trim())).toEqual(['1', '1', '1']);
  expect(runs()).toBe(1);
});

test('a read begins after its request: one that is under way answers no later request', async () => {
  const { command, read, runs } = counting();
  const first = command.run(read, READ);
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  const second = command.run(read, READ);
  await Promise.all([first, second]);
  expect(runs()).toBe(2);
});

test('a failed read fails for all its callers, and the next request reads again', async () => {
  const { command, failing, runs } = counting();
  const ends = await Promise.all([1, 2].map(async () => (await command.run(failing, READ)).end));
  expect(ends).toEqual([1, 2].map(() => ({ type: 'exited', exitCode: 3 })));
  await command.run(failing, READ);
  expect(runs()).toBe(2);
});

test('commands that change something, differ, or can be stopped by one of the callers are not shared', async () => {
  const { command, read, failing, runs } = counting();
  const { isRead: _isRead, ...change } = READ;
  const { signal } = new AbortController();
  const namespace = { path: '/proc/self/ns/net', inode: null, process: null };
  await Promise.all([
    ...[change, change].map((options) => command.run(read, options)),
    ...[read, failing].map((argv) => command.run(argv, READ)),
    command.run(read, { ...READ, signal }),
    command.run(read, { ...READ, stdin: '' }),
    command.run(read, { ...READ, namespace }).catch(() => undefined),
  ]);
  // As root, the one in a namespace is run, too.
  expect(runs()).toBe(process.getuid?.() === 0 ? 7 : 6);
});

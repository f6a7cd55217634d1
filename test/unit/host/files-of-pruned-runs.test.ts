import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { removeUnusedCopies } from '../../../src/host/files/kept-files.ts';

test('copies and command files of runs that are not in the history are removed, and nothing else', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'wf-kept-'));
  const names = ['.command-gone-a1B2c3', '.command-known-gone-x-a1B2c3', '.key', 'gone', 'known'];
  try {
    for (const name of names) mkdirSync(path.join(folder, name, 'copy'), { recursive: true });
    removeUnusedCopies(folder, (run) => run.startsWith('known'));
    expect(readdirSync(folder).toSorted()).toEqual(['.command-known-gone-x-a1B2c3', '.key', 'known']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

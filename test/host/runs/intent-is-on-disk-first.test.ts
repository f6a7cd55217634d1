import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startChild } from '../../fixtures/history/child.ts';

/** The system calls of the process, in order, as strace saw them. Only its main thread commits. */
type Call =
  | { readonly type: 'log written' | 'log synchronised' }
  /** A touch of the host: a step runner creates a file. */
  | { readonly type: 'touched'; readonly file: string };

function callsIn(trace: string): readonly Call[] {
  const log = new Set<string>();
  return trace.split('\n').flatMap((line): readonly Call[] => {
    const opened = /openat\([^,]+, "([^"]+)", ([A-Z_|]+).*\) = (\d+)/.exec(line);
    if (opened !== null) {
      const [, file = '', flags = '', fd = ''] = opened;
      if (file.endsWith('wf.db-wal')) log.add(fd);
      else log.delete(fd);
      return /\/mark\d+-\d+$/.test(file) && flags.includes('O_CREAT') ? [{ type: 'touched', file }] : [];
    }
    const [, call = '', fd = ''] = /(pwrite64|fsync|fdatasync)\((\d+)/.exec(line) ?? [];
    if (!log.has(fd)) return [];
    return [{ type: call === 'pwrite64' ? 'log written' : 'log synchronised' }];
  });
}

test.each([1, 6])('no step runner is called before its intent is on disk, with %i concurrent runs', async (runs) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'wf-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const traced = path.join(folder, 'trace');
  const strace = [
    'strace',
    '-f',
    '-qq',
    '-s',
    '0',
    '-e',
    'trace=openat,pwrite64,fsync,fdatasync',
    '-e',
    'signal=none',
    '-o',
    traced,
  ];
  // strace prints file names in full, regardless of `-s`.
  const child = startChild('host/make-files-side-by-side', [String(runs)], strace);
  expect(Number(await child.line(1))).toBe(4 * runs);
  expect(await child.ended).toBe(0);

  let isSynchronised = true;
  let commits = 0;
  const touches: { readonly file: string; readonly afterCommits: number }[] = [];
  for (const call of callsIn(readFileSync(traced, 'utf8'))) {
    if (call.type === 'log written') isSynchronised = false;
    if (call.type === 'log synchronised') {
      isSynchronised = true;
      commits += 1;
    }
    if (call.type === 'touched') {
      expect(isSynchronised, `the log that precedes ${call.file} is on disk`).toBe(true);
      touches.push({ file: path.basename(call.file), afterCommits: commits });
    }
  }
  expect(touches).toHaveLength(4 * runs);
  // Between two touches of one run lie the outcome of the first and the intent of the second: two commits at least.
  for (let run = 0; run < runs; run += 1) {
    const own = touches.filter(({ file }) => file.startsWith(`mark${run}-`));
    expect(own.map(({ file }) => file)).toEqual([0, 1, 2, 3].map((n) => `mark${run}-${n}`));
    own.slice(1).forEach((touch, n) => {
      expect(touch.afterCommits - (own[n]?.afterCommits ?? 0)).toBeGreaterThanOrEqual(2);
    });
  }
  // Concurrent runs use grouped commits: far fewer than each run needs alone.
  if (runs > 1) expect(commits).toBeLessThan(runs * 4 * 2);
});

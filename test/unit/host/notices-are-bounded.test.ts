import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Clock } from '../../../src/engine/ports/clock.ts';
import type { NotifierPort } from '../../../src/engine/ports/notifier.ts';
import { createCommandPort } from '../../../src/host/commands/command.ts';
import { execaStarter } from '../../../src/host/commands/start-command.ts';
import { systemClock } from '../../../src/host/machine/clock.ts';
import { createNotifier } from '../../../src/host/notify/create-notifier.ts';
import { notAfterTest, running } from '../../support/host/processes.ts';
import { runId } from '../../support/in-process/folder-host.ts';

const NEVER = new AbortController().signal;

/** A clock whose long timers are due only when the test advances it; the short ones wait for processes to end. */
function createManualClock() {
  const timers = new Set<{ at: number; done: () => void }>();
  let now = 0;
  return {
    ...systemClock,
    after(ms: number, done: () => void) {
      if (ms < 1_000) return systemClock.after(ms, done);
      const timer = { at: now + ms, done };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    pending: () => timers.size,
    advanceTo(ms: number) {
      now = ms;
      for (const timer of [...timers]) {
        if (timer.at <= now && timers.delete(timer)) timer.done();
      }
    },
  };
}

/** A notifier whose commands run a script with the path of a folder as `$0` and the run as `$1`. */
function openNotifier(clock: Clock, document = '{}\n') {
  const folder = mkdtempSync(path.join(tmpdir(), 'wf-notices-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const notifier = createNotifier({
    command: createCommandPort(clock, execaStarter),
    clock,
    database: '/wf.db',
    read: () => ({ workflow: 'w', status: 'failed', document }),
  });
  const failures: string[] = [];
  const log = path.join(folder, 'log');
  return {
    notifier,
    failures,
    send(run: string, script: string) {
      const argv = ['sh', '-c', script, folder, run] as const;
      const command = { run: runId(run), reason: 'failed', argv, redact: (text: string) => text } as const;
      notifier.send(command, ({ message }) => failures.push(`${run}: ${message}`));
    },
    go: () => writeFileSync(path.join(folder, 'go'), ''),
    log: () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []),
  };
}

const allSent = async (notifier: NotifierPort) => notifier.sent(NEVER);
const LOG = 'echo "$1" >> "$0/log"';
const UNTIL_GO = 'until [ -e "$0/go" ]; do sleep 0.05; done';

test('a command that hangs is ended after 30 s with its children, and holds up only the notices of its own run', async () => {
  const clock = createManualClock();
  const { notifier, send, failures, log } = openNotifier(clock);
  const child = `sleep 1000.${process.pid}`;
  notAfterTest(child);
  send('slow', `${child} & wait`);
  send('slow', LOG);
  send('quick', LOG);
  await vi.waitFor(() => expect([log(), clock.pending()]).toEqual([['quick'], 1]), 10_000);
  clock.advanceTo(29_999);
  expect(failures).toEqual([]);
  clock.advanceTo(30_000);
  await vi.waitFor(() => expect(log()).toEqual(['quick', 'slow']), 10_000);
  await allSent(notifier);
  expect(failures).toEqual([expect.stringMatching(/^slow: .*timed out after 30 s$/)]);
  expect(running(child)).toEqual([]);
  expect(notifier.sent(NEVER)).toBeUndefined();
});

test('many notices run eight at a time, and all that are left are ended after 30 s when wf ends', async () => {
  const { notifier, send, failures, log, go } = openNotifier(systemClock);
  for (let run = 0; run < 20; run += 1) send(`run${run}`, `${LOG}; ${UNTIL_GO}`);
  await vi.waitFor(() => expect(log()).toHaveLength(8), 10_000);
  go();
  await vi.waitFor(() => expect(log()).toHaveLength(20), 10_000);
  await allSent(notifier);
  expect(failures).toEqual([]);

  const clock = createManualClock();
  const ending = openNotifier(clock);
  for (let run = 0; run < 10; run += 1) ending.send(`run${run}`, `trap '' TERM; ${LOG}; ${UNTIL_GO}`);
  const sent = allSent(ending.notifier);
  await vi.waitFor(() => expect(ending.log()).toHaveLength(8), 10_000);
  clock.advanceTo(30_000);
  await vi.waitFor(() => expect(ending.log()).toHaveLength(10), 10_000);
  clock.advanceTo(32_000);
  await sent;
  const ends = ending.failures.map((failure) => /timed out after 30 s|was ended with wf/.exec(failure)?.[0]);
  expect(ends.toSorted()).toEqual([...Array(8).fill('timed out after 30 s'), ...Array(2).fill('was ended with wf')]);
});

test('a command may leave its input unread, and its output is cut', async () => {
  const { notifier, send, failures } = openNotifier(systemClock, 'x'.repeat(4_000_000));
  send('unread', 'exec <&-; head -c 5000000 /dev/zero | tr "\\0" "e" >&2; exit 9');
  send('read', '[ "$(wc -c)" = 4000000 ]');
  await allSent(notifier);
  expect(failures).toEqual([expect.stringMatching(/^unread: .* failed with exit code 9: e{500}$/)]);
});

test('notices that wait behind commands that hang are bounded: further ones are reported', async () => {
  const { notifier, send, failures, go } = openNotifier(systemClock);
  for (let notice = 0; notice < 501; notice += 1) send('slow', UNTIL_GO);
  expect(failures).toEqual([]);
  send('slow', LOG);
  expect(failures).toEqual(['slow: 500 notices wait for their turn']);
  const stop = new AbortController();
  stop.abort();
  go();
  await notifier.sent(stop.signal);
});

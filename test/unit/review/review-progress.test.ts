import { expect, test } from 'vitest';
import { asStepId, type StepId } from '../../../src/engine/model/ids.ts';
import type { HistoryPort } from '../../../src/engine/ports/history.ts';
import { widthOf } from '../../../src/review/text/format/plain-text.ts';
import { progressFrame } from '../../../src/review/text/progress-frame.ts';
import { progressLine } from '../../../src/review/text/progress-line.ts';
import { createProgressFollower } from '../../../src/review/timeline/progress.ts';
import { ROLLING_BACK } from '../../fixtures/history/samples.ts';
import { openForTest } from '../../fixtures/history/temporary.ts';
import {
  BEGIN,
  decided,
  INTERRUPTED,
  leaseTaken,
  recordFailure,
  recordResumed,
  recordRun,
  recordSuccess,
  runId,
  STAGES,
  succeeded,
  takeOver,
} from '../../fixtures/review/lab-run.ts';
import { colourTerminalOf, PIPED, terminalOf } from '../../fixtures/review/style.ts';

function plainLines(store: (history: HistoryPort, id: string) => unknown): readonly string[] {
  const { history } = openForTest();
  store(history, 'r1');
  const { progress, follow } = createProgressFollower();
  return history.journal(runId('r1')).flatMap((entry) => {
    follow(entry);
    return progressLine(progress, entry, PIPED) ?? [];
  });
}

/** The frame after the first `count` journal entries. */
function frameAfter(
  store: (history: HistoryPort, id: string) => unknown,
  count: number,
  { width = 80, height = 24, after = 0, notes = new Map<StepId, string>() } = {},
): readonly string[] {
  const { history } = openForTest();
  store(history, 'r1');
  const { progress, follow } = createProgressFollower();
  const entries = history.journal(runId('r1')).slice(0, count);
  for (const entry of entries) follow(entry);
  const now = (entries.at(-1)?.at ?? BEGIN) + after;
  return progressFrame({ progress, stageNames: STAGES, notes, now, frame: 0, height }, terminalOf(width));
}

test('progress without a terminal is one plain line for each ended step', () => {
  expect(plainLines(recordSuccess)).toEqual([
    'setup  createNetwork  docker.network  ok  100 ms',
    'test  pingControl  probe.ping  ok  2.0 s',
    'host: as before (no residue; drift: none)',
  ]);
});

test('progress lines report a failure, a retry and the rollback', () => {
  const failure = 'E_PROBE_FAILED: 0 of 3 pings from AppDev to 172.18.0.100 were answered';
  expect(plainLines(recordFailure)).toEqual([
    'setup  createNetwork  docker.network  ok  100 ms',
    'setup  addLink  docker.network  ok  100 ms',
    `test  pingSplice  probe.ping  attempt 1 failed  retry in 200 ms  ${failure}`,
    `test  pingSplice  probe.ping  failed  2.2 s  ${failure}`,
    'rolling back',
    'rollback  link int_hote  stuck  device is busy',
    'rollback  network devops  reverted',
    'host: not as before (residues: 1; drift: none)',
  ]);
});

test('the live view shows each finished stage in one line, and the active one with its steps', () => {
  expect(frameAfter(recordSuccess, 1, { after: 40 })).toEqual([
    '⠋ setup     40 ms  1 step',
    '  ⠋ createNetwork  docker.network    40 ms',
    '  test',
    '  teardown',
  ]);
  const notes = new Map([[asStepId('pingControl'), 'waiting for the third answer']]);
  expect(frameAfter(recordSuccess, 5, { after: 1_000, notes })).toEqual([
    '✓ setup     100 ms  1 step',
    '⠋ test      1.0 s  1 step',
    '  ⠋ pingControl  probe.ping    1.0 s  waiting for the third answer',
    '  teardown',
  ]);
});

test('the live view shows the check of the host before the first decision and after the last step', () => {
  expect(frameAfter(recordSuccess, 0).at(-1)).toBe('⠋ checking the host');
  expect(frameAfter(recordSuccess, 9).at(-1)).toBe('⠋ checking the host');
});

test('the last frame shows every stage in one line, and a failed stage with its failed step', () => {
  expect(frameAfter(recordSuccess, 99)).toEqual([
    '✓ setup     100 ms  1 step',
    '✓ test      2.0 s  1 step',
    '✓ teardown  3.9 s  0 steps',
  ]);
  expect(frameAfter(recordFailure, 99, { width: 60 })).toEqual([
    '✓ setup     100 ms  2 steps',
    '✗ test      2.2 s  1 step',
    '  ✗ pingSplice  probe.ping    2.2 s  E_PROBE_FAILED: 0 of 3…',
    '  teardown',
  ]);
});

test('the live view counts undone changes in a rollback', () => {
  const { history } = openForTest();
  recordFailure(history, 'r1');
  const begun = history.journal(runId('r1')).findIndex(({ event }) => event.type === 'rolling-back');
  expect(frameAfter(recordFailure, begun + 3).at(-1)).toBe('⠋ rolling back: 1 of 2 changes undone');
});

test('a stage with more steps than fit shows the latest, and no line is wider than the terminal', () => {
  const many = (history: HistoryPort, id: string) => {
    const run = recordRun(history, id);
    const steps = Array.from({ length: 30 }, (_, index) => `pingNumber${index}`);
    run.at(0, decided(['setup'], steps));
    run.at(5, ...steps.slice(0, 20).map((step) => succeeded(step, null)));
  };
  const frame = frameAfter(many, 99, { width: 40, height: 12 });
  expect(frame.length).toBeLessThanOrEqual(12);
  expect(frame[1]?.trim()).toMatch(/^\d+ earlier steps$/);
  expect(frame.at(-3)).toContain('pingNumber29');
  const { progress, follow } = createProgressFollower();
  const { history } = openForTest();
  recordFailure(history, 'r1');
  for (const entry of history.journal(runId('r1'))) follow(entry);
  const material = { progress, stageNames: STAGES, notes: new Map(), now: BEGIN, frame: 3, height: 24 };
  for (const line of progressFrame(material, colourTerminalOf(30))) expect(widthOf(line)).toBeLessThanOrEqual(30);
});

test('progress lines report pauses, interruptions and resumes', () => {
  expect(plainLines(recordResumed)).toEqual([
    'setup  createNetwork  docker.network  ok  100 ms',
    'paused after setup',
    'resumed by process 4712 after 1 min 0 s',
    'resumed by process 4713 after 3 min 0 s',
    'test  pingControl  probe.ping  ok  2.1 s',
    'host: as before (no residue; drift: none)',
  ]);
  const stopped = (history: HistoryPort, id: string) => {
    const run = recordRun(history, id);
    run.at(0, decided(['setup'], ['createNetwork']), INTERRUPTED);
    const lease = takeOver(history, run.lease);
    history.append(lease, { events: [leaseTaken('rollback')] }, BEGIN + 9);
    history.append(lease, { events: [ROLLING_BACK] }, BEGIN + 9);
  };
  expect(plainLines(stopped)).toEqual(['interrupted by SIGINT', 'rolling back']);
});

test('the live view shows a paused run, and one that is resumed after a kill', () => {
  expect(frameAfter(recordResumed, 5, { after: 30_000 })).toEqual([
    '✓ setup     100 ms  1 step',
    '  test',
    '  teardown',
    'paused after setup',
  ]);
  expect(frameAfter(recordResumed, 8, { after: 50 })).toEqual([
    '✓ setup     100 ms  1 step',
    '⠋ test      150 ms  1 step',
    '  ! pingControl  probe.ping    50 ms',
    '  teardown',
    '⠋ checking the host',
  ]);
});

test('the live view shows an interrupted stage, and its rollback', () => {
  const stopped = (history: HistoryPort, id: string) => {
    const run = recordRun(history, id);
    run.at(0, decided(['setup'], ['createNetwork', 'addLink']));
    run.at(100, succeeded('createNetwork', null), INTERRUPTED);
    history.append(takeOver(history, run.lease), { events: [leaseTaken('rollback')] }, BEGIN + 9_000);
  };
  expect(frameAfter(stopped, 3).map((line) => line.trimEnd())).toEqual([
    '! setup     100 ms  2 steps',
    '  test',
    '  teardown',
    'interrupted',
  ]);
  expect(frameAfter(stopped, 4).at(-1)).toBe('⠋ rolling back: 0 of 0 changes undone');
});

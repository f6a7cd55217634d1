import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asStepId } from '../../../src/engine/model/ids.ts';
import type { RunStatus } from '../../../src/engine/ports/history.ts';
import { readRunMaterial } from '../../../src/review/record/run-material.ts';
import { runRecord } from '../../../src/review/record/run-record.ts';
import { stepAttempts } from '../../../src/review/record/steps/step-attempts.ts';
import { bar } from '../../../src/review/text/format/bar.ts';
import { widthOf } from '../../../src/review/text/format/plain-text.ts';
import { timelineLines } from '../../../src/review/text/run/timeline-text.ts';
import { timelineOf } from '../../../src/review/timeline/timeline.ts';
import { openForTest } from '../../fixtures/history/temporary.ts';
import {
  attempted,
  BEGIN,
  decided,
  leaseTaken,
  recordFailure,
  recordResumed,
  recordRun,
  runId,
} from '../../fixtures/review/lab-run.ts';
import { replayRecordedLab } from '../../fixtures/review/recorded-lab-run.ts';
import { colourTerminalOf, terminalOf } from '../../fixtures/review/style.ts';

function journalOf(store: (history: ReturnType<typeof openForTest>['history'], id: string) => unknown) {
  const { history } = openForTest();
  store(history, 'r1');
  return history.journal(runId('r1'));
}

test('a bar is proportional to its part of the run, never empty, and never beyond the scale', () => {
  const timeline = { totalMs: 1_000, gapsMs: [500] };
  expect(bar([{ fromMs: 0, toMs: 250, type: 'work' }], timeline, 8)).toBe('██  ┊');
  expect(bar([{ fromMs: 500, toMs: 1_000, type: 'lost' }], timeline, 8)).toBe('    ▒▒▒▒');
  expect(bar([{ fromMs: 1_000, toMs: 1_000, type: 'work' }], { totalMs: 1_000, gapsMs: [] }, 8)).toBe('       █');
  expect(bar([{ fromMs: 0, toMs: 0, type: 'work' }], { totalMs: 0, gapsMs: [] }, 8)).toBe('█');
  fc.assert(
    fc.property(
      fc.nat(5_000),
      fc.nat(5_000),
      fc.nat(10_000),
      fc.integer({ min: 1, max: 60 }),
      (from, took, rest, width) => {
        const drawn = bar(
          [{ fromMs: from, toMs: from + took, type: 'work' }],
          { totalMs: from + took + rest, gapsMs: [] },
          width,
        );
        expect(drawn.length).toBeLessThanOrEqual(width);
        expect(drawn).toContain('█');
      },
    ),
  );
});

test('a timeline omits time without an owner, and ends an interrupted attempt at the last entry of its process', () => {
  const timeline = timelineOf(journalOf(recordResumed), 'succeeded', BEGIN);
  expect(timeline.totalMs).toBe(2_400);
  expect(timeline.gapsMs).toEqual([100, 200]);
  expect(timeline.steps.get(asStepId('pingControl'))).toEqual([
    { fromMs: 200, toMs: 200, type: 'lost' },
    { fromMs: 300, toMs: 2_300, type: 'work' },
  ]);
  expect(timeline.stages.get('test')).toEqual([{ fromMs: 100, toMs: 2_300, type: 'work' }]);
});

test('a timeline has spans for attempts, the time between them, and the rollback apart from the failed stage', () => {
  const timeline = timelineOf(journalOf(recordFailure), 'needs-attention', BEGIN);
  expect(timeline.steps.get(asStepId('pingSplice'))).toEqual([
    { fromMs: 100, toMs: 1_100, type: 'lost' },
    { fromMs: 1_100, toMs: 1_300, type: 'between' },
    { fromMs: 1_300, toMs: 2_300, type: 'lost' },
  ]);
  expect(timeline.stages.get('test')).toEqual([{ fromMs: 100, toMs: 2_400, type: 'work' }]);
  expect(timeline.rollback).toEqual([{ fromMs: 2_400, toMs: 2_600, type: 'work' }]);
});

test('the span of a running step ends now', () => {
  const journal = journalOf((history, id) =>
    recordRun(history, id).at(0, leaseTaken('start'), decided(['setup'], ['createNetwork'])),
  );
  const spansAt = (now: number, status: RunStatus) =>
    timelineOf(journal, status, now).steps.get(asStepId('createNetwork'));
  expect(spansAt(BEGIN + 700, 'running')).toEqual([{ fromMs: 0, toMs: 700, type: 'work' }]);
  // Its process is gone: the end of its work is unknown.
  expect(spansAt(BEGIN + 700, 'interrupted')).toEqual([{ fromMs: 0, toMs: 0, type: 'lost' }]);
});

test('stepAttempts returns the times, the error and the outcome of each attempt', () => {
  const journal = journalOf((history, id) => {
    const run = recordRun(history, id);
    run.at(0, leaseTaken('start'), decided(['setup'], ['createNetwork']));
    run.at(50, leaseTaken('resume'));
    run.at(60, attempted('createNetwork', 2));
    run.at(90, { type: 'step.stopped', step: asStepId('createNetwork'), attempt: 2 });
  });
  const attempt = { error: null, retryAt: null };
  expect(stepAttempts(journal, 'failed').get(asStepId('createNetwork'))).toEqual([
    { ...attempt, attempt: 1, outcome: 'interrupted', startedAt: BEGIN, finishedAt: BEGIN },
    { ...attempt, attempt: 2, outcome: 'stopped', startedAt: BEGIN + 60, finishedAt: BEGIN + 90 },
  ]);
});

test('the timeline of a recorded run fits terminals from 80 columns on, with the same text with and without colour', () => {
  const { history } = openForTest();
  const material = replayRecordedLab(history);
  const record = runRecord(material, () => true);
  for (const width of [80, 100, 120, 200]) {
    const lines = timelineLines(material, record, 0, terminalOf(width));
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width);
    // A step id is never truncated, as the user types it.
    for (const { id } of record.steps)
      expect(
        lines.some((line) => line.startsWith(`    ${id} `)),
        id,
      ).toBe(true);
    const coloured = timelineLines(material, record, 0, colourTerminalOf(width)).map(stripVTControlCharacters);
    expect(coloured).toEqual(lines);
  }
});

test('a terminal too narrow for bars shows the times without bars and legend', () => {
  const { history } = openForTest();
  recordFailure(history, 'r1');
  const run = history.run(runId('r1'));
  if (run === undefined) throw new Error('the run is not in the history');
  const material = readRunMaterial(history, run);
  const lines = timelineLines(
    material,
    runRecord(material, () => true),
    0,
    terminalOf(40),
  );
  for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(40);
  expect(lines.join('\n')).toMatch(/^ {4}pingSplice +failed +2\.2 s$/m);
  expect(lines.join('\n')).not.toMatch(/[█▒┊]/);
});

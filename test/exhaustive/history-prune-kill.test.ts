import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { asStepId } from '../../src/engine/model/ids.ts';
import { startChild } from '../fixtures/history/child.ts';
import { rebuildProjection } from '../fixtures/history/rebuild-projection.ts';
import { AT, DEFINITION, decidedToStart, ENDED, headerOf, OWNER } from '../fixtures/history/samples.ts';
import { openForTest, openRaw } from '../fixtures/history/temporary.ts';

const RUNS = 1_500;
const STEPS = Array.from({ length: 12 }, (_, index) => `step${index}`);

test.each([1, 2, 3])('killed pruning has removed only whole runs (%i)', async () => {
  const { history, path } = openForTest();
  const evidence = STEPS.map((step) => ({
    step: asStepId(step),
    attempt: 1,
    command: 'ip link',
    output: 'x'.repeat(300),
    exitCode: 0,
    startedAt: AT,
    durationMs: 1,
  }));
  for (let index = 0; index < RUNS; index++) {
    const lease = history.create(headerOf(`r${index}`), DEFINITION, OWNER, [], AT);
    history.append(lease, { events: [decidedToStart(...STEPS), ENDED], evidence }, AT);
  }
  const child = startChild('history/prune-loop', [path]);
  await child.line(1);
  await delay(Math.random() * 30);
  child.process.kill('SIGKILL');
  await child.ended;

  const told = child.lines.reduce((sum, line) => sum + Number(line), 0);
  const left = history.runs({ limit: RUNS });
  expect(left.length).toBeLessThanOrEqual(RUNS - told);
  for (const { id, status } of left) {
    expect(rebuildProjection(history.journal(id))?.steps).toEqual(history.steps(id));
    expect([status, history.evidence(id).length]).toEqual(['succeeded', STEPS.length]);
  }
  const raw = openRaw(path);
  for (const table of ['journal', 'steps', 'evidence']) {
    expect(raw.prepare(`SELECT count(DISTINCT run) FROM ${table}`).pluck().get()).toBe(left.length);
  }
});

import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { asStepId } from '../../src/engine/model/ids.ts';
import { startChild } from '../fixtures/history/child.ts';
import { rebuildProjection } from '../fixtures/history/rebuild-projection.ts';
import { AT, DEFINITION, decidedToStart, ENDED, headerOf, OWNER } from '../fixtures/history/samples.ts';
import { openForTest, openRaw, temporaryFolder } from '../fixtures/history/temporary.ts';
import { EVERY_CASE } from '../support/rotation.ts';

const RUNS = 1_500;
const STEPS = Array.from({ length: 12 }, (_, index) => `step${index}`);

const KILLS = EVERY_CASE ? 3 : 1;

test('killed pruning has removed only whole runs', { timeout: 180_000 }, async () => {
  const filled = openForTest();
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
    const lease = filled.history.create(headerOf(`r${index}`), DEFINITION, OWNER, [], AT);
    filled.history.append(lease, { events: [decidedToStart(...STEPS), ENDED], evidence }, AT);
  }
  filled.history.close();
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const path = join(temporaryFolder(), 'wf.db');
    copyFileSync(filled.path, path);
    const { history } = openForTest(path);
    expect(history.runs({ limit: RUNS })).toHaveLength(RUNS);
    const child = startChild('history/prune-loop', [path]);
    await child.line(1);
    await delay(Math.random() * 30);
    child.process.kill('SIGKILL');
    await child.ended;

    const removed = child.lines.reduce((sum, line) => sum + Number(line), 0);
    const left = history.runs({ limit: RUNS });
    expect(left.length).toBeLessThanOrEqual(RUNS - removed);
    for (const { id, status } of left) {
      expect(rebuildProjection(history.journal(id))?.steps).toEqual(history.steps(id));
      expect([status, history.evidence(id).length]).toEqual(['succeeded', STEPS.length]);
    }
    const raw = openRaw(path);
    for (const table of ['journal', 'steps', 'evidence']) {
      expect(raw.prepare(`SELECT count(DISTINCT run) FROM ${table}`).pluck().get()).toBe(left.length);
    }
  }
});

import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Clock } from '../../../src/engine/ports/clock.ts';
import type { History } from '../../../src/history/history.ts';
import { openHistoryForReading } from '../../../src/history/open.ts';
import { createMetrics, type MetricsDependencies } from '../../../src/metrics/create-metrics.ts';
import { AT, DEFINITION, decidedToStart, ENDED, HASH, headerOf, OWNER } from '../../fixtures/history/samples.ts';
import { openForTest, openRaw } from '../../fixtures/history/temporary.ts';
import { parsePrometheus, valuesOf } from '../../support/prometheus-text.ts';

/** A clock whose only timer the test fires. */
function manualClock() {
  const timers: { readonly delayMs: number; readonly inBackground: boolean; readonly callback: () => void }[] = [];
  const clock: Pick<Clock, 'now' | 'after'> = {
    now: () => AT,
    after(delayMs, callback, inBackground = false) {
      const timer = { delayMs, callback, inBackground };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), 1);
    },
  };
  return { clock, timers, fire: () => timers.shift()?.callback() };
}

function measured(history: MetricsDependencies['history'], clock = manualClock().clock) {
  const metrics = createMetrics({ history, clock, isAlive: () => true });
  onTestFinished(() => metrics.close());
  return { metrics, ends: async () => valuesOf(parsePrometheus(await metrics.text()), 'wf_runs_ended_total') };
}

let created = 0;
function run(history: History, at = AT): void {
  created += 1;
  const lease = history.create(headerOf(`k${created}`, { createdAt: at }), DEFINITION, OWNER, [], at);
  history.append(lease, { events: [decidedToStart('a'), ENDED] }, at);
}

const prune = (history: History, endedBefore: number) =>
  history.pruneSome({ endedBefore, keep: 0, isAlive: () => false }, null).removed.length;

describe('the counters', () => {
  test('count what this process and others commit, each entry once', async () => {
    const { history, path } = openForTest();
    const other = openForTest(path).history;
    const { ends } = measured(history);
    run(history);
    run(other);
    expect(await ends()).toEqual({ 'lab succeeded': 2 });
    expect(await ends()).toEqual({ 'lab succeeded': 2 });
    run(other);
    const [first, second] = await Promise.all([ends(), ends()]);
    expect([first, second]).toEqual([{ 'lab succeeded': 3 }, { 'lab succeeded': 3 }]);
  });

  test('count many entries without blocking the process', async () => {
    const { history } = openForTest();
    const { ends } = measured(history);
    await history.groupedCommit(() => {
      for (let n = 0; n < 1_700; n += 1) run(history);
    });
    let turns = 0;
    const counting = ends();
    let isDone = false;
    void counting.then(() => (isDone = true));
    while (!isDone) {
      await turn();
      turns += 1;
    }
    expect(await counting).toEqual({ 'lab succeeded': 1_700 });
    // 3,400 entries.
    expect(turns).toBeGreaterThanOrEqual(3);
  });

  test('count in the background, so that entries pruned between two texts are counted', async () => {
    const { history } = openForTest();
    const { clock, timers, fire } = manualClock();
    const { ends, metrics } = measured(history, clock);
    await turn();
    expect(timers).toMatchObject([{ delayMs: 1_000, inBackground: true }]);
    run(history);
    fire();
    await turn();
    expect(prune(history, AT + 1)).toBe(1);
    expect(await ends()).toEqual({ 'lab succeeded': 1 });
    metrics.close();
    expect(timers).toEqual([]);
  });

  test('count new runs after the newest were pruned, whose places in the journal they take', async () => {
    const { history } = openForTest();
    const { ends } = measured(history);
    for (let n = 0; n < 3; n += 1) run(history);
    expect(await ends()).toEqual({ 'lab succeeded': 3 });
    expect(prune(history, AT + 1)).toBe(3);
    expect(await ends()).toEqual({ 'lab succeeded': 3 });
    run(history);
    expect(await ends()).toEqual({ 'lab succeeded': 4 });
  });

  test('count the same after old runs were pruned and the database was compacted', async () => {
    const { history, path } = openForTest();
    const other = openForTest(path).history;
    const { ends } = measured(history);
    for (let n = 0; n < 5; n += 1) run(history, AT + n);
    expect(await ends()).toEqual({ 'lab succeeded': 5 });
    expect(prune(other, AT + 3)).toBe(3);
    other.compact(() => false);
    run(other);
    expect(await ends()).toEqual({ 'lab succeeded': 6 });
  });

  test('report a damaged entry in each text, and do not end the process', async () => {
    const { history, path } = openForTest();
    const { clock, timers, fire } = manualClock();
    const { metrics } = measured(history, clock);
    await turn();
    run(history);
    openRaw(path).exec(`UPDATE journal SET data = '{"status":"dreamt"}' WHERE type = 'ended'`);
    fire();
    await turn();
    expect(timers).toHaveLength(1);
    for (let n = 0; n < 2; n += 1) {
      await expect(metrics.text()).rejects.toMatchObject({ code: 'E_DATABASE_DAMAGED' });
    }
    openRaw(path).exec(`UPDATE journal SET data = '{"status":"succeeded"}' WHERE type = 'ended'`);
    expect(valuesOf(parsePrometheus(await metrics.text()), 'wf_runs_ended_total')).toEqual({ 'lab succeeded': 1 });
  });

  test('work with a history that is open for reading', async () => {
    const { history, path } = openForTest();
    const reader = openHistoryForReading(path);
    if (reader === undefined) throw new Error('no database');
    onTestFinished(() => reader.close());
    const { ends } = measured(reader);
    run(history);
    expect(await ends()).toEqual({ 'lab succeeded': 1 });
  });
});

test('a text takes as long with a hundred thousand runs that have ended as with ten', async () => {
  const ofRuns = async (count: number) => {
    const { history, path } = openForTest();
    run(history);
    const raw = openRaw(path);
    raw.exec(`
      WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ${count})
      INSERT INTO runs (id, workflow, definition_hash, runtime, input, options, status, created_at, finished_at, fence, auto_resume)
      SELECT 'many' || n, 'lab', '${HASH}', 'docker', '{}', '{}', 'succeeded', ${AT} + n, ${AT} + n, 1, 0 FROM n`);
    const { metrics } = measured(history);
    const times: number[] = [];
    for (let n = 0; n < 30; n += 1) {
      const begun = performance.now();
      await metrics.text();
      times.push(performance.now() - begun);
    }
    return Math.min(...times);
  };
  const few = await ofRuns(10);
  const many = await ofRuns(100_000);
  expect(many).toBeLessThan(3 * few + 1);
});

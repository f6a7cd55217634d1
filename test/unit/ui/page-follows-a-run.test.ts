import { afterEach, describe, expect, test } from 'vitest';
import { asStepId } from '../../../src/engine/model/ids.ts';
import type { JournalEvent } from '../../../src/engine/model/journal-event.ts';
import type { Clock } from '../../../src/engine/ports/clock.ts';
import { readRunMaterial } from '../../../src/review/record/run-material.ts';
import { mergeUpdate } from '../../../src/ui/pages/live/merge-update.ts';
import { grownSpans } from '../../../src/ui/pages/run/timeline-content.ts';
import { createFeeds } from '../../../src/ui/stream/feeds.ts';
import { createRunFeed } from '../../../src/ui/stream/run-feed.ts';
import { type RunUpdate, type RunView, runUpdate, runView } from '../../../src/ui/views/runs/run-view.ts';
import { storedRun } from '../../fixtures/history/stored-run.ts';
import { openForTest } from '../../fixtures/history/temporary.ts';
import {
  attempted,
  decided,
  FAILURE,
  failed,
  intended,
  OWNER,
  recordRun,
  runId,
  settled,
  succeeded,
} from '../../fixtures/review/lab-run.ts';
import { RECORDED } from '../../fixtures/review/recorded-lab-run.ts';
import { type SimulatedClock, simulatedClock } from '../../support/in-process/simulated-clock.ts';

/** Events that alter steps and changes that they do not name. */
const TROUBLED: readonly JournalEvent[] = [
  { type: 'lease.taken', purpose: 'start', owner: OWNER, pauseAfter: null },
  decided(['setup'], ['createNetwork', 'createBridge']),
  intended(1, 'createNetwork', 'network devops', ['docker network rm devops']),
  { type: 'change.applied', seq: 1, record: {}, target: 'network devops', undo: ['docker network rm 3f2a'] },
  succeeded('createNetwork', { id: '3f2a' }),
  { type: 'step.retrying', step: asStepId('createBridge'), attempt: 1, error: FAILURE, retryAt: 0 },
  attempted('createBridge', 2),
  { type: 'interrupted', signal: 'SIGINT' },
  { type: 'lease.taken', purpose: 'resume', owner: OWNER, pauseAfter: null },
  attempted('createBridge', 3),
  // That process was killed.
  { type: 'lease.taken', purpose: 'resume', owner: OWNER, pauseAfter: null },
  attempted('createBridge', 4),
  failed('createBridge', FAILURE, 4),
  { type: 'rolling-back', error: FAILURE, kept: [] },
  { type: 'change.reverting', seq: 1 },
  settled(1, 'reverted'),
  { type: 'ended', status: 'rolled-back', output: null, error: FAILURE },
];

/** The drawn values of a page: a span that has not ended lasts until now. */
function drawn(view: RunView): unknown {
  return {
    ...view,
    steps: view.steps.map((step) => ({
      ...step,
      spans: grownSpans(step.spans, step.status === 'running', view.timeline.totalMs),
    })),
  };
}

test.each([
  ['the lab', RECORDED.journal.map(({ event }) => event)],
  ['a run with a retry, an interruption, a failure and a rollback', TROUBLED],
])('a page that merges the news of %s, entry by entry, shows the same as a new page', (_name, events) => {
  const { history } = openForTest();
  let { lease } = recordRun(history, 'followed', { createdAt: 0 });
  const isAlive = () => true;
  let page: RunView | undefined;
  let skipping: RunView | undefined;
  for (const [index, event] of events.entries()) {
    const at = (index + 1) * 10;
    if (event.type === 'lease.taken' && event.purpose === 'resume')
      lease = history.takeOver(runId('followed'), OWNER, () => false);
    history.append(lease, { events: [event] }, at);
    const run = storedRun(history, runId('followed'));
    const material = readRunMaterial(history, run);
    const now = at + 5;
    const whole = runView(history, run, { isAlive, pidNamespace: '1' }, now);
    const newsFor = (after: number) => runUpdate(history, material, { isAlive, pidNamespace: '1' }, now, after);
    page = page === undefined ? whole : mergeUpdate(page, newsFor(page.seq));
    expect(drawn(page), `after ${event.type}`).toEqual(drawn(whole));
    // A page that was disconnected for a while.
    skipping =
      skipping === undefined || index % 7 === 0
        ? mergeUpdate(skipping ?? whole, newsFor(skipping?.seq ?? 0))
        : skipping;
    if (index % 7 === 0) expect(drawn(skipping)).toEqual(drawn(whole));
  }
});

describe('the feed of a run', () => {
  let now = 0;
  afterEach(() => {
    now = 0;
  });
  const clock: Clock = { now: () => now, sinceBoot: () => now, after: () => () => {} };

  function open(isAlive: () => boolean) {
    const { history } = openForTest();
    const recorder = recordRun(history, 'fed', { createdAt: 0 });
    const feed = createRunFeed(runId('fed'), { clock, isAlive, pidNamespace: '1' });
    const updates: RunUpdate[] = [];
    const gone: string[] = [];
    const follow = (after: number) =>
      feed.add(after, { update: (update) => updates.push(update), gone: () => gone.push('gone') });
    const refresh = () => {
      now += 1_000;
      feed.refresh({ ...history });
    };
    return { recorder, history, follow, refresh, updates, gone };
  }

  test('sends the steps of a run whose process is gone, although no entry names them', () => {
    let isAlive = true;
    const { recorder, follow, refresh, updates } = open(() => isAlive);
    recorder.at(10, decided(['setup'], ['createNetwork']), attempted('createNetwork'));
    follow(0);
    refresh();
    expect(updates.at(-1)?.steps.map(({ status }) => status)).toEqual(['running']);
    isAlive = false;
    refresh();
    expect(updates.at(-1)).toMatchObject({ run: { status: 'interrupted' }, steps: [{ status: 'interrupted' }] });
    const count = updates.length;
    refresh();
    expect(updates.length).toBe(count);
  });

  test('reports once that a run is not in the history', () => {
    const { history, updates, gone } = open(() => true);
    const feed = createRunFeed(runId('pruned'), { clock, isAlive: () => true, pidNamespace: '1' });
    feed.add(3, { update: (update) => updates.push(update), gone: () => gone.push('gone') });
    feed.refresh(history);
    now += 1_000;
    feed.refresh(history);
    expect([updates, gone]).toEqual([[], ['gone']]);
    expect(feed.isEmpty).toBe(true);
  });
});

/** Waits for this many checks of the feeds. */
async function checks(clock: SimulatedClock, count: number): Promise<void> {
  for (let check = 0; check < count; check += 1) {
    clock.after(100, () => {});
    clock.step();
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  }
}

test('an unreadable run keeps its news until it can be read, and delays no page of another run', async () => {
  const { history } = openForTest();
  const clock = simulatedClock();
  const recorders = ['damaged', 'sound'].map((id) => recordRun(history, id));
  for (const run of recorders) run.at(1, decided(['setup'], ['createNetwork']), attempted('createNetwork'));
  let [isDamaged, isAlive] = [true, true];
  const steps: typeof history.steps = (id) => {
    if (isDamaged && id === 'damaged') throw new Error('a damaged row');
    return history.steps(id);
  };
  const reader = { ...history, steps };
  const feeds = createFeeds({ clock, isAlive: () => isAlive, pidNamespace: '1', history: async () => reader });
  const news: string[] = [];
  const stop = ['damaged', 'sound'].map((id) =>
    feeds.followRun(runId(id), 0, { update: ({ run }) => news.push(`${run.id} ${run.status}`), gone: () => {} }),
  );
  let lists = 0;
  feeds.followRuns(() => {
    lists += 1;
  });
  await checks(clock, 20);
  expect([news, lists]).toEqual([['sound running'], 1]);
  isDamaged = false;
  await checks(clock, 1);
  expect(news.splice(0)).toEqual(['sound running', 'damaged running']);
  [isDamaged, isAlive] = [true, false];
  await checks(clock, 2);
  isDamaged = false;
  await checks(clock, 1);
  expect(news).toEqual(['sound interrupted', 'damaged interrupted']);
  for (const each of stop) each();
  feeds.close();
});

test('a page that leaves takes no news from one that opened after the run was removed and created again', async () => {
  const { history } = openForTest();
  const clock = simulatedClock();
  const feeds = createFeeds({ clock, isAlive: () => true, pidNamespace: '1', history: async () => history });
  const gone: string[] = [];
  const follow = (name: string) =>
    feeds.followRun(runId('back'), 0, { update: () => gone.push(`news for ${name}`), gone: () => gone.push(name) });
  const [first, second] = [follow('first'), follow('second')];
  await checks(clock, 1);
  first();
  follow('third');
  recordRun(history, 'back').at(1, decided(['setup']));
  second();
  await checks(clock, 1);
  expect(gone).toEqual(['first', 'second', 'news for third']);
});

test('a list learns of the death of a process that was never seen alive', async () => {
  const { history, path } = openForTest();
  const { history: reader } = openForTest(path);
  const clock = simulatedClock();
  const feeds = createFeeds({ clock, isAlive: () => false, pidNamespace: '1', history: async () => reader });
  let news = 0;
  feeds.followRuns(() => {
    news += 1;
  });
  await checks(clock, 6);
  recordRun(history, 'brief');
  await checks(clock, 1);
  // One for the opened page, and one for the commit, which the page may have read before the process died.
  expect(news).toBe(2);
  await checks(clock, 10);
  expect(news).toBe(3);
  feeds.close();
});

import { afterEach, describe, expect, test } from 'vitest';
import { asStepId } from '../../../src/engine/model/ids.ts';
import type { JournalEvent } from '../../../src/engine/model/journal-event.ts';
import type { Clock } from '../../../src/engine/ports/clock.ts';
import { readRunMaterial } from '../../../src/review/record/run-material.ts';
import { mergeUpdate } from '../../../src/ui/pages/live/merge-update.ts';
import { grownSpans } from '../../../src/ui/pages/run/timeline-rows.ts';
import { createRunFeed } from '../../../src/ui/stream/run-feed.ts';
import { type RunUpdate, type RunView, runUpdate, runView } from '../../../src/ui/views/run-view.ts';
import { openForTest } from '../../fixtures/history/temporary.ts';
import {
  attempted,
  decided,
  FAILURE,
  failed,
  intended,
  OWNER,
  runId,
  settled,
  succeeded,
  tell,
} from '../../fixtures/review/lab-run.ts';
import { RECORDED } from '../../fixtures/review/recorded-lab-run.ts';

/** Events after which steps and changes differ that they do not name. */
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
  let { lease } = tell(history, 'followed', { createdAt: 0 });
  const isAlive = () => true;
  let page: RunView | undefined;
  let skipping: RunView | undefined;
  for (const [index, event] of events.entries()) {
    const at = (index + 1) * 10;
    if (event.type === 'lease.taken' && event.purpose === 'resume')
      lease = history.takeOver(runId('followed'), OWNER, () => false);
    history.append(lease, { events: [event] }, at);
    const run = history.run(runId('followed'));
    if (run === undefined) throw new Error('the run is gone');
    const material = readRunMaterial(history, run);
    const now = at + 5;
    const whole = runView(history, run, { isAlive, pidNamespace: '1' }, now);
    const newsFor = (after: number) => runUpdate(history, material, { isAlive, pidNamespace: '1' }, now, after);
    page = page === undefined ? whole : mergeUpdate(page, newsFor(page.seq));
    expect(drawn(page), `after ${event.type}`).toEqual(drawn(whole));
    // A page that was away for a while.
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
    const told = tell(history, 'fed', { createdAt: 0 });
    const feed = createRunFeed(runId('fed'), { clock, isAlive, pidNamespace: '1' });
    const updates: RunUpdate[] = [];
    const gone: string[] = [];
    const follow = (after: number) =>
      feed.add(after, { update: (update) => updates.push(update), gone: () => gone.push('gone') });
    const refresh = () => {
      now += 1_000;
      feed.refresh({ ...history });
    };
    return { told, history, follow, refresh, updates, gone };
  }

  test('sends the steps of a run whose process is gone, although no entry names them', () => {
    let isAlive = true;
    const { told, follow, refresh, updates } = open(() => isAlive);
    told.at(10, decided(['setup'], ['createNetwork']), attempted('createNetwork'));
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

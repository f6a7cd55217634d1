import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { Owner } from '../../../src/engine/model/identity/owner.ts';
import { asDefinitionHash, asStepId } from '../../../src/engine/model/ids.ts';
import type { JournalEvent } from '../../../src/engine/model/journal-event.ts';
import type { RunRequest } from '../../../src/engine/model/request.ts';
import type { Lease } from '../../../src/engine/ports/history.ts';
import type { History } from '../../../src/history/history.ts';
import { createMetrics, type Metrics } from '../../../src/metrics/create-metrics.ts';
import {
  AT,
  DEFINITION,
  decidedToStart,
  ENDED,
  headerOf,
  INTERRUPTED,
  intended,
  OWNER,
  PAUSED,
  ROLLING_BACK,
  runId,
} from '../../fixtures/history/samples.ts';
import { openForTest, openRaw } from '../../fixtures/history/temporary.ts';
import { type SimulatedClock, simulatedClock } from '../../support/in-process/simulated-clock.ts';
import { parsePrometheus, valueIn, valuesOf } from '../../support/prometheus-text.ts';

const ALIVE: Owner = { ...OWNER, pid: 1 };
const DEAD: Owner = { ...OWNER, pid: 2 };

let clock: SimulatedClock;
let history: History;
let path: string;
let metrics: Metrics;
let asked: number;
beforeEach(() => {
  clock = simulatedClock(AT);
  ({ history, path } = openForTest());
  asked = 0;
  const isAlive = ({ pid }: Owner) => {
    asked += 1;
    return pid === ALIVE.pid;
  };
  metrics = createMetrics({ history, clock, isAlive });
  onTestFinished(() => metrics.close());
});

const scrape = async () => parsePrometheus(await metrics.text());

let created = 0;
function create(owner: Owner, ...events: readonly JournalEvent[]): Lease {
  created += 1;
  const lease = history.create(headerOf(`r${created}`), DEFINITION, owner, [], AT);
  const taken: JournalEvent = { type: 'lease.taken', purpose: 'start', owner, pauseAfter: null };
  history.append(lease, { events: [taken, decidedToStart('a'), ...events] }, AT);
  return lease;
}

const error = { code: 'E_DOCKER', message: 'no answer', hint: 'try again' } as const;
const ended = (status: 'failed' | 'rolled-back' | 'needs-attention'): JournalEvent => ({
  type: 'ended',
  status,
  output: null,
  error,
});
const WAITING: JournalEvent = { type: 'waiting', events: ['go'] };
const UNCONFIRMED: JournalEvent = {
  type: 'unconfirmed',
  deadline: { bootId: OWNER.bootId, setAtMs: 0, dueMs: 1, at: AT + 1 },
  newestSession: null,
  kept: [],
  output: null,
};
const settled = (seq: number, status: 'reverted' | 'gone' | 'kept' | 'stuck'): JournalEvent => ({
  type: 'change.settled',
  seq,
  status,
  reason: null,
});

test('open runs count by their displayed status, and so do those that need attention', async () => {
  create(ALIVE);
  create(ALIVE, WAITING);
  create(ALIVE, ROLLING_BACK);
  create(ALIVE, UNCONFIRMED);
  for (const events of [[], [WAITING], [ROLLING_BACK], [WAITING, decidedToStart('b')]]) create(DEAD, ...events);
  create(DEAD, UNCONFIRMED);
  history.release(create(ALIVE, WAITING));
  history.release(create(ALIVE));
  create(DEAD, PAUSED);
  create(ALIVE, INTERRUPTED);
  create(ALIVE, ended('needs-attention'));
  for (const end of [ENDED, ended('failed'), ended('rolled-back')]) create(ALIVE, end);

  expect(valuesOf(await scrape(), 'wf_runs')).toEqual({
    running: 1,
    waiting: 2,
    paused: 1,
    unconfirmed: 2,
    'rolling-back': 1,
    'needs-attention': 1,
    interrupted: 6,
  });
  // Each process, however many runs it owns.
  expect(asked).toBe(2);
});

test('the changes in place count as `wf changes` lists them', async () => {
  create(
    ALIVE,
    ...[1, 2, 3, 4, 5, 6].map((seq) => intended(seq, 'a')),
    settled(1, 'reverted'),
    settled(2, 'gone'),
    settled(3, 'kept'),
    settled(4, 'stuck'),
    ENDED,
  );
  create(ALIVE, intended(1, 'a'));
  expect(valueIn(await scrape(), 'wf_changes_in_place')).toBe(5);
  expect(history.changesInPlace()).toHaveLength(5);
});

test('the open requests count, with the age of the oldest', async () => {
  const request: RunRequest = {
    by: { user: 'ann', sudoUser: null, host: 'here' },
    demand: { kind: 'pause' },
    comment: null,
  };
  const first = create(ALIVE);
  const second = create(ALIVE);
  const open = async () => {
    const parsed = await scrape();
    return [valueIn(parsed, 'wf_requests_open'), valueIn(parsed, 'wf_requests_oldest_open_age_seconds')];
  };
  expect(await open()).toEqual([0, 0]);
  const number = history.request(second.run, request, AT + 1_000);
  history.request(first.run, request, AT + 3_500);
  clock.set(AT + 5_000);
  expect(await open()).toEqual([2, 4]);
  history.append(second, { events: [{ type: 'answered', request: number, outcome: { type: 'handled' } }] }, AT + 6_000);
  expect(await open()).toEqual([1, 1.5]);
  // Somebody has set the clock back.
  clock.set(AT);
  expect(await open()).toEqual([1, 0]);
});

test('a run of another machine counts nowhere', async () => {
  const there = openForTest().history;
  const hash = asDefinitionHash('b'.repeat(64));
  const ids = [[WAITING], [ended('needs-attention')]].map((events, index) => {
    const header = headerOf(`there${index}`, { definitionHash: hash });
    const lease = there.create(header, DEFINITION, ALIVE, [], AT);
    const request: JournalEvent = {
      type: 'requested',
      by: { user: 'ann', sudoUser: null, host: 'there' },
      demand: { kind: 'pause' },
      comment: null,
    };
    const answered: JournalEvent = { type: 'answered', request: 5, outcome: { type: 'handled' } };
    const taken: JournalEvent = { type: 'lease.taken', purpose: 'resume', owner: ALIVE, pauseAfter: null, from: DEAD };
    const stopped: JournalEvent = { type: 'step.stopped', step: asStepId('a'), attempt: 1 };
    there.append(
      lease,
      {
        events: [
          taken,
          decidedToStart('a'),
          intended(1, 'a'),
          stopped,
          request,
          answered,
          request,
          settled(1, 'stuck'),
          ...events,
        ],
      },
      AT,
    );
    return header.id;
  });
  const before = await metrics.text();
  for (const id of ids) history.importRun(there.exportRun(id, 'there'), AT);
  expect(openRaw(path).prepare('SELECT count(*) FROM open_requests').pluck().get()).toBe(2);
  const after = await metrics.text();
  const withoutCommits = (text: string) => text.replaceAll(/^wf_commit_.*$/gm, '');
  expect(withoutCommits(after)).toBe(withoutCommits(before));
  expect(history.run(runId('there0'))?.status).toBe('waiting');
});

test('the commits of this process are measured: a grouped commit once, a failed one never', async () => {
  const commits = async () => valueIn(await scrape(), 'wf_commit_duration_seconds_count');
  const begun = performance.now();
  expect(await commits()).toBe(0);
  const lease = create(ALIVE);
  expect(await commits()).toBe(2);
  await Promise.all(
    ['b', 'c', 'd'].map((step) =>
      history.groupedCommit(() => history.append(lease, { events: [decidedToStart(step)] }, AT)),
    ),
  );
  expect(await commits()).toBe(3);
  expect(() => history.append({ ...lease, fence: 9 }, { events: [] }, AT)).toThrow('lease');
  expect(() => history.create(headerOf(lease.run), DEFINITION, ALIVE, [], AT)).toThrow('exists');
  expect(await commits()).toBe(3);
  // Another process.
  openForTest(path).history.putDefinition(asDefinitionHash('c'.repeat(64)), DEFINITION, AT);
  expect(await commits()).toBe(3);

  // A commit that fails because another process holds the lock.
  const raw = openRaw(path);
  raw.exec('BEGIN IMMEDIATE');
  expect(() => history.release(lease)).toThrow(expect.objectContaining({ code: 'E_DATABASE_LOCKED' }));
  raw.exec('ROLLBACK');
  expect(await commits()).toBe(3);
  history.release(lease);
  const parsed = await scrape();
  expect(valueIn(parsed, 'wf_commit_duration_seconds_count')).toBe(4);
  const seconds = valueIn(parsed, 'wf_commit_duration_seconds_sum') ?? Number.NaN;
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThan((performance.now() - begun) / 1_000);
});

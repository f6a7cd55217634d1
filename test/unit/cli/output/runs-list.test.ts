import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JournalEvent } from '../../../../src/engine/model/journal-event.ts';
import type { RunStatus, StoredRun } from '../../../../src/engine/ports/history.ts';
import { listRuns, type RunQuery, SEARCH_LIMIT } from '../../../../src/review/query/list-runs.ts';
import { runStatus } from '../../../../src/review/record/run-status.ts';
import {
  AT,
  DEFINITION,
  decidedToStart,
  ENDED,
  headerOf,
  INTERRUPTED,
  OWNER,
  PAUSED,
  ROLLING_BACK,
  runId,
} from '../../../fixtures/history/samples.ts';
import { errorOf, openForTest } from '../../../fixtures/history/temporary.ts';

const DEAD = { ...OWNER, pid: 1 };
const isAlive = ({ pid }: { readonly pid: number }) => pid === OWNER.pid;
const FAILED: JournalEvent = {
  type: 'ended',
  status: 'failed',
  output: null,
  error: { code: 'E_NOT_PROVEN', message: 'Isolated it is not', hint: '' },
};
const LIVES: Readonly<Record<string, readonly JournalEvent[]>> = {
  running: [],
  waiting: [{ type: 'waiting', events: [] }],
  'rolling-back': [ROLLING_BACK],
  paused: [PAUSED],
  interrupted: [INTERRUPTED],
  succeeded: [ENDED],
  failed: [FAILED],
};
const STATUSES: readonly RunStatus[] = [
  'running',
  'waiting',
  'rolling-back',
  'paused',
  'interrupted',
  'succeeded',
  'failed',
];

const some = fc.record({
  age: fc.nat(2),
  workflow: fc.constantFrom('lab', 'vpn'),
  life: fc.constantFrom(...Object.keys(LIVES)),
  owner: fc.constantFrom(OWNER, DEAD),
  pings: fc.constantFrom(1, 3, '3', true, null),
});
const asked = fc.record(
  {
    workflow: fc.constantFrom('lab', 'vpn', 'none'),
    status: fc.constantFrom(...STATUSES, 'interrupted', 'interrupted'),
    since: fc.nat(3).map((age) => AT - age),
    until: fc.nat(3).map((age) => AT - age),
    where: fc.constantFrom(
      [],
      [{ name: 'pings', value: '3' }],
      [
        { name: 'pings', value: 'true' },
        { name: 'name', value: 'a' },
      ],
      [{ name: 'toString', value: 'x' }],
    ),
    text: fc.constantFrom('LAB', 'isolated', 'pings=1', 'R1', 'nowhere'),
    limit: fc.integer({ min: 1, max: 5 }),
  },
  { requiredKeys: ['where', 'limit'] },
);

/** Evaluates a query on one run, without an index. */
function isMeant(run: StoredRun, query: RunQuery): boolean {
  const typed = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  const inputs = Object.entries(run.input).map(([name, value]) => `${name}=${typed(value)}`);
  const error = run.error === null ? '' : `${run.error.code}: ${run.error.message}`;
  const texts = [run.id, run.workflow, ...inputs, error].map((text) => text.toLowerCase());
  return (
    (query.workflow ?? run.workflow) === run.workflow &&
    (query.status ?? runStatus(run, isAlive)) === runStatus(run, isAlive) &&
    run.createdAt >= (query.since ?? 0) &&
    run.createdAt < (query.until ?? Number.MAX_SAFE_INTEGER) &&
    query.where.every(({ name, value }) => inputs.includes(`${name}=${value}`)) &&
    texts.some((text) => text.includes((query.text ?? '').toLowerCase()))
  );
}

test('the pages of a list contain every matching run once, newest first', () => {
  fc.assert(
    fc.property(
      fc.array(some, { maxLength: 30 }),
      fc.array(asked, { minLength: 5, maxLength: 5 }),
      (lives, queries) => {
        const { history } = openForTest();
        const all = lives.flatMap(({ age, workflow, life, owner, pings }, index) => {
          const header = headerOf(`r${index}`, { workflow, createdAt: AT - age, input: { pings, name: 'a' } });
          const lease = history.create(header, DEFINITION, owner, [], AT);
          history.append(lease, { events: [decidedToStart('a'), ...(LIVES[life] ?? [])] }, AT);
          return history.run(header.id) ?? [];
        });
        const newestFirst = all.sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
        for (const query of queries) {
          const listed: StoredRun[] = [];
          for (let before: StoredRun | undefined; ; ) {
            const page = listRuns(history, { ...query, ...(before && { before: before.id }) }, isAlive);
            expect(page.runs.length).toBeLessThanOrEqual(query.limit);
            listed.push(...page.runs);
            if (page.next === null) break;
            expect(page.next).toEqual(page.runs.at(-1));
            before = page.next;
          }
          expect(listed.map(({ id }) => id)).toEqual(
            newestFirst.filter((run) => isMeant(run, query)).map(({ id }) => id),
          );
        }
        history.close();
      },
    ),
    { numRuns: 80 },
  );
}, 60_000);

test('interrupted runs created at one time are ordered by id, whatever their stored status', () => {
  const { history } = openForTest();
  const lives = ['running', 'waiting', 'rolling-back', 'waiting', 'rolling-back', 'running'];
  lives.forEach((life, index) => {
    const lease = history.create(headerOf(`r${index}`), DEFINITION, DEAD, [], AT);
    history.append(lease, { events: [decidedToStart('a'), ...(LIVES[life] ?? [])] }, AT);
  });
  const { runs } = listRuns(history, { status: 'interrupted', where: [], limit: 9 }, isAlive);
  expect(runs.map(({ id }) => id)).toEqual(['r5', 'r4', 'r3', 'r2', 'r1', 'r0']);
});

test('a search without an index stops after SEARCH_LIMIT runs, and the next page continues there', () => {
  const { history } = openForTest();
  history.create(headerOf('sample'), DEFINITION, OWNER, [], AT);
  const sample = history.run(runId('sample'));
  if (sample === undefined) throw new Error('it was created');
  const total = SEARCH_LIMIT + 300;
  let read = 0;
  const made = (place: number): StoredRun => ({ ...sample, id: runId(`r${place}`), createdAt: AT - place });
  const source = {
    runs: ({ limit, before }: { readonly limit: number; readonly before?: string }) => {
      const first = before === undefined ? 0 : Number(before.slice(1)) + 1;
      const page = Array.from({ length: Math.min(limit, total - first) }, (_, index) => made(first + index));
      read += page.length;
      return page;
    },
  };
  const query = { limit: 5, where: [], text: `r${total - 1}` };
  const cut = listRuns(source, query, isAlive);
  expect([cut.runs, cut.isCutOff, cut.next?.id]).toEqual([[], true, `r${SEARCH_LIMIT - 1}`]);
  expect(read).toBeLessThan(SEARCH_LIMIT + 1_000);
  const rest = listRuns(source, { ...query, ...(cut.next && { before: cut.next.id }) }, isAlive);
  expect([rest.runs.map(({ id }) => id), rest.isCutOff, rest.next]).toEqual([[`r${total - 1}`], false, null]);
});

test('an indexed list reads its page and one more run', () => {
  const asked: number[] = [];
  const source = {
    runs: ({ limit }: { readonly limit: number }) => {
      asked.push(limit);
      return [];
    },
  };
  listRuns(source, { limit: 20, where: [], status: 'failed', since: AT }, isAlive);
  expect(asked).toEqual([21]);
});

test('workflowNames returns the workflows with runs, and runIds the newest ids of a prefix', () => {
  const { history } = openForTest();
  expect(history.workflowNames()).toEqual([]);
  for (let index = 0; index < 1_200; index++) {
    const header = headerOf(`run${index}`, { workflow: ['vpn', 'lab', 'été'][index % 3] ?? '', createdAt: AT + index });
    history.create(header, DEFINITION, OWNER, [], AT);
  }
  expect(history.workflowNames()).toEqual(['lab', 'vpn', 'été']);
  expect(history.runIds('run', 3)).toEqual(['run1199', 'run1198', 'run1197']);
  expect(history.runIds('run11', 2)).toEqual(['run1199', 'run1198']);
  expect(errorOf(() => history.runIds('run', -1)).code).toBe('E_USAGE');
});

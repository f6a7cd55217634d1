import { expect, test } from 'vitest';
import { renderPage, type Shell } from '../../../src/ui/pages/shell.tsx';
import { SEARCHED_RUNS } from '../../../src/ui/views/list-limits.ts';
import { runsQuerySchema } from '../../../src/ui/views/runs/runs-query.ts';
import { type RunsView, runsView } from '../../../src/ui/views/runs/runs-view.ts';
import { openForTest, openRaw } from '../../fixtures/history/temporary.ts';
import { BEGIN, decided, recordRun, recordSuccess } from '../../fixtures/review/lab-run.ts';
import { simulatedClock } from '../../support/in-process/simulated-clock.ts';

const MINUTE = 60_000;

const SHELL: Shell = {
  basePath: '/wf',
  csrf: '',
  allowActions: false,
  namedDatabase: null,
  script: '',
  style: '',
  icon: '',
  version: '',
  database: '',
  now: 0,
};

/** The text of the page, without its data. */
const textOf = (view: RunsView) =>
  renderPage(SHELL, { page: 'runs', view })
    .replace(/<script.*?<\/script>/gs, '')
    .replace(/<[^>]*>/g, '')
    .replace(/\s+/g, ' ');

test('a limited search reports how far it searched, and can be continued', async () => {
  const { history, path } = openForTest();
  recordSuccess(history, 'oldest', { createdAt: BEGIN - 10_000 * MINUTE, input: { needle: 'here' } });
  recordSuccess(history, 'newest');
  // Copies, each a minute older than the one before.
  openRaw(path).exec(
    `WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ${SEARCHED_RUNS})
     INSERT INTO runs (id, workflow, definition_hash, runtime, input, options, status, created_at, auto_resume, fence)
     SELECT 'copy-' || n, workflow, definition_hash, runtime, input, options, status, created_at - n * ${MINUTE}, 0, 1
     FROM n JOIN runs ON id = 'newest'`,
  );
  const context = { history: async () => history, clock: simulatedClock(BEGIN), isAlive: () => true };
  const query = runsQuerySchema.parse({ text: 'needle' });
  const cut = await runsView(context, query);
  const searchedTo = new Date(BEGIN - (SEARCHED_RUNS - 1) * MINUTE).toISOString();
  expect(cut).toMatchObject({ runs: [], searchedTo, older: { before: `copy-${SEARCHED_RUNS - 1}` } });
  expect(textOf(cut)).toContain(`Searched ${SEARCHED_RUNS} runs, back to ${searchedTo.slice(0, 10)}`);
  expect(textOf(cut)).not.toContain('No runs match');
  const rest = await runsView(context, runsQuerySchema.parse({ text: 'needle', ...cut.older }));
  expect(rest).toMatchObject({ runs: [{ id: 'oldest' }], searchedTo: null, older: null });
});

test.for([
  ['since=2026-02-01T00:00&until=2026-01-01T00:00', 'until', /the time range ends .* before it begins/],
  ['since=soon', 'since', /From soon: not a point in time\. Write an age/],
  ['last=1h&since=2026-02-01T00:00', 'since', /From and Created exclude each other/],
  ['last=long', 'last', /Created long: not a duration/],
  ['where=a=b&where=colour', 'where-1', /Input colour: not of the form name=value/],
] as const)(
  'filters that contradict each other (%s) stay in the form, with the reason beside %s',
  async ([address, field, reason]) => {
    const { history } = openForTest();
    recordSuccess(history, 'run');
    const context = { history: async () => history, clock: simulatedClock(BEGIN), isAlive: () => true };
    const search = new URLSearchParams(address);
    const query = runsQuerySchema.parse({ ...Object.fromEntries(search), where: search.getAll('where') });
    const view = await runsView(context, query);
    expect(view).toMatchObject({ query, runs: [], problem: { message: reason } });
    const html = renderPage(SHELL, { page: 'runs', view });
    expect(html).toMatch(new RegExp(`<(input|select)[^>]* id="${field}"[^>]* aria-describedby="${field}-problem"`));
    expect(html.match(/aria-invalid/g)).toHaveLength(1);
    for (const value of search.values()) expect(html).toContain(value);
    expect(textOf(view)).not.toContain('No runs match');
  },
);

test('a page of newer runs that would not be full shows the newest runs', async () => {
  const { history } = openForTest();
  for (let n = 0; n < 9; n++) recordSuccess(history, `run-${n}`, { createdAt: BEGIN + n * MINUTE });
  const context = { history: async () => history, clock: simulatedClock(BEGIN), isAlive: () => true };
  const view = await runsView(context, runsQuerySchema.parse({ after: 'run-6', limit: 3 }));
  expect(view.runs.map(({ id }) => id)).toEqual(['run-8', 'run-7', 'run-6']);
  expect(view).toMatchObject({ newer: null, older: { before: 'run-6' } });
  expect(view.query).not.toHaveProperty('after');
});

test('the page has ten questions, the oldest first, and states that there are more', async () => {
  const { history } = openForTest();
  for (let n = 0; n < 15; n++) {
    const run = recordRun(history, `ask-${n}`, { createdAt: BEGIN - n * MINUTE });
    run.at(10, decided(['setup']), { type: 'waiting', events: ['approve'] });
    // The process of the oldest is gone.
    if (n !== 14) history.release(run.lease);
  }
  const context = { history: async () => history, clock: simulatedClock(BEGIN), isAlive: () => false };
  const view = await runsView(context, runsQuerySchema.parse({}));
  expect(view.questions.map(({ run }) => run)).toEqual(Array.from({ length: 10 }, (_, n) => `ask-${14 - n}`));
  expect(view.questions[0]).toMatchObject({ waitsFor: { events: [{ type: 'approve' }] }, isInterrupted: true });
  expect(view.questions[1]).toMatchObject({ isInterrupted: false });
  expect(textOf(view)).toContain('lab-network ask-14; interrupted: an answer resumes the run');
  expect(textOf(view)).toContain('More runs wait for people');
});

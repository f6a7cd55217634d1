import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openProject } from '../../support/command/run-wf.ts';
import { openStream } from '../../support/page/event-stream-client.ts';
import { ask, openSession } from '../../support/page/page-client.ts';
import { servePage } from '../../support/page/served-page.ts';
import { openAskingProject } from '../../support/workflows/asking-workflow.ts';
import { openLongRun } from '../../support/workflows/long-run.ts';

test('an open page follows a run, and continues at the same event after the server was killed', async () => {
  const project = openAskingProject();
  const first = await servePage(project);
  const { cookie } = await openSession(first);
  const list = openStream(first, '/api/events?runs=1', { cookie });
  const run = project.run('followed');
  await list.count('runs', 1);
  const stream = openStream(first, '/api/events?run=followed', { cookie });
  const begun = await stream.update(({ steps }) => steps.some(({ status }) => status === 'running'));
  expect(begun.run.status).toBe('running');
  project.go('first');
  const waits = await stream.update(({ run: { status } }) => status === 'waiting');
  expect(stream.events.map(({ id }) => Number(id)).toSorted((a, b) => a - b)).toEqual(
    stream.events.map(({ id }) => Number(id)),
  );

  first.wf.kill('SIGKILL');
  await stream.closed;
  expect((await project.sharedWf(['send', 'followed', 'approve', '--data', '{"by":"Ann"}'])).exitCode).toBe(0);
  const second = await servePage(project, [`--port=${first.port}`]);
  const resumed = openStream(second, '/api/events?run=followed&after=0', {
    cookie,
    'last-event-id': String(waits.seq),
  });
  const news = await resumed.update(() => true);
  expect(news.seq).toBeGreaterThan(waits.seq);
  // The earlier step is unchanged.
  expect(news.steps.map(({ id }) => id)).not.toContain('first');
  project.go('second', 'third');
  await resumed.update(({ run: { status } }) => status === 'succeeded');
  expect((await run.end).exitCode).toBe(0);

  const whole = openStream(second, '/api/events?run=followed', { cookie, 'last-event-id': '99999' });
  expect((await whole.update(() => true)).steps.length).toBeGreaterThan(news.steps.length);
  for (const each of [resumed, whole]) each.close();
});

test('an open page learns that the process of a run was killed', async () => {
  const project = openAskingProject();
  const served = await servePage(project);
  const { cookie } = await openSession(served);
  const run = project.run('orphan');
  const list = openStream(served, '/api/events?runs=1', { cookie });
  await list.count('runs', 1);
  const stream = openStream(served, '/api/events?run=orphan', { cookie });
  await stream.update(({ steps }) => steps.some(({ status }) => status === 'running'));
  const { length } = list.events;
  run.kill('SIGKILL');
  const update = await stream.update(({ run: { status } }) => status === 'interrupted');
  expect(update.steps.map(({ status }) => status)).toContain('interrupted');
  await list.count('runs', length + 1);
  for (const each of [list, stream]) each.close();
  project.go('first');
  expect((await project.sharedWf(['rollback', 'orphan'])).exitCode).toBe(0);
});

test('ten open pages show a step within 300 ms of its commit, and the server takes at most 60 MiB', async () => {
  const project = openProject();
  const run = openLongRun(project.database, 'polls');
  const served = await servePage(project);
  const { cookie } = await openSession(served);
  const tabs = Array.from({ length: 10 });
  await Promise.all(tabs.map(() => ask(served, '/runs/polls', { headers: { cookie, accept: 'text/html' } })));
  const pages = tabs.map(() => openStream(served, '/api/events?run=polls', { cookie }));
  await Promise.all(pages.map((page) => page.count('run', 1)));
  const delays: number[] = [];
  for (let step = 1; step <= 20; step += 1) {
    await run.poll(1);
    const committedAt = performance.now();
    const id = step === 1 ? 'poll' : `poll#${step}`;
    const shows = pages.map(async (page) => {
      await page.update(({ steps }) => steps.some((each) => each.id === id && each.status === 'succeeded'));
      delays.push(performance.now() - committedAt);
    });
    await Promise.all(shows);
  }
  run.end();
  expect(delays.toSorted((a, b) => a - b)[delays.length / 2]).toBeLessThan(300);
  expect(memoryOf(served.wf.pid)).toBeLessThan(60);
  for (const page of pages) page.close();
});

/** Returns the proportional set size of a process, in MiB. */
function memoryOf(pid: number): number {
  const [, kib] = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}

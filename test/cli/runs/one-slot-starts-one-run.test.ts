import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { runRecordSchema, runSummariesSchema } from '../../support/command/run-record.ts';
import { openProject, type Project } from '../../support/command/run-wf.ts';
import { CROWD } from '../../support/rotation.ts';

const GATE = readFileSync(new URL('../../fixtures/workflows/gate.ts', import.meta.url), 'utf8');
const skippedSchema = z.strictObject({ started: z.literal(false), run: runRecordSchema });

const open = () => openProject({ 'workflows/gate.ts': GATE });
const start = (project: Project, id: string, ms: number, ...options: readonly string[]) =>
  project.start(['start', 'gate', '--id', id, '--input', `ms=${ms}`, ...options]);
/** The same, for a start that ends by itself. */
const carryOut = (project: Project, id: string, ...options: readonly string[]) =>
  project.sharedWf(['start', 'gate', '--id', id, '--input', 'ms=1', ...options]);
const idsOf = async (project: Project) =>
  runSummariesSchema
    .parse((await project.sharedWf(['runs', '--json'])).json())
    .map(({ id }) => id)
    .toSorted();

test.concurrent('skip: no run starts while an earlier run has not ended, or for a slot that is done', async () => {
  const project = open();
  const first = start(project, 'slot-first', 3_600_000, '--if-running', 'skip');
  await first.line(/^waiting for the event go/);
  const second = await carryOut(project, 'slot-second', '--if-running', 'skip');
  expect(second).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^not started: run slot-first of gate is waiting/),
  });
  // Its process is gone; it has not ended.
  first.kill('SIGKILL');
  await first.end;
  const json = (await carryOut(project, 'slot-second', '--if-running', 'skip', '--json')).json();
  expect(skippedSchema.parse(json).run).toMatchObject({ id: 'slot-first', status: 'interrupted' });
  expect((await project.sharedWf(['send', 'slot-first', 'go'])).exitCode).toBe(0);
  const again = await carryOut(project, 'slot-first', '--if-running', 'skip');
  expect(again).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^not started: run slot-first of gate is succeeded/),
  });
  expect((await carryOut(project, 'slot-first')).exitCode).toBe(4);
  expect(await carryOut(project, 'slot-second', '--if-running', 'skip')).toMatchObject({ exitCode: 0 });
  expect(await idsOf(project)).toEqual(['slot-first', 'slot-second']);
});

test.concurrent('wait: the run starts after the end of the earlier one; a stop signal ends the wait', async ({
  onTestFinished,
}) => {
  const project = open();
  const first = start(project, 'slot-a', 3_600_000);
  onTestFinished(() => first.kill('SIGKILL'));
  await first.line(/^waiting for the event go/);
  const stopped = start(project, 'slot-b', 1, '--if-running', 'wait');
  await stopped.line(/^waiting for the end of run slot-a$/);
  stopped.kill('SIGTERM');
  expect((await stopped.end).exitCode).toBe(143);
  const waits = start(project, 'slot-c', 1, '--if-running', 'wait');
  await waits.line(/^waiting for the end of run slot-a$/);
  expect((await project.sharedWf(['send', 'slot-a', 'go'])).exitCode).toBe(0);
  expect((await first.end).exitCode).toBe(0);
  expect(await waits.end).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('run slot-c of gate') });
  expect(await idsOf(project)).toEqual(['slot-a', 'slot-c']);
});

test.concurrent('one of many simultaneous starts creates a run', async () => {
  const project = open();
  const ids = Array.from({ length: CROWD }, (_, index) => `slot-race-${index}`);
  const ends = await Promise.all(ids.map((id) => start(project, id, 1_500, '--if-running', 'skip').end));
  expect(ends.map(({ exitCode }) => exitCode)).toEqual(ids.map(() => 0));
  const started = await idsOf(project);
  expect(ends.filter(({ stdout }) => stdout.startsWith('not started')).length).toBe(CROWD - started.length);
  // Later starts may have created runs too, one after the other. A run is created when its start is called, not when it begins.
  const runs = runSummariesSchema.parse((await project.sharedWf(['runs', '--json'])).json());
  const times = runs.map(({ startedAt, finishedAt }) => [startedAt ?? '', finishedAt ?? '9'] as const).toSorted();
  for (const [index, [startedAt]] of times.entries()) {
    if (index > 0) expect(startedAt >= (times[index - 1]?.[1] ?? '')).toBe(true);
  }
});

test.concurrent('one of many simultaneous starts of a slot creates a run, and none that sees this run fails', async () => {
  const project = open();
  const ends = await Promise.all(
    Array.from({ length: CROWD }, () => start(project, 'slot-one', 1_000, '--if-running', 'skip').end),
  );
  // The id is locked on the host before the run is in the history.
  expect(ends.filter(({ exitCode }) => exitCode !== 0 && exitCode !== 4)).toEqual([]);
  expect(ends.filter(({ stdout }) => /gate succeeded/.test(stdout)).length).toBe(1);
  expect(await idsOf(project)).toEqual(['slot-one']);
});

test.concurrent('arguments that systemd or wf would refuse are refused before units are printed', async () => {
  const project = open();
  const print = (...args: readonly string[]) =>
    project.sharedWf(['schedule', 'print', 'gate', '--input', 'ms=1', ...args]);
  expect(await print('--on-calendar', 'daily')).toMatchObject({ exitCode: 0 });
  expect(await print('--on-calendar', 'daily', '--name', 'a/b')).toMatchObject({ exitCode: 2, stdout: '' });
  expect(await print('--on-calendar', 'daily\nExecStart=/bin/false')).toMatchObject({ exitCode: 2, stdout: '' });
  expect(await project.sharedWf(['schedule', 'print', 'gate', '--on-calendar', 'daily'])).toMatchObject({
    exitCode: 2,
  });
  expect(await project.sharedWf(['schedule', 'print', 'nosuch', '--on-calendar', 'daily'])).toMatchObject({
    exitCode: 2,
  });
  expect(await project.sharedWf(['schedule', 'print', 'gate'])).toMatchObject({ exitCode: 2 });
});

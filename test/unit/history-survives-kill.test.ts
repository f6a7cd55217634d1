import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { rebuildProjection } from '../../src/history/rebuild-projection.ts';
import { startChild } from '../fixtures/history/child.ts';
import { headerOf } from '../fixtures/history/samples.ts';
import { openForTest, temporaryPath } from '../fixtures/history/temporary.ts';

const { id } = headerOf('killed');

test.each([1, 2, 3, 4])('what append has returned for survives kill -9 (%i)', async () => {
  const path = temporaryPath();
  const child = startChild('append-loop.ts', [path, id, '1000000']);
  await child.line(1);
  await delay(Math.random() * 80);
  child.process.kill('SIGKILL');
  expect(await child.ended).toBe('SIGKILL');

  const { history } = openForTest(path);
  const journal = history.journal(id);
  const lastTold = Number(child.lines.at(-1));
  expect(journal.length).toBeGreaterThanOrEqual(lastTold);
  // At most the one append that was under way when the signal came.
  expect(journal.length).toBeLessThanOrEqual(lastTold + 2);
  expect(journal.map(({ seq }) => seq)).toEqual(journal.map((_entry, index) => index + 1));
  const rebuilt = rebuildProjection(journal);
  expect(history.steps(id)).toEqual(rebuilt?.steps);
  expect(history.changes(id)).toEqual(rebuilt?.changes);
  expect(history.run(id)).toMatchObject({ ...rebuilt?.run, fence: 1 });
});

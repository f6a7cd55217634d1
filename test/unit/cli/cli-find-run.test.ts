import { expect, test } from 'vitest';
import { findRun } from '../../../src/cli/arguments/find-run.ts';
import { errorOf, openForTest } from '../../fixtures/history/temporary.ts';
import { BEGIN, recordRun } from '../../fixtures/review/lab-run.ts';

function historyWith(...ids: readonly string[]) {
  const { history } = openForTest();
  for (const [index, id] of ids.entries()) recordRun(history, id, { createdAt: BEGIN + index });
  return history;
}

test('a run is found by its id, by a prefix of it, and by @latest', () => {
  const history = historyWith('abc1', 'abd2', 'xyz3');
  expect(findRun(history, 'abc1').run.id).toBe('abc1');
  expect(findRun(history, 'abd').run.id).toBe('abd2');
  expect(findRun(history, 'x').run.id).toBe('xyz3');
  expect(findRun(history, '@latest').run.id).toBe('xyz3');
});

test('an exact id takes precedence over a longer id with that prefix', () => {
  expect(findRun(historyWith('ab', 'abc'), 'ab').run.id).toBe('ab');
});

test('an ambiguous prefix is refused, and the error lists the candidates', () => {
  const error = errorOf(() => findRun(historyWith('abc1', 'abd2', 'xyz3'), 'ab'));
  expect(error).toMatchObject({ code: 'E_RUN_AMBIGUOUS', exitCode: 2 });
  expect(error.message).toBe('"ab" is a prefix of several run ids: abd2, abc1');
  const many = errorOf(() => findRun(historyWith('a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7'), 'a'));
  expect(many.message).toBe('"a" is a prefix of several run ids: a7, a6, a5, a4, a3, ...');
});

test.each(['nosuch', '%', '_', 'a b', '', '@first'])('"%s" is not found', (reference) => {
  const error = errorOf(() => findRun(historyWith('abc1'), reference));
  expect(error).toMatchObject({ code: 'E_RUN_NOT_FOUND', exitCode: 2 });
  expect(error.message).toContain(`"${reference}"`);
});

test('a missing database and an empty one are reported as having no runs', () => {
  for (const history of [undefined, historyWith()]) {
    expect(errorOf(() => findRun(history, '@latest')).message).toBe('run "@latest" does not exist: there are no runs');
  }
});

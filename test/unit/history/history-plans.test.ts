import { expect, test } from 'vitest';
import { AT, DEFINITION, HASH, headerOf, OWNER, planId, planOf, runId } from '../../fixtures/history/samples.ts';
import { errorOf, openForTest, openRaw } from '../../fixtures/history/temporary.ts';

const headerWith = (run: string, plan: string) =>
  headerOf(run, { options: { onFailure: 'keep', pauseAfter: null, plan: planId(plan) } });

test('a plan is read back unchanged, with its definition, and plans are listed newest first', () => {
  const { history } = openForTest();
  history.putPlan(planOf('p1'), DEFINITION);
  history.putPlan(planOf('p2', 'run2', AT + 1), DEFINITION);
  expect(history.plan(planId('p1'))).toEqual({ ...planOf('p1'), usedBy: null });
  expect(history.plans().map(({ id }) => id)).toEqual(['p2', 'p1']);
  expect(history.definition(HASH)).toEqual(DEFINITION);
  expect(history.plan(planId('p3'))).toBeUndefined();
});

test('the run and the use of its plan are one transaction', () => {
  const { history } = openForTest();
  history.putPlan(planOf('p1'), DEFINITION);
  history.create(headerWith('run1', 'p1'), DEFINITION, OWNER, [], AT);
  expect(history.plan(planId('p1'))?.usedBy).toBe('run1');
  expect(history.run(runId('run1'))?.options.plan).toBe('p1');

  const used = errorOf(() => history.create(headerWith('run2', 'p1'), DEFINITION, OWNER, [], AT));
  expect(used).toMatchObject({ code: 'E_PLAN_USED', message: expect.stringContaining('run1') });
  expect(history.run(runId('run2'))).toBeUndefined();

  const missing = errorOf(() => history.create(headerWith('run3', 'p9'), DEFINITION, OWNER, [], AT));
  expect(missing).toMatchObject({ code: 'E_PLAN_NOT_FOUND' });
  expect(history.run(runId('run3'))).toBeUndefined();
});

test('a run that cannot be created leaves its plan unused', () => {
  const { history } = openForTest();
  history.create(headerOf('other'), DEFINITION, OWNER, ['network lab'], AT);
  history.putPlan(planOf('p1'), DEFINITION);
  const refused = errorOf(() => history.create(headerWith('run1', 'p1'), DEFINITION, OWNER, ['network lab'], AT));
  expect(refused.code).toBe('E_NAME_IN_USE');
  expect(history.plan(planId('p1'))?.usedBy).toBeNull();
});

test('pruning removes unused plans by their age, and keeps the definitions of the others', () => {
  const { history, path } = openForTest();
  history.putPlan(planOf('old', 'run1', AT), DEFINITION);
  history.putPlan(planOf('new', 'run2', AT + 10), DEFINITION);
  const all = { endedBefore: AT + 5, keep: 0, isAlive: () => false };
  expect(history.prunePlan(all).plans).toBe(0);
  expect(history.prunePlans(all)).toBe(0);
  const request = { ...all, plansBefore: AT + 5 };
  expect(history.prunePlan(request).plans).toBe(1);
  expect(history.prunePlans(request)).toBe(1);
  expect(history.plans().map(({ id }) => id)).toEqual(['new']);
  history.pruneUnused(null, () => false);
  expect(history.definition(HASH)).toEqual(DEFINITION);
  expect(openRaw(path).pragma('foreign_key_check')).toEqual([]);
});

import { expect, test } from 'vitest';
import { openHistory } from '../../../src/history/open.ts';
import { AT, DEFINITION, headerOf, OWNER, runId } from '../../fixtures/history/samples.ts';
import { errorOf, openForTest } from '../../fixtures/history/temporary.ts';

const PART = runId('fl-web1');

test('a run with a tombstone never starts, also after a restart, and leaves nothing', () => {
  const { history, path } = openForTest();
  expect(history.isEntombed(PART)).toBe(false);
  expect(history.entomb(PART, 'cancelled by ann', AT)).toBe(true);
  expect(history.entomb(PART, 'another reason', AT + 1)).toBe(true);
  history.close();
  const again = openHistory(path);
  try {
    const error = errorOf(() => again.create(headerOf(PART), DEFINITION, OWNER, [], AT));
    expect(error).toMatchObject({ code: 'E_TOMBSTONE', exitCode: 4 });
    expect(error.message).toBe('run fl-web1 must never start here: cancelled by ann');
    expect([again.run(PART), again.isEntombed(PART)]).toEqual([undefined, true]);
  } finally {
    again.close();
  }
});

test('a run that has started gets no tombstone', () => {
  const { history } = openForTest();
  history.create(headerOf(PART), DEFINITION, OWNER, [], AT);
  expect(history.entomb(PART, 'cancelled by ann', AT)).toBe(false);
  expect([history.run(PART)?.status, history.isEntombed(PART)]).toEqual(['running', false]);
});

test('the agent of a database keeps its id and its key', () => {
  const first = { id: 'first-id', seed: 'first-seed' };
  const { history, path } = openForTest();
  expect(history.agentIdentity(first)).toEqual(first);
  history.close();
  const again = openHistory(path);
  try {
    expect(again.agentIdentity({ id: 'second-id', seed: 'second-seed' })).toEqual(first);
  } finally {
    again.close();
  }
});

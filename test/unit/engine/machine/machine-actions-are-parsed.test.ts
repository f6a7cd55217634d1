import { expect, test } from 'vitest';
import { parseAction } from '../../../../src/engine/machine/decide/machine-action.ts';

const ACTIONS = [
  { type: 'xstate.spawnChild', params: { id: 'a', src: 'step', input: { n: 1 } } },
  { type: 'xstate.stopChild', params: { id: 'a' } },
  { type: 'xstate.raise', params: { event: { type: 'LATE', by: 2 }, id: 'a', delay: 5 } },
  { type: 'xstate.cancel', params: { sendId: 'a' } },
  { type: 'xstate.log', params: { value: ['a line'] } },
  { type: 'xstate.emit', params: { event: { type: 'SEEN', n: 1 } } },
];

test.each(ACTIONS)('an action $type keeps the parameters that the engine uses, and no others', ({ type, params }) => {
  const action = { type, params: { ...params, more: 1 }, info: {}, exec: () => {} };
  expect(parseAction(action)).toEqual({ type, params });
});

test.each([
  { type: 'xstate.sendTo', params: {} },
  { type: 'xstate.spawnChild', params: { id: 'a', src: () => {} } },
  { type: 'xstate.stopChild', params: { id: () => 'a' } },
  { type: 'xstate.raise', params: { event: { type: 'LATE' }, delay: Number.NaN } },
  { type: 'xstate.raise', params: { event: 'LATE' } },
  { type: 'xstate.cancel', params: {} },
  { type: 'xstate.emit', params: {} },
  { type: 'xstate.log' },
])('an unknown or malformed action is refused: %j', (action) => {
  expect(() => parseAction(action)).toThrow(`wf does not know: ${action.type}`);
});

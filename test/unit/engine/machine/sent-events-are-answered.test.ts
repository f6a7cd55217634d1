import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { parseSentEvent } from '../../../../src/engine/machine/sent-event.ts';
import type { RunHandle } from '../../../../src/engine/run/engine.ts';
import { defineStep } from '../../../../src/engine/workflow/define-step.ts';
import { type FolderHost, loaded, openFolderHost } from '../../../support/in-process/folder-host.ts';
import { simulatedClock } from '../../../support/in-process/simulated-clock.ts';

let host: FolderHost;
let endStep: () => void;
beforeEach(() => {
  host = openFolderHost(simulatedClock());
});
afterEach(() => host.close());

const step = defineStep({
  kind: 'test.slow',
  description: 'ends when the test ends it',
  input: z.object({}),
  output: z.object({}),
  commands: () => [],
  rehearse: () => ({}),
  read: () => new Promise<Record<string, never>>((resolve) => (endStep = () => resolve({}))),
});

const machine = setup({
  types: { context: {} as { words: string[] }, events: {} as { type: string; word?: string; by?: { name: string } } },
  actors: { step, makeFile: step },
  guards: { polite: ({ event }) => event.word === 'please' },
}).createMachine({
  context: { words: [] },
  initial: 'gate',
  states: {
    gate: {
      after: { 1000000: 'end' },
      on: {
        note: { actions: assign({ words: ({ context, event }) => [...context.words, event.word ?? ''] }) },
        ask: { guard: 'polite', target: 'end' },
        sign: { actions: assign({ words: ({ event }) => [event.by?.name.trim() ?? ''] }) },
        broken: { guard: ({ event }) => event.by?.name.length === 0, target: 'end' },
        forbidden: {},
        work: 'working',
      },
    },
    working: { invoke: { id: 'slow', src: 'step', input: {}, onDone: 'end' }, on: { note: { actions: assign({}) } } },
    end: { type: 'final' },
  },
  output: ({ context }) => context.words,
});

const start = () => host.start(loaded({ name: 'asks', version: '1', description: '', input: z.object({}), machine }));

const journal = ({ id }: RunHandle) => host.history.journal(id);
const decidedOn = (handle: RunHandle) =>
  journal(handle).flatMap(({ event }) => (event.type === 'decided' && event.event ? [event.event] : []));

async function interrupted(handle: RunHandle) {
  handle.interrupt('SIGTERM');
  expect(await handle.result).toMatchObject({ type: 'interrupted' });
}

const cycle: Record<string, unknown> = { type: 'note' };
cycle['self'] = { cycle };

const INVALID: readonly (readonly [string, unknown, string])[] = [
  ['undefined', undefined, 'it is not an object'],
  ['null', null, 'it is not an object'],
  ['a text', 'note', 'it is not an object'],
  ['a list', [{ type: 'note' }], 'it is not an object'],
  ['an object without a type', { word: 'x' }, 'its type is not a string, or is empty'],
  ['an empty type', { type: '' }, 'its type is not a string, or is empty'],
  ['a type that is a number', { type: 7 }, 'its type is not a string, or is empty'],
  ['the wildcard', { type: '*' }, 'its type is "*"'],
  ['the end of a step', { type: 'xstate.done.actor.slow', actorId: 'slow', output: {} }, 'begins with "xstate."'],
  ['the failure of a step', { type: 'xstate.error.actor.slow', actorId: 'slow' }, 'begins with "xstate."'],
  ['a stop', { type: 'xstate.stop' }, 'begins with "xstate."'],
  ['a function', { type: 'note', word: () => 1 }, 'note.word is a function'],
  ['a symbol', { type: 'note', word: Symbol('x') }, 'note.word is a symbol'],
  ['a bigint', { type: 'note', list: [1n] }, 'note.list[0] is a bigint'],
  ['a date', { type: 'note', at: { when: new Date() } }, 'note.at.when is a Date'],
  ['a map', { type: 'note', at: new Map() }, 'note.at is a Map'],
  ['an object of a class', { type: 'note', at: new URL('http://a') }, 'note.at is a URL'],
  ['NaN', { type: 'note', n: Number.NaN }, 'note.n is NaN'],
  ['undefined in a list', { type: 'note', list: [undefined] }, 'note.list[0] is undefined'],
  ['a hole in a list', { type: 'note', list: new Array(1) }, 'note.list[0] is undefined'],
  ['a cycle', cycle, 'note.self.cycle contains itself'],
  [
    'a getter that throws',
    {
      type: 'note',
      get word() {
        throw new Error('no');
      },
    },
    'it cannot be read (no)',
  ],
];

describe('an event', () => {
  test.each(INVALID)('is refused before it is journaled (%s), and the run continues', async (_what, given, why) => {
    const handle = await start();
    // A program without types may send this.
    const event = given as Parameters<RunHandle['send']>[0];
    await expect(handle.send(event)).rejects.toMatchObject({
      code: 'E_EVENT_INVALID',
      message: expect.stringContaining(why),
    });
    await handle.send({ type: 'note', word: 'still here' });
    expect(decidedOn(handle)).toEqual([{ type: 'note', word: 'still here' }]);
    await interrupted(handle);
  });

  test('is durable once it is handled, and loses its undefined members', async () => {
    const handle = await start();
    const event = { type: 'note', word: 'one', more: undefined, deep: { a: [1, null] } };
    await handle.send(parseSentEvent(event));
    expect(decidedOn(handle)).toEqual([{ type: 'note', word: 'one', deep: { a: [1, null] } }]);
    await interrupted(handle);
  });

  test.each([
    ['the machine has no transition for it', { type: 'go' }, ['ask', 'broken', 'note', 'sign', 'work']],
    ['a guard refuses it', { type: 'ask', word: 'now' }, ['ask', 'broken', 'note', 'sign', 'work']],
    ['the machine forbids it', { type: 'forbidden' }, ['ask', 'broken', 'note', 'sign', 'work']],
  ])('is refused with the expected events, and not journaled, if %s', async (_what, event, expected) => {
    const handle = await start();
    await expect(handle.send(event)).rejects.toMatchObject({
      code: 'E_EVENT_UNEXPECTED',
      exitCode: 4,
      message: `run ${handle.id} does not expect the event ${event.type} now; it expects ${expected.join(', ')}`,
      details: { expected },
    });
    expect(decidedOn(handle)).toEqual([]);
    await interrupted(handle);
  });

  test.each([
    ['a guard', { type: 'broken', by: {} }],
    ['an assign', { type: 'sign', by: {} }],
  ])('is refused if %s throws, and the run stays unchanged', async (_what, event) => {
    const handle = await start();
    await expect(handle.send(event)).rejects.toMatchObject({ code: 'E_WORKFLOW_INVALID' });
    expect(decidedOn(handle)).toEqual([]);
    await handle.send({ type: 'note', word: 'still here' });
    await interrupted(handle);
  });

  test('is answered in order while a step runs, and ends no step', async () => {
    const handle = await start();
    await handle.send({ type: 'work' });
    const sent = [handle.send({ type: 'note' }), handle.send({ type: 'ask' }), handle.send({ type: 'note' })];
    expect((await Promise.allSettled(sent)).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    endStep();
    expect(await handle.result).toMatchObject({ end: { status: 'succeeded' } });
    await expect(handle.send({ type: 'note' })).rejects.toMatchObject({ code: 'E_RUN_ENDED' });
  });

  test('is refused if the event before it ends the machine', async () => {
    const handle = await start();
    const sent = [handle.send({ type: 'ask', word: 'please' }), handle.send({ type: 'note' })];
    expect(await Promise.allSettled(sent)).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'E_RUN_ENDED' } },
    ]);
    expect(await handle.result).toMatchObject({ type: 'ended' });
  });

  test('is refused after the run is interrupted', async () => {
    const handle = await start();
    await interrupted(handle);
    await expect(handle.send({ type: 'note' })).rejects.toMatchObject({ code: 'E_RUN_NOT_ADVANCED', exitCode: 4 });
  });

  test('is refused with the reason if it cannot be journaled', async () => {
    const handle = await start();
    const result = handle.result.catch((thrown) => thrown);
    // Another process takes the run over.
    host.history.takeOver(handle.id, { pid: 1, startTime: 'x', bootId: 'y' }, () => false);
    await expect(handle.send({ type: 'note', word: 'lost' })).rejects.toMatchObject({ code: 'E_LEASE_LOST' });
    expect(await result).toMatchObject({ code: 'E_LEASE_LOST' });
    await expect(handle.send({ type: 'note', word: 'lost' })).rejects.toMatchObject({ code: 'E_LEASE_LOST' });
    expect(decidedOn(handle)).toEqual([]);
  });

  test('is refused while the run is rolled back', async () => {
    const handle = await start();
    await interrupted(handle);
    const runner = () => undefined;
    const rollback = await host.engine.rollBack({ run: handle.id, runner, removeKept: false });
    await expect(rollback?.send({ type: 'note' })).rejects.toMatchObject({ code: 'E_RUN_ENDED' });
    await rollback?.result;
  });
});

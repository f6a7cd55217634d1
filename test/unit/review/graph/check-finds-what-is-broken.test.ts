import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, assign, setup } from 'xstate';
import { z } from 'zod';
import { loadWorkflow } from '../../../../src/definition/load.ts';
import { confineCode } from '../../../../src/host/workflow-code/confine-code.ts';
import { wfModule } from '../../../../src/library/wf-module.ts';
import { checkWorkflow } from '../../../../src/review/check/check-workflow.ts';
import type { CheckName, Severity } from '../../../../src/review/check/finding.ts';
import { revertSteps } from '../../../../src/steps/host/index.ts';
import { execCommand, noteStep } from '../../../fixtures/review/check-steps.ts';
import { described, look } from '../../../fixtures/review/drawn-machine.ts';

const parts = setup({
  types: { events: {} as { type: 'go' } },
  actors: { look, execCommand, noteStep, revertSteps },
  guards: { maybe: () => true },
  delays: { settle: 20 },
});

/** Returns the findings, except the usual warning of a missing `onError`. */
function found(machine: AnyStateMachine): readonly (readonly [CheckName, Severity, readonly string[]])[] {
  const { model, description } = described(machine);
  return checkWorkflow({ model, input: z.object({}) }, description)
    .filter(({ check }) => check !== 'no-on-error')
    .map(({ check, severity, where, message, hint }) => {
      expect(message).not.toBe('');
      expect(hint).not.toBe('');
      return [check, severity, where];
    });
}

const step = (id: string, onDone: string) => ({ invoke: { id, src: 'look' as const, input: {}, onDone } });

describe('wf check', () => {
  test('finds nothing in a correct machine', () => {
    const machine = parts.createMachine({
      initial: 'one',
      on: { go: '.end' },
      states: { one: step('a', 'two'), two: { after: { settle: 'end' } }, end: { type: 'final' } },
    });
    expect(found(machine)).toEqual([]);
  });

  test('finds an unreachable state, but not the states in it', () => {
    const machine = parts.createMachine({
      initial: 'one',
      states: {
        one: step('a', 'end'),
        lost: { initial: 'inner', states: { inner: step('b', 'done'), done: { type: 'final' } }, onDone: 'alsoLost' },
        alsoLost: step('c', 'end'),
        end: { type: 'final' },
      },
    });
    expect(found(machine)).toEqual([
      ['unreachable-state', 'error', ['lost']],
      ['unreachable-state', 'error', ['alsoLost']],
    ]);
  });

  test('counts a state behind a guard as reachable, and one after an unguarded candidate as not', () => {
    const machine = parts.createMachine({
      initial: 'one',
      states: {
        one: { always: [{ guard: 'maybe', target: 'two' }, { target: 'end' }, { target: 'three' }] },
        two: step('a', 'end'),
        three: step('b', 'end'),
        end: { type: 'final' },
      },
    });
    expect(found(machine)).toEqual([
      ['unreachable-state', 'error', ['three']],
      ['transition-never-taken', 'warning', ['one']],
    ]);
  });

  test('finds states that never reach an end', () => {
    const machine = parts.createMachine({
      initial: 'one',
      states: { one: { invoke: { id: 'a', src: 'look', input: {}, onDone: 'two' } }, two: {}, end: { type: 'final' } },
      on: { go: { guard: 'maybe', target: '.one' } },
    });
    // The event leads back, so that the two states form a loop.
    expect(found(machine)).toEqual([
      ['unreachable-state', 'error', ['end']],
      ['no-way-to-an-end', 'error', ['one', 'two']],
    ]);
  });

  test('finds a step whose outcome leads nowhere, but not the states before it', () => {
    const machine = parts.createMachine({
      initial: 'zero',
      states: {
        zero: {
          invoke: { id: 'z', src: 'look', input: {}, onDone: [{ guard: 'maybe', target: 'one' }, { target: 'end' }] },
        },
        one: step('a', 'two'),
        two: { invoke: { id: 'b', src: 'look', input: {} } },
        end: { type: 'final' },
      },
    });
    expect(found(machine)).toEqual([['no-way-to-an-end', 'error', ['two']]]);
  });

  test('finds an inner final state whose parent has no onDone', () => {
    const machine = parts.createMachine({
      initial: 'one',
      states: {
        one: { always: [{ guard: 'maybe', target: 'outer' }, { target: 'end' }] },
        outer: { initial: 'a', states: { a: step('a', 'done'), done: { type: 'final' } } },
        end: { type: 'final' },
      },
    });
    expect(found(machine)).toEqual([['no-way-to-an-end', 'error', ['outer.done']]]);
  });

  test('finds a parallel state with a region that never ends', () => {
    const machine = parts.createMachine({
      initial: 'both',
      states: {
        both: {
          type: 'parallel',
          states: {
            left: { initial: 'a', states: { a: step('a', 'done'), done: { type: 'final' } } },
            right: { initial: 'b', states: { b: step('b', 'c'), c: step('c', 'b') } },
          },
          onDone: 'end',
        },
        end: { type: 'final' },
      },
    });
    expect(found(machine)).toEqual([
      ['never-done', 'error', ['both']],
      ['unreachable-state', 'error', ['end']],
      ['no-way-to-an-end', 'error', ['both.right.b', 'both.right.c']],
    ]);
  });

  test('accepts a waiting region if another one leaves the parallel state', () => {
    const machine = parts.createMachine({
      initial: 'both',
      states: {
        both: {
          type: 'parallel',
          states: {
            left: { initial: 'a', states: { a: { invoke: { id: 'a', src: 'look', input: {}, onDone: '#end' } } } },
            right: { initial: 'b', states: { b: {} } },
          },
        },
        end: { id: 'end', type: 'final' },
      },
    });
    expect(found(machine)).toEqual([]);
  });

  test('enters all regions for a target inside one of them', () => {
    const machine = parts.createMachine({
      initial: 'one',
      states: {
        one: { invoke: { id: 'a', src: 'look', input: {}, onDone: '#deep' } },
        both: {
          type: 'parallel',
          states: {
            left: { initial: 'skipped', states: { skipped: step('b', 'deep'), deep: { id: 'deep', type: 'final' } } },
            right: { initial: 'c', states: { c: step('c', 'done'), done: { type: 'final' } } },
          },
          onDone: 'end',
        },
        end: { type: 'final' },
      },
    });
    expect(found(machine)).toEqual([['unreachable-state', 'error', ['both.left.skipped']]]);
  });

  test('finds an undefined guard and an undefined delay', () => {
    const machine = setup({ actors: { look } }).createMachine({
      initial: 'one',
      states: {
        one: { after: { later: 'two' } as never, on: { go: { guard: 'mayby' as never, target: 'two' } } },
        two: { always: { guard: { type: 'mayby' } as never, target: 'end' }, after: { 10: 'end' } },
        end: { type: 'final' },
      },
    });
    expect(found(machine)).toEqual([
      ['not-implemented', 'error', ['one', 'two']],
      ['not-implemented', 'error', ['one']],
      ['unnamed-delay', 'warning', ['two']],
    ]);
  });

  test('finds a delay without a name', () => {
    const machine = parts.createMachine({
      initial: 'one',
      states: { one: { after: { 20: 'end' } }, end: { type: 'final' } },
    });
    expect(found(machine)).toEqual([['unnamed-delay', 'warning', ['one']]]);
  });

  test('finds a command without undo whose input is a constant', () => {
    const command = (id: string, undo: string | null, target: string) => ({
      invoke: {
        id,
        src: 'execCommand' as const,
        input: {
          argv: ['touch', 'a'] as [string, ...string[]],
          ...(undo === null ? {} : { undo: [undo] as [string] }),
        },
        onDone: target,
      },
    });
    const machine = parts.createMachine({
      initial: 'one',
      states: {
        one: command('bare', null, 'two'),
        two: command('undone', 'rm', 'three'),
        three: { invoke: { id: 'note', src: 'noteStep', input: {}, onDone: 'end' } },
        end: { type: 'final' },
      },
    });
    expect(found(machine)).toEqual([
      ['no-undo', 'error', ['bare']],
      ['undo-not-named', 'warning', ['note']],
    ]);
  });

  test('finds a command without undo whose input is a function, once, by a dry run', () => {
    const command = (id: string, undo: string | null, onDone: string) => {
      const argv: [string, ...string[]] = ['touch', 'a'];
      const input = () => ({ argv, undo: undo === null ? null : ([undo] satisfies [string]) });
      return { invoke: { id, src: 'execCommand' as const, input, onDone } };
    };
    const looping = setup({
      types: { context: {} as { readonly rounds: number } },
      actors: { execCommand, noteStep },
      guards: { again: ({ context }) => context.rounds < 3 },
    }).createMachine({
      context: { rounds: 0 },
      initial: 'one',
      states: {
        one: { ...command('bare', null, 'two'), exit: assign({ rounds: ({ context }) => context.rounds + 1 }) },
        two: { always: [{ guard: 'again', target: 'one' }, { target: 'three' }] },
        three: command('undone', 'rm', 'four'),
        four: { invoke: { id: 'constant', src: 'noteStep', input: {}, onDone: 'five' } },
        five: { invoke: { id: 'computed', src: 'noteStep', input: () => ({}), onDone: 'end' } },
        end: { type: 'final' },
      },
    });
    expect(found(looping)).toEqual([
      ['no-undo', 'error', ['bare']],
      ['undo-not-named', 'warning', ['constant']],
      ['undo-not-named', 'warning', ['computed']],
    ]);
  });

  test('finds a revert of an unknown step, and an input that its step runner refuses', () => {
    const machine = parts.createMachine({
      initial: 'one',
      states: {
        one: step('make', 'two'),
        two: { invoke: { id: 'undo', src: 'revertSteps', input: { steps: ['make', 'maek'] }, onDone: 'three' } },
        three: { invoke: { id: 'run', src: 'execCommand', input: { argv: [] } as never, onDone: 'end' } },
        end: { type: 'final' },
      },
    });
    expect(found(machine)).toEqual([
      ['reverts-unknown-step', 'error', ['undo']],
      ['step-input', 'error', ['run']],
    ]);
  });

  test('lists once all steps whose failure no unguarded onError or wildcard transition handles', () => {
    const machine = parts.createMachine({
      initial: 'one',
      states: {
        one: step('bare', 'two'),
        two: {
          invoke: {
            id: 'guarded',
            src: 'look',
            input: {},
            onDone: 'three',
            onError: { guard: 'maybe', target: 'end' },
          },
        },
        three: { invoke: { id: 'answered', src: 'look', input: {}, onDone: 'four', onError: 'end' } },
        four: {
          initial: 'inner',
          states: { inner: step('inside', 'done'), done: { type: 'final' } },
          on: { 'xstate.error.actor.*': 'end' } as never,
          onDone: 'end',
        },
        end: { type: 'final' },
      },
    });
    const { model, description } = described(machine);
    expect(checkWorkflow({ model, input: z.object({}) }, description)).toEqual([
      expect.objectContaining({ check: 'no-on-error', severity: 'warning', where: ['bare', 'guarded'] }),
    ]);
  });
});

test('lab-network has no error, and only the warning no-on-error', async () => {
  const { workflow, definition } = await loadWorkflow(
    { name: 'lab-network', file: fileURLToPath(new URL('../../../../workflows/lab-network.ts', import.meta.url)) },
    {
      cacheFolder: fileURLToPath(new URL('../../../../node_modules/.cache/wf-test', import.meta.url)),
      wfModule,
      confine: confineCode,
    },
  );
  const findings = checkWorkflow(workflow, definition.description);
  expect(findings.map(({ check, severity }) => [check, severity])).toEqual([['no-on-error', 'warning']]);
});

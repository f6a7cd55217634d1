import { describe, expect, test } from 'vitest';
import { and, assign, not, or, raise, setup } from 'xstate';
import { z } from 'zod';
import { describeDefinition } from '../../../src/definition/describe.ts';
import { loaded } from '../../support/in-process/folder-host.ts';

type Guard = 'and' | 'or' | 'not';

function described(step: number, guard: Guard) {
  const definition = setup({
    types: { context: {} as { n: number } },
    guards: { small: ({ context }) => context.n < 3, odd: ({ context }) => context.n % 2 === 1 },
  });
  const guards = { and: and(['small', 'odd']), or: or(['small', 'odd']), not: not('small') };
  // The two functions differ only in the number.
  const add = step === 1 ? ({ context }: Scope) => context.n + 1 : ({ context }: Scope) => context.n + 2;
  const machine = definition.createMachine({
    context: { n: 0 },
    initial: 'going',
    states: {
      going: {
        entry: [assign({ n: add }), raise({ type: 'go' })],
        on: { go: { guard: guards[guard], target: 'end' } },
      },
      end: { type: 'final' },
    },
  });
  const workflow = loaded({ name: 'hashed', version: '1', description: '', input: z.object({}), machine });
  return describeDefinition(workflow, workflow.model);
}

type Scope = { readonly context: { readonly n: number } };

describe('the hash of a definition', () => {
  test('covers the source of the workflow, and no code of XState', () => {
    const text = JSON.stringify(described(1, 'and').description);
    expect(text).toContain('xstate.assign');
    expect(text).toContain('context.n + 1');
    for (const foreign of ['resolve', 'execute', 'stateIn', 'Attempted', 'executing'])
      expect(text).not.toContain(foreign);
    expect(text.match(/"source":/g)).toHaveLength(3); // the two guards and the assigner
  });

  test('depends on the functions given to XState, and on the kind of guard', () => {
    const hashes = [described(1, 'and'), described(2, 'and'), described(1, 'or'), described(1, 'not')].map(
      ({ hash }) => hash,
    );
    expect(new Set(hashes).size).toBe(4);
    expect(described(1, 'and').hash).toBe(hashes[0]);
  });
});

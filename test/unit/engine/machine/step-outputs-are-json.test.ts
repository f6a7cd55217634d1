import { describe, expect, expectTypeOf, test } from 'vitest';
import type { OutputFrom } from 'xstate';
import { z } from 'zod';
import { defineStep, runnerOf } from '../../../../src/engine/workflow/define-step.ts';
import { testContext } from '../../../support/in-process/step-context.ts';

const common = { kind: 'test.read', description: 'reads', input: z.object({}), commands: () => [] };

describe('the type of a step output', () => {
  test('has optional members that may be absent but not undefined', () => {
    const step = defineStep({
      ...common,
      output: z.object({ seen: z.string().optional(), list: z.array(z.object({ at: z.int().optional() })) }),
      rehearse: () => ({ list: [] }),
      read: async () => ({ seen: undefined, list: [] }),
    });
    expectTypeOf<OutputFrom<typeof step>>().toEqualTypeOf<{ seen?: string; list: { at?: number }[] }>();
  });

  test('keeps unknown and JSON unchanged', () => {
    const any = defineStep({ ...common, output: z.unknown(), rehearse: () => null, read: async () => null });
    expectTypeOf<OutputFrom<typeof any>>().toEqualTypeOf<unknown>();
    const json = defineStep({ ...common, output: z.json(), rehearse: () => null, read: async () => null });
    expectTypeOf<OutputFrom<typeof json>>().toEqualTypeOf<z.output<ReturnType<typeof z.json>>>();
  });
});

const dated = defineStep({
  ...common,
  // @ts-expect-error: JSON has no dates
  output: z.object({ seen: z.array(z.object({ when: z.date() })) }),
  rehearse: () => ({ seen: [{ when: new Date(0) }] }),
  read: async () => ({ seen: [{ when: new Date(0) }] }),
});

test('a Date in an output is refused with its path, in a dry run and in a run', async () => {
  const runner = runnerOf(dated);
  const refused = {
    code: 'E_STEP_OUTPUT',
    message: 'test.read: output.seen[0].when is a Date, which JSON cannot represent',
  };
  expect(() => runner?.rehearse({})).toThrow(expect.objectContaining(refused));
  if (runner?.behaviour.type !== 'read') throw new Error('it reads');
  await expect(runner.behaviour.read({}, testContext())).rejects.toMatchObject(refused);
});

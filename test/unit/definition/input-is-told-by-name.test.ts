import { expect, test } from 'vitest';
import { z } from 'zod';
import { checkInput } from '../../../src/definition/check-input.ts';

const input = z
  .object({ subnet: z.string().regex(/^[\d.]+\/\d\d$/, 'not a subnet'), address: z.string().default('172.20.0.100') })
  .superRefine(({ subnet }) => {
    // As a function does that takes for granted what the members themselves were asked for.
    if (!subnet.includes('/')) throw new Error(`"${subnet}" has no length`);
  });
const check = (raw: Record<string, string>) => checkInput({ name: 'lab', input }, raw);

test('what is wrong with one input is told by its name, before all are looked at together', () => {
  expect(() => check({ subnet: 'none' })).toThrow('workflow lab: input subnet: not a subnet');
  expect(() => check({ subnet: 'none', more: 'x' })).toThrow('input subnet: not a subnet; unknown input "more"');
  expect(() => check({})).toThrow('input subnet is missing');
});

test('what is right comes with its defaults', () => {
  expect(check({ subnet: '172.20.0.0/16' })).toEqual({ subnet: '172.20.0.0/16', address: '172.20.0.100' });
});

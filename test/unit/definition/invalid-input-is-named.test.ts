import { expect, test } from 'vitest';
import { z } from 'zod';
import { checkInput } from '../../../src/definition/check-input.ts';

const input = z
  .object({ subnet: z.string().regex(/^[\d.]+\/\d\d$/, 'not a subnet'), address: z.string().default('172.20.0.100') })
  .superRefine(({ subnet }) => {
    // Represents a refinement that relies on valid members.
    if (!subnet.includes('/')) throw new Error(`"${subnet}" has no length`);
  });
const check = (raw: Record<string, string>) => checkInput({ name: 'lab', input }, raw);

test('an invalid input is reported by its name, before refinements of the whole object run', () => {
  expect(() => check({ subnet: 'none' })).toThrow('workflow lab: input subnet: not a subnet');
  expect(() => check({ subnet: 'none', more: 'x' })).toThrow('input subnet: not a subnet; unknown input "more"');
  expect(() => check({})).toThrow('input subnet is missing');
});

test('a valid input is returned with its defaults', () => {
  expect(check({ subnet: '172.20.0.0/16' })).toEqual({ subnet: '172.20.0.0/16', address: '172.20.0.100' });
});

import * as z from 'zod';

/** Describes a text that becomes an argument of a command: a process cannot be given a NUL. */
export function argument(most: number): z.ZodString {
  return z
    .string()
    .max(most)
    .refine((text) => !text.includes('\0'), 'it contains a NUL character');
}

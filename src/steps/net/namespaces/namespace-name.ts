import { z } from 'zod';

/** The name of a network namespace: a file name that `ip netns` cannot mistake for an option or a path. */
export const namespaceNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9_][\w.-]{0,63}$/, 'must have at most 64 letters, digits, and _ . - after the first');

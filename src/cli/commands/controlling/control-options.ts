import { z } from 'zod';

/** Options of the commands that send a request to a run. */
export const controlOptions = z.object({
  run: z.string(),
  comment: z.string().optional(),
  input: z.array(z.string()).default([]),
  inputFile: z.string().optional(),
  workflow: z.string().optional(),
  json: z.boolean().default(false),
});

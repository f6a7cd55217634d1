import { z } from 'zod';
import { placeInput } from '../place-handle.ts';

/** A program and its arguments as an array: no shell splits or expands anything. */
export const argvSchema = z.tuple([z.string().min(1)], z.string());

/** Input fields that both runners have. */
export const commandFields = {
  argv: argvSchema.describe('program and arguments; no shell'),
  cwd: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('working directory, relative to the one in which the run started; null is that directory'),
  in: placeInput,
  env: z.record(z.string(), z.string()).default({}).describe('variables added to the environment of wf'),
  expectExitCodes: z
    .array(z.number().int().min(0).max(255))
    .min(1)
    .default([0])
    .describe('exit codes that are not a failure'),
  timeoutMs: z.number().int().positive().default(60_000).describe('time-out in milliseconds, below 10 minutes'),
};

/** Result of a command; stdout and stderr are each cut after 64 KiB. */
export const resultSchema = z.object({
  exitCode: z.number().int().describe('exit code'),
  stdout: z.string().describe('standard output, at most 64 KiB'),
  stderr: z.string().describe('standard error, at most 64 KiB'),
  truncated: z.boolean().describe('whether output was cut'),
});
export type ExecResult = z.infer<typeof resultSchema>;

/** Longer than any usual time-out of a command, so that the input's own time-out decides. */
export const STEP_TIMEOUT_MS = 10 * 60_000;

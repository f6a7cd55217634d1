import { z } from 'zod';
import type { RetryPolicy } from '../../engine/workflow/step.ts';
import { placeHandleSchema, placeInput } from '../place-handle.ts';
import { filesField } from './command-files.ts';

/** Longest standard input in characters: the journal stores it with the input of the step. */
const MAX_STDIN = 1024 * 1024;

/** A program and its arguments as an array, without a shell that splits or expands them. */
export const argvSchema = z.tuple([z.string().min(1)], z.string());

/** An exit code of a program. */
const exitCode = z.number().int().min(0).max(255);
/** The exit codes that count as success. */
export const expectedExitCodes = z.array(exitCode).min(1).default([0]);

/** Failures after which the engine runs the step again; each attempt is journaled. */
const retrySchema = z
  .strictObject({
    exitCodes: z.array(exitCode).default([]).describe('exit codes to retry after'),
    contains: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe('text in the output to retry after, whatever the exit code'),
    attempts: z.number().int().min(2).max(1_000).default(3).describe('number of attempts, with the first one'),
    delayMs: z.number().int().min(0).default(1_000).describe('delay before the second attempt in milliseconds'),
    factor: z.number().min(1).default(2).describe('growth of each further delay'),
    maxDelayMs: z.number().int().min(0).default(60_000).describe('longest delay in milliseconds'),
  })
  .refine(({ exitCodes, contains }) => exitCodes.length > 0 || contains !== null, 'needs exitCodes or contains');
export type Retry = z.output<typeof retrySchema>;

/** A container in which the engine runs commands. */
const containerPlace = z.object({
  id: z.string(),
  name: z.string(),
  engine: z.string(),
  /** Null is the user of the container. */
  user: z.string().nullable(),
});
/** The place of a command: a network namespace, a container, or null for the host. */
export const commandPlaceSchema = z.union([placeHandleSchema, containerPlace]).nullable();
export type CommandPlace = z.output<typeof commandPlaceSchema>;
export type ContainerPlace = z.output<typeof containerPlace>;

/** Input fields of all runners that run a command, wherever it runs. */
export const plainFields = {
  argv: argvSchema.describe('program and arguments; no shell'),
  title: z
    .string()
    .min(1)
    .max(100)
    .nullable()
    .default(null)
    .describe('short name for people, in the ledger and in errors; null is the command line'),
  stdin: z.string().max(MAX_STDIN).nullable().default(null).describe('standard input of argv; null is empty'),
  expectExitCodes: expectedExitCodes.describe('exit codes that are not a failure'),
  timeoutMs: z.number().int().positive().default(60_000).describe('time-out in milliseconds, below 10 minutes'),
};

const { expectExitCodes, timeoutMs, ...given } = plainFields;
/** Input fields of all runners of `exec.*`. */
export const commandFields = {
  ...given,
  cwd: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('working directory, relative to the one in which the run started; null is that directory'),
  env: z.record(z.string(), z.string()).default({}).describe('variables added to the environment of wf'),
  ...filesField,
  in: placeInput,
  expectExitCodes,
  timeoutMs,
};

/** Input field of a runner whose step runs its command. */
export const retryField = retrySchema
  .nullable()
  .default(null)
  .describe('failures after which the step runs again; null leaves that to the retry policy of the step runner');

/** Input fields of a runner that can undo its command. */
export const undoFields = {
  check: argvSchema
    .nullable()
    .default(null)
    .describe('command that exits with 0 if the change is in place, and otherwise with another code'),
  undo: argvSchema
    .nullable()
    .default(null)
    .describe('command that undoes the change; it may run twice after an interruption'),
  undoEnv: z
    .record(z.string(), z.string())
    .nullable()
    .default(null)
    .describe('like `env`, for the undo command; null is `env`'),
};

/** Result of a command; stdout and stderr are each cut after 64 KiB. */
export const resultSchema = z.object({
  exitCode: z.number().int().describe('exit code'),
  stdout: z.string().describe('standard output, at most 64 KiB'),
  stderr: z.string().describe('standard error, at most 64 KiB'),
  truncated: z.boolean().describe('whether output was cut'),
});
export type ExecResult = z.infer<typeof resultSchema>;

/** Returns the policy of the engine for an input's retries. */
export function retryPolicyOf({ retry }: { readonly retry: Retry | null }): RetryPolicy | undefined {
  if (retry === null) return undefined;
  const { attempts, delayMs, factor, maxDelayMs } = retry;
  return { attempts, initialMs: delayMs, factor, maxMs: maxDelayMs };
}

/** Longer than any usual time-out of a command, so that the time-out of the input decides. */
export const STEP_TIMEOUT_MS = 10 * 60_000;

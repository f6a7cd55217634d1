import { z } from 'zod';

/** A program and its arguments, as an array: there is no shell that would split or expand anything. */
export const argvSchema = z.tuple([z.string().min(1)], z.string());

/** What both runners take of a command. */
export const commandFields = {
  argv: argvSchema,
  /** The folder it runs in; null is the one in which the run was started, from which a relative path counts, too. */
  cwd: z.string().min(1).nullable().default(null),
  /** Added to wf's own environment. */
  env: z.record(z.string(), z.string()).default({}),
  /** Any other exit code is a failure. */
  expectExitCodes: z.array(z.number().int().min(0).max(255)).min(1).default([0]),
  /** Milliseconds until the command is ended; the step's own time-out (10 minutes) has to be longer. */
  timeoutMs: z.number().int().positive().default(60_000),
};

/** How a command ended; each of stdout and stderr is cut after 64 KiB. */
export const resultSchema = z.object({
  exitCode: z.number().int(),
  stdout: z.string(),
  stderr: z.string(),
  truncated: z.boolean(),
});
export type ExecResult = z.infer<typeof resultSchema>;

/** Longer than any time-out that a command is likely to be given: the input's own is the one that decides. */
export const STEP_TIMEOUT_MS = 10 * 60_000;

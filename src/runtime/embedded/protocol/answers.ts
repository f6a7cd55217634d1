import { z } from 'zod';
import type { ImageInfo } from '../../../engine/ports/docker.ts';

const texts = z.array(z.string());

export const nothing = z.null();
export const id = z.string();
export const helloAnswer = z.object({ pid: z.number().int() });

export const imageAnswer: z.ZodType<ImageInfo> = z.object({
  id: z.string(),
  tags: texts,
  entrypoint: texts,
  command: texts,
  labels: z.record(z.string(), z.string()),
});

export const execAnswer = z.object({
  exitCode: z.number().int().nullable(),
  output: z.string(),
  timedOut: z.boolean(),
});

export const commandAnswer = z.object({
  end: z.discriminatedUnion('type', [
    z.object({ type: z.literal('exited'), exitCode: z.number().int() }),
    z.object({ type: z.literal('killed'), signal: z.string() }),
    z.object({ type: z.literal('timed-out') }),
    z.object({ type: z.literal('aborted') }),
  ]),
  stdout: z.string(),
  stderr: z.string(),
  truncated: z.boolean(),
});

const subjects = z.array(z.tuple([z.string(), z.json()]));

/** Settings that only a process inside the private host can read. */
export const settingsAnswer = z.object({
  sysctls: subjects,
  namespaces: subjects,
  ipv6: z.boolean(),
  legacyTables: z.object({ ipv4: z.string(), ipv6: z.string() }),
});
export type PrivateHostSettings = z.output<typeof settingsAnswer>;

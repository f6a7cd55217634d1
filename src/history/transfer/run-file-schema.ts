import * as z from 'zod/mini';
import { runIdSchema } from '../../engine/model/identity/identity-schemas.ts';
import { asDefinitionHash, asStepId } from '../../engine/model/ids.ts';
import { journalEvent } from '../rows/journal-row.ts';
import { json, jsonObject } from '../rows/parse-row.ts';
import { runOptions } from '../rows/run-row.ts';

/** Format of a run file. The version rises with each change that an earlier wf could not read. */
export const FORMAT = 'wf.run';
export const VERSION = 1;

/** The greatest time that a Date can hold, in milliseconds since the epoch (ECMAScript, 21.4.1.1). */
const LAST_MOMENT = 8.64e15;

export type RunFileSchemas = ReturnType<typeof runFileSchemas>;

/** Creates the schemas: only an import needs them. */
export function runFileSchemas() {
  const moment = z.int().check(z.minimum(0), z.maximum(LAST_MOMENT));
  // A terminal would obey control characters.
  const name = z.string().check(z.minLength(1), z.maxLength(255), z.regex(/^\P{Cc}+$/u, 'not a name'));
  const hash = z.string().check(z.regex(/^[0-9a-f]{64}$/));
  const count = z.int().check(z.minimum(0));
  const file = z.strictObject({
    format: z.literal(FORMAT),
    version: z.literal(VERSION),
    machine: name,
    run: z.strictObject({
      id: runIdSchema(),
      workflow: name,
      definitionHash: z.pipe(hash, z.transform(asDefinitionHash)),
      runtime: z.enum(['docker', 'embedded']),
      input: jsonObject(),
      options: z.catchall(runOptions(), z.never()),
      createdAt: moment,
    }),
    definitions: z.array(z.strictObject({ hash, definition: json() })),
    journal: z.array(z.strictObject({ seq: z.int(), at: moment, event: journalEvent() })),
    evidence: z.array(
      z.strictObject({
        step: z.pipe(name, z.transform(asStepId)),
        attempt: count,
        command: z.string(),
        output: z.string(),
        exitCode: z.nullable(z.int()),
        startedAt: moment,
        // Negative if the clock was set back.
        durationMs: z.number(),
      }),
    ),
    fingerprints: z.array(z.strictObject({ hash, fingerprint: jsonObject() })),
  });
  /** Stricter schemas for members of events, by name. */
  const members: Readonly<Record<string, z.ZodMiniType>> = {
    ...Object.fromEntries(
      ['step', 'invoke', 'actor', 'kind', 'host', 'stage', 'timer', 'signal'].map((key) => [key, name]),
    ),
    stages: z.array(name),
    attempt: count,
    retryAt: moment,
    deadline: moment,
  };
  return { file, members };
}

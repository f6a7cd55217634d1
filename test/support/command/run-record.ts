import { z } from 'zod';

/**
 * The run record that the documentation promises to programs, with exactly these fields. A second copy, so that a change of the
 * contract is noticed.
 */
const errorSchema = z.strictObject({ code: z.string().regex(/^E_[A-Z_]+$/), message: z.string(), hint: z.string() });

const statusSchema = z.enum([
  'running',
  'waiting',
  'paused',
  'interrupted',
  'unconfirmed',
  'rolling-back',
  'succeeded',
  'failed',
  'rolled-back',
  'needs-attention',
]);

const summary = {
  id: z.string(),
  workflow: z.string(),
  definitionHash: z.string().regex(/^[0-9a-f]{64}$/),
  status: statusSchema,
  runtime: z.enum(['docker', 'embedded']),
  input: z.record(z.string(), z.unknown()),
  output: z.unknown(),
  createdAt: z.iso.datetime(),
  startedAt: z.iso.datetime().nullable(),
  finishedAt: z.iso.datetime().nullable(),
  durationMs: z.number().nonnegative().nullable(),
  waitingFor: z
    .strictObject({
      events: z.array(z.strictObject({ type: z.string(), data: z.unknown() })),
      timers: z.array(z.strictObject({ name: z.string(), deadline: z.iso.datetime() })),
      confirm: z.strictObject({ deadline: z.iso.datetime() }).nullable(),
      ask: z
        .strictObject({
          title: z.string(),
          text: z.string(),
          events: z.record(z.string(), z.strictObject({ label: z.string() })),
        })
        .optional(),
    })
    .nullable(),
  plan: z.string().nullable(),
  error: errorSchema.nullable(),
  retryOf: z.string().optional(),
  retriedAs: z.string().optional(),
  resume: z.literal('auto').optional(),
};

const changeSchema = z.strictObject({
  seq: z.number().int().positive(),
  step: z.string(),
  kind: z.string(),
  target: z.string(),
  title: z.string().optional(),
  host: z.string().optional(),
  status: z.enum(['intended', 'applied', 'reverted', 'gone', 'kept', 'stuck']),
  reason: z.string().nullable(),
  undo: z.array(z.string()),
});

const differenceSchema = z.strictObject({
  subject: z.string(),
  difference: z.enum(['added', 'removed', 'altered']),
  before: z.string().nullable(),
  after: z.string().nullable(),
  owner: z.enum(['run', 'docker', 'other', 'unknown']),
  reason: z.string(),
});

/** The output of `start` and `show` with `--json`. */
export const runRecordSchema = z.strictObject({
  ...summary,
  stages: z.array(
    z.strictObject({
      name: z.string(),
      status: z.enum(['pending', 'running', 'succeeded', 'failed', 'skipped', 'interrupted']),
      durationMs: z.number().nullable(),
    }),
  ),
  steps: z.array(
    z.strictObject({
      id: z.string(),
      stage: z.string(),
      kind: z.string(),
      host: z.string().optional(),
      status: z.enum(['running', 'retrying', 'succeeded', 'failed', 'stopped', 'interrupted', 'pending']),
      attempts: z.number().int().nonnegative(),
      startedAt: z.iso.datetime(),
      durationMs: z.number().nonnegative().nullable(),
      output: z.unknown(),
      error: errorSchema.nullable(),
    }),
  ),
  changes: z.array(changeSchema),
  proofs: z.array(z.strictObject({ claim: z.string(), figures: z.string() })),
  requests: z.array(
    z.strictObject({
      at: z.iso.datetime(),
      by: z.strictObject({ user: z.string(), sudoUser: z.string().nullable(), host: z.string() }),
      kind: z.enum(['send', 'pause', 'cancel', 'confirm', 'retry', 'settle']),
      event: z.looseObject({ type: z.string() }).nullable(),
      comment: z.string().nullable(),
      outcome: z
        .discriminatedUnion('type', [
          z.strictObject({ type: z.literal('handled') }),
          z.strictObject({ type: z.literal('refused'), error: errorSchema }),
        ])
        .nullable(),
    }),
  ),
  verification: z
    .strictObject({
      restored: z.boolean(),
      residues: z.array(differenceSchema),
      unexplained: z.array(differenceSchema),
      drift: z.array(differenceSchema),
      notCompared: z.array(z.strictObject({ subject: z.string(), reason: z.string() })),
    })
    .nullable(),
});
export type RunRecord = z.infer<typeof runRecordSchema>;

/** The output of `runs` with `--json`. */
export const runSummariesSchema = z.array(z.strictObject({ ...summary, changesInPlace: z.number().int() }));

/** The output of `changes` with `--json`. */
export const standingChangesSchema = z.array(changeSchema.extend({ run: z.string(), workflow: z.string() }).strict());

/** The output of `logs` with `--json`. */
export const logsSchema = z.array(
  z.strictObject({
    stage: z.string(),
    step: z.string(),
    attempt: z.number().int(),
    command: z.string(),
    output: z.string(),
    exitCode: z.number().int().nullable(),
    startedAt: z.iso.datetime(),
    durationMs: z.number(),
  }),
);

/** The output of every command with `--json` if it fails before a run exists. */
export const refusalSchema = z.strictObject({ error: errorSchema });

import { z } from 'zod';

/** The document that `--plan`, `--dry-run` and `wf plans PLAN` print with `--json`: a second copy of the contract. */
export const planSchema = z.strictObject({
  id: z.string().nullable(),
  createdAt: z.iso.datetime().nullable(),
  workflow: z.string(),
  file: z.string().nullable(),
  definitionHash: z.string().regex(/^[0-9a-f]{64}$/),
  run: z.string().nullable(),
  usedBy: z.string().nullable(),
  runtime: z.enum(['docker', 'embedded']),
  input: z.record(z.string(), z.unknown()),
  onFailure: z.enum(['rollback', 'keep']),
  pauseAfter: z.string().nullable(),
  confirm: z
    .strictObject({
      withinMs: z.number(),
      applyWithinMs: z.number(),
      newSession: z.boolean(),
      probe: z.string().nullable(),
      guard: z.boolean(),
    })
    .nullable(),
  resume: z.literal('auto').nullable(),
  notify: z.array(z.string()).nullable(),
  secrets: z.record(z.string(), z.string().nullable()),
  place: z
    .strictObject({
      bootId: z.string(),
      networkNamespace: z.strictObject({ inode: z.number(), name: z.string().nullable() }),
      pidNamespace: z.string(),
      folder: z.string(),
      user: z.number(),
      engine: z.string().nullable(),
    })
    .nullable(),
  steps: z.array(
    z.strictObject({
      step: z.string(),
      stage: z.string(),
      kind: z.string(),
      changes: z.boolean(),
      commands: z.array(z.string()),
      inputFrom: z.array(z.string()),
      onlyIf: z.array(z.string()),
      observed: z
        .strictObject({
          found: z.enum(['absent', 'partial', 'ours', 'unchanged', 'foreign', 'unknown']),
          target: z.string().nullable(),
          error: z.strictObject({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
        })
        .nullable(),
    }),
  ),
});

import * as z from 'zod';
import { journalEvent } from '../../../history/rows/journal-row.ts';
import type { EvidenceRecord } from '../../../review/record/evidence-record.ts';
import { schemaOf } from './described.ts';
import { momentSchema } from './json.ts';

export const evidenceSchema = schemaOf<EvidenceRecord>()(
  z
    .strictObject({
      stage: z.string().nullable(),
      step: z.string(),
      attempt: z.number().int().nonnegative().meta({ description: 'from 1; 0 for the undo of a change of the step' }),
      command: z.string(),
      output: z.string(),
      exitCode: z.number().int().nullable(),
      startedAt: momentSchema,
      durationMs: z.number(),
    })
    .meta({ id: 'Evidence' }),
);

/** An entry of a journal, as the database and the file of `wf export` store it. */
export const journalEntrySchema = z
  .strictObject({
    seq: z.number().int().positive(),
    at: z.number().int().meta({ description: 'milliseconds since the epoch' }),
    event: journalEvent(),
  })
  .meta({ id: 'JournalEntry' });

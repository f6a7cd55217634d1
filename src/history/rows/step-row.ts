import * as z from 'zod/mini';
import { errorRecordSchema } from '../../engine/model/error-schema.ts';
import { asStepId } from '../../engine/model/ids.ts';
import { lazy } from '../../engine/model/lazy.ts';
import { STEP_STATUSES, type StoredStep } from '../../engine/ports/history.ts';
import { jsonText } from './parse-row.ts';

export const STEP_COLUMNS = 'id, stage, kind, host, status, attempts, input, output, error, started_at, finished_at';

/** A step, of the columns {@link STEP_COLUMNS}. */
export const stepRow = lazy(() =>
  z.pipe(
    z.object({
      id: z.pipe(z.string(), z.transform(asStepId)),
      stage: z.string(),
      kind: z.string(),
      host: z.nullable(z.string()),
      status: z.enum(STEP_STATUSES),
      attempts: z.number(),
      input: jsonText(),
      output: z.nullable(jsonText()),
      error: z.nullable(z.pipe(jsonText(), errorRecordSchema())),
      started_at: z.number(),
      finished_at: z.nullable(z.number()),
    }),
    z.transform(
      ({ started_at: startedAt, finished_at: finishedAt, host, ...row }): StoredStep => ({
        ...row,
        ...(host === null ? {} : { host }),
        startedAt,
        finishedAt,
      }),
    ),
  ),
);

import * as z from 'zod/mini';
import { type ErrorCode, isErrorCode } from './errors.ts';
import { lazy } from './lazy.ts';

/** An error as it is journaled and printed. */
export const errorRecordSchema = lazy(() =>
  z.strictObject({
    code: z.custom<ErrorCode>((value) => typeof value === 'string' && isErrorCode(value)),
    message: z.string(),
    hint: z.string(),
  }),
);

import * as z from 'zod';
import { type ErrorCode, type ErrorRecord, isErrorCode } from '../../../engine/model/errors.ts';
import { schemaOf } from './described.ts';

export const errorSchema = schemaOf<ErrorRecord>()(
  z
    .strictObject({
      code: z
        .custom<ErrorCode>((value) => typeof value === 'string' && isErrorCode(value))
        .meta({ type: 'string', pattern: '^E_[A-Z_]+$', description: 'a stable code' }),
      message: z.string().meta({ description: 'the facts, with their names' }),
      hint: z.string().meta({ description: 'the next thing to do' }),
    })
    .meta({ id: 'Error' }),
);

/** The answer to a request that is refused, or whose command failed. */
export const refusalSchema = z.strictObject({ error: errorSchema }).meta({ id: 'Refusal' });

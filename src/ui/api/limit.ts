import * as z from 'zod';

/** Describes the maximum number of items in one answer. @param usual the default */
export function limitSchema(description: string, most = 200, usual = 100) {
  return z.coerce.number().int().positive().max(most).default(usual).meta({ description });
}

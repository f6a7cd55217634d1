import * as z from 'zod';

/** Describes the number of items of one answer. @param usual the number unless the request has another one */
export function limitSchema(description: string, most = 200, usual = 100) {
  return z.coerce.number().int().positive().max(most).default(usual).meta({ description });
}

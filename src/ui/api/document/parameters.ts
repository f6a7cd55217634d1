import * as z from 'zod';
import type { SchemaWriter } from './json-schemas.ts';

/** Describes the parameters of a path or a query. */
export function parameters(fields: z.ZodObject, where: 'path' | 'query', schemas: SchemaWriter): readonly unknown[] {
  return Object.entries(fields.shape).map(([name, field]) => {
    const { description, ...schema } = schemas.request(field);
    return {
      name,
      in: where,
      required: where === 'path' || !z.safeParse(field, undefined).success,
      ...(description === undefined ? {} : { description }),
      schema,
    };
  });
}
